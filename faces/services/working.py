"""Jobs that one worker does: asked for, claimed, reported on, and taken back from workers that vanished.

The row is the truth. A message only says "look at this job"; whoever looks first claims it by a conditional UPDATE.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TypeAlias

from django.contrib.auth.models import User
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, Q
from django.utils import timezone

from faces.exceptions import ConflictError, FacetError, JobCancelledError, WrongStateError
from faces.models import Gallery, Job

logger = logging.getLogger(__name__)

Work: TypeAlias = Callable[[Job], Mapping[str, object]]
"""Does what a job asks for and returns what it came to (counts and numbers, no names). It calls `job.report` at least
every half minute and raises JobCancelledError when that answers False. After a kill at any point it is run again."""

Show: TypeAlias = Callable[[int, int, str], None]
"""Told how much is done, of how much, and what is being done."""

SILENCE = timedelta(minutes=2)
"""A running job that was not heard of for this long has lost its worker."""

UNANSWERED = timedelta(minutes=1)
"""A queued job whose message was not answered for this long is sent again. A second delivery does no harm."""

MAX_ATTEMPTS = 4
"""A job that took its worker down this often is not begun again by itself."""


def unseen(_done: int, _total: int, _note: str) -> None:
    """Be told of progress where nobody watches."""


def request_work(
    *,
    gallery: Gallery,
    kind: Job.Kind,
    title: str,
    parameters: Mapping[str, object] | None = None,
    user: User | None = None,
) -> Job:
    """Queue a job for a worker; the caller sends it after the commit.

    Raises:
        ConflictError: the gallery has an unfinished job of this kind.
    """
    with transaction.atomic():
        Gallery.objects.select_for_update(no_key=True).get(pk=gallery.pk)
        under_way = Job.objects.unfinished().filter(gallery=gallery, kind=kind).first()
        if under_way is not None:
            raise ConflictError(
                f"“{under_way.title}” is under way already. Wait for it, or cancel it first.", job=str(under_way.key)
            )
        return Job.objects.create(
            gallery=gallery,
            kind=kind,
            title=title[:300],
            parameters=dict(parameters or {}),
            inputs_complete=True,
            created_by=user,
        )


def perform(*, job: Job, work: Work) -> bool:
    """Claim a queued job and do it to its end; returns whether it was this caller who did.

    Raises:
        OperationalError, InterfaceError: the database is away; the job is taken back and begun again later.
    """
    if not _claim(job):
        return False
    try:
        result = work(job)
    except JobCancelledError:
        _end(job, Job.State.CANCELLED)
    except (OperationalError, InterfaceError):
        raise
    except FacetError as error:
        _end(job, Job.State.FAILED, error=error.detail)
    except Exception as error:
        logger.exception("A job failed", extra={"job": job.pk, "kind": job.kind})
        _end(job, Job.State.FAILED, error=f"It went wrong: {type(error).__name__}. The log has the details.")
    else:
        Job.objects.filter(pk=job.pk, state=Job.State.RUNNING).update(result=dict(result), done=F("total"))
        _end(job, Job.State.SUCCEEDED)
    return True


def _claim(job: Job) -> bool:
    claimed = Job.objects.filter(pk=job.pk, state=Job.State.QUEUED).update(
        state=Job.State.RUNNING,
        attempts=F("attempts") + 1,
        started_at=timezone.now(),
        heartbeat_at=timezone.now(),
        error="",
    )
    job.refresh_from_db()
    return bool(claimed)


def _end(job: Job, state: Job.State, *, error: str = "") -> None:
    try:
        job.move_to(state, error=error)
    except (WrongStateError, Job.DoesNotExist):
        # Somebody else ended it, or it is gone with its gallery.
        logger.warning("A job was ended by somebody else meanwhile", extra={"job": job.pk, "kind": job.kind})


def jobs_to_send() -> list[int]:
    """Mark queued jobs whose message was never sent, or seems lost, as sent; returns their ids."""
    lost = Q(heartbeat_at__isnull=True) | Q(heartbeat_at__lt=timezone.now() - UNANSWERED)
    waiting = Job.objects.filter(lost, state=Job.State.QUEUED, kind__in=Job.DONE_BY_A_WORKER)
    ids = list(waiting.order_by("pk").values_list("pk", flat=True))
    Job.objects.filter(pk__in=ids, state=Job.State.QUEUED).update(heartbeat_at=timezone.now())
    return ids


def recover_jobs() -> int:
    """Take jobs back from workers that vanished; returns how many wait again.

    One that was cancelled meanwhile is cancelled; one that was begun `MAX_ATTEMPTS` times fails with an error.
    """
    lost = Job.objects.filter(
        state=Job.State.RUNNING, kind__in=Job.DONE_BY_A_WORKER, heartbeat_at__lt=timezone.now() - SILENCE
    )
    recovered = 0
    for job in lost:
        if job.cancel_requested_at is not None:
            _end(job, Job.State.CANCELLED)
        elif job.attempts >= MAX_ATTEMPTS:
            _end(job, Job.State.FAILED, error=f"{MAX_ATTEMPTS} workers stopped while they did it.")
        else:
            recovered += Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, heartbeat_at=job.heartbeat_at).update(
                state=Job.State.QUEUED, heartbeat_at=None
            )
    return recovered


def retry_work(*, job: Job) -> Job:
    """Queue a failed or cancelled job of a gallery again; the caller sends it after the commit.

    Raises:
        WrongStateError: it neither failed nor was cancelled.
        ConflictError: another one of its kind is under way.
    """
    with transaction.atomic():
        list(Gallery.objects.select_for_update(no_key=True).filter(jobs=job).values_list("pk"))
        if Job.objects.unfinished().filter(gallery=job.gallery_id, kind=job.kind).exclude(pk=job.pk).exists():
            raise ConflictError("Another job of this kind is under way. Wait for it, or cancel it first.")
        job.move_to(Job.State.QUEUED)
        Job.objects.filter(pk=job.pk).update(attempts=0, done=0, total=0, note="", heartbeat_at=None)
    job.refresh_from_db()
    return job
