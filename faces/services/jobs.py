"""Long work: begun, followed, cancelled and tried again."""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from faces.exceptions import WrongStateError
from faces.models import Gallery, Job, Photo

SILENCE = timedelta(minutes=5)
"""A job that takes in photos and was not heard of for this long has lost its process."""


@transaction.atomic
def begin_job(*, gallery: Gallery, kind: Job.Kind, title: str, user: User | None = None) -> Job:
    """Open a job that photos can be added to, and set it running."""
    job = Job.objects.create(gallery=gallery, kind=kind, title=title[:300], created_by=user)
    job.move_to(Job.State.RUNNING)
    return job


@transaction.atomic
def count_inputs(*, job: Job, new: int, known: int, refused: Mapping[str, int]) -> Job:
    """Add to what the taking-in of photos came to so far; `refused` counts by code.

    Several requests of one upload may do so at the same time.

    Raises:
        WrongStateError: the job takes in nothing more: it was cancelled, has ended, or its inputs are complete.
    """
    locked = Job.objects.select_for_update().get(pk=job.pk)
    ensure_takes_in(job=locked)
    so_far = locked.result
    result = {
        "new": so_far.get("new", 0) + new,
        "known": so_far.get("known", 0) + known,
        "refused": dict(Counter(so_far.get("refused", {})) + Counter(refused)),
    }
    Job.objects.filter(pk=job.pk).update(result=result)
    return follow_photos(job=job)


def ensure_takes_in(*, job: Job) -> None:
    """Make sure that photos can still be added to a job.

    Raises:
        WrongStateError: it was cancelled, has ended, or is known to have all its photos.
    """
    if job.state != Job.State.RUNNING or job.inputs_complete or job.cancel_requested_at:
        raise WrongStateError("This upload has ended and takes in no more photos. Begin another one.", state=job.state)


def complete_inputs(*, job: Job, result: dict[str, object]) -> Job:
    """Say that no more photos will be added; `result` is what the taking-in came to (counts by reason, no names)."""
    Job.objects.filter(pk=job.pk).update(inputs_complete=True, result=result, heartbeat_at=timezone.now())
    return follow_photos(job=job)


def follow_photos(*, job: Job) -> Job:
    """Bring a job's progress up to date with its photos, and end it when the last one is finished."""
    counts = Photo.objects.filter(job=job).aggregate(
        total=Count("id"),
        done=Count("id", filter=Q(state__in=Photo.FINISHED)),
        failed=Count("id", filter=Q(state=Photo.State.FAILED)),
    )
    Job.objects.filter(pk=job.pk).update(done=counts["done"], total=counts["total"], heartbeat_at=timezone.now())
    job.refresh_from_db()
    if job.state == Job.State.RUNNING and job.inputs_complete and counts["done"] == counts["total"]:
        try:
            if counts["failed"]:
                job.move_to(Job.State.FAILED, error=f"{counts['failed']} photos failed. Retry sends them again.")
            else:
                job.move_to(Job.State.CANCELLED if job.cancel_requested_at else Job.State.SUCCEEDED)
        except WrongStateError:
            job.refresh_from_db()  # another worker finished the last photo at the same moment and ended the job
    return job


@transaction.atomic
def cancel_job(*, job: Job) -> Job:
    """Stop a job: what no worker has begun is set aside (retry brings it back), what one does ends soon.

    Raises:
        WrongStateError: it is finished.
    """
    asked = Job.objects.filter(pk=job.pk, state__in=(Job.State.QUEUED, Job.State.RUNNING)).update(
        cancel_requested_at=timezone.now()
    )
    if not asked:
        job.refresh_from_db()
        raise WrongStateError(
            f"The job is {job.get_state_display().lower()}; there is nothing to cancel.", state=job.state
        )
    job.refresh_from_db()
    if not job.follows_photos:
        if job.state == Job.State.QUEUED:
            job.move_to(Job.State.CANCELLED)
        return job
    Photo.objects.filter(job=job, state=Photo.State.PENDING).update(
        state=Photo.State.REJECTED, reason="cancelled", sent_at=None, finished_at=timezone.now()
    )
    return follow_photos(job=job)


@transaction.atomic
def retry_job(*, job: Job) -> list[int]:
    """Put a job's failed and set-aside photos back in the queue.

    Returns:
        Their ids, for the caller to send after the commit.

    Raises:
        WrongStateError: the job is not finished, or none of its photos failed or was set aside.
    """
    again = Photo.objects.filter(job=job).to_try_again()
    ids = list(again.values_list("pk", flat=True))
    if not job.is_finished or not ids:
        raise WrongStateError(
            "Only a finished job with failed or cancelled photos can be tried again.", state=job.state
        )
    Photo.objects.filter(pk__in=ids).update(
        state=Photo.State.PENDING, reason="", error="", attempts=0, sent_at=None, finished_at=None
    )
    job.move_to(Job.State.RUNNING)
    follow_photos(job=job)
    return ids


def end_silent_jobs() -> int:
    """Fail jobs whose process vanished while it took photos in; what it took in is encoded all the same."""
    lost = Job.objects.filter(state=Job.State.RUNNING, inputs_complete=False, heartbeat_at__lt=timezone.now() - SILENCE)
    ended = 0
    for job in lost:
        try:
            job.move_to(
                Job.State.FAILED,
                error="It was interrupted while photos were taken in. Start it again: it goes on where it stopped.",
            )
            ended += 1
        except WrongStateError:
            continue  # it was heard of in this very moment
    return ended
