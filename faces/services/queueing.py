"""Which photos wait for a worker. The rows are the truth; messages in the broker are only reminders of them."""

from collections.abc import Sequence
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from faces.models import Photo

BATCH = 32
"""Photos in one task: two portions, of which the second is read while the first is encoded."""

MAX_ATTEMPTS = 4
"""A photo that took its worker down this often is not tried again by itself."""

RESEND_AFTER = timedelta(minutes=10)
"""How long a message may stay unanswered before it is taken for lost. A second delivery does no harm."""

LEASE = timedelta(minutes=2)
"""How long a worker may hold a batch without renewing its claim."""


def batches_to_send(ids: Sequence[int] | None = None) -> list[list[int]]:
    """Mark waiting photos as sent and return them in batches, one for each task.

    A photo that was tried before goes alone: if it takes its worker down again, no other photo suffers.

    Args:
        ids: these photos, as far as they wait; None for all whose message was never sent or seems lost.
    """
    waiting = Photo.objects.waiting()
    if ids is None:
        lost = Q(sent_at__isnull=True) | Q(sent_at__lt=timezone.now() - RESEND_AFTER)
        rows = list(waiting.filter(lost).order_by("pk").values_list("pk", "attempts"))
    else:
        rows = list(waiting.filter(pk__in=ids).order_by("pk").values_list("pk", "attempts"))
    Photo.objects.waiting().filter(pk__in=[pk for pk, _ in rows]).update(sent_at=timezone.now())
    fresh = [pk for pk, attempts in rows if attempts == 0]
    alone = [[pk] for pk, attempts in rows if attempts > 0]
    return [fresh[start : start + BATCH] for start in range(0, len(fresh), BATCH)] + alone


def forget_sent(ids: Sequence[int]) -> None:
    """Say that no message for these photos went out after all."""
    Photo.objects.waiting().filter(pk__in=ids).update(sent_at=None)


def recover_photos() -> int:
    """Take photos back from workers that vanished; returns how many wait again.

    A photo that was tried `MAX_ATTEMPTS` times fails with an error instead.
    """
    lapsed = Photo.objects.with_lapsed_lease()
    lapsed.filter(attempts__gte=MAX_ATTEMPTS).update(
        state=Photo.State.FAILED,
        error=f"{MAX_ATTEMPTS} workers stopped while they encoded it.",
        claim=None,
        leased_until=None,
        sent_at=None,
        finished_at=timezone.now(),
    )
    return Photo.release_lapsed()


def renew_lease(photos: Sequence[Photo]) -> None:
    """Say that the worker is alive and still at these photos."""
    Photo.objects.filter(
        pk__in=[photo.pk for photo in photos],
        claim__in={photo.claim for photo in photos},
        state=Photo.State.ENCODING,
    ).update(leased_until=timezone.now() + LEASE)
