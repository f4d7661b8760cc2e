"""What the workers do: fetch by id, call, record. Every task may be delivered twice."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from celery import current_app, shared_task
from celery.signals import worker_ready
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from kombu.exceptions import OperationalError as BrokerError

from faces.exceptions import UnavailableError
from faces.models import Gallery, Job, Photo, SearchPlan
from faces.portions import encode_portion, portions, read_ahead
from faces.services.gallery_noise import measure_noise
from faces.services.jobs import end_silent_jobs, follow_photos, retry_job
from faces.services.photos import remove_orphan_files
from faces.services.queueing import LEASE, batches_to_send, forget_sent, recover_photos, renew_lease
from faces.services.recall import forget_old_counts
from faces.services.recall_sample import sample_recall
from faces.services.tending import tend
from faces.services.working import Work, jobs_to_send, perform, recover_jobs, retry_work

logger = logging.getLogger(__name__)

ENCODE_QUEUE = "encode"
"""Where the settings route `encode_photos` to."""


def work_of(kind: str) -> Work:
    """Return what is done for a kind of job that a worker does; `JOB_WORK` in the settings names it."""
    work: Work = import_string(settings.JOB_WORK[kind])
    return work


def encoding_workers(timeout_s: float = 3.0) -> int:
    """Return how many workers of the encode queue answer within this time; one that is at work may not.

    Raises:
        UnavailableError: the broker cannot be reached.
    """
    try:
        answers = current_app.control.inspect(timeout=timeout_s).active_queues() or {}
    except BrokerError as error:
        raise UnavailableError("The broker cannot be reached.") from error
    return sum(any(queue["name"] == ENCODE_QUEUE for queue in queues) for queues in answers.values())


def send_photos(ids: Sequence[int] | None = None) -> None:
    """Send waiting photos to the workers once the present transaction is committed; without ids, all that seem lost."""
    transaction.on_commit(partial(_send, ids))


def _send(ids: Sequence[int] | None) -> None:
    batches = batches_to_send(ids)
    for index, batch in enumerate(batches):
        try:
            encode_photos.delay(batch)
        except BrokerError:
            # The photos are safe: the rows still say that they wait, and the next sweep sends them again.
            logger.warning("The broker cannot be reached; %d batches of photos wait for it", len(batches) - index)
            forget_sent([pk for later in batches[index:] for pk in later])
            return


@shared_task(name="faces.tasks.encode_photos")
def encode_photos(photo_ids: list[int]) -> None:
    """Encode those of these photos that nobody else holds, and enroll the faces of portraits."""
    _, photos = Photo.claim_batch(photo_ids, until=timezone.now() + LEASE)
    for portion in read_ahead(portions(photos)):
        renew_lease(photos)
        encode_portion(portion)
    for job in Job.objects.filter(pk__in={photo.job_id for photo in photos if photo.job_id}):
        follow_photos(job=job)


@worker_ready.connect
def send_what_waits(sender: Any, **_: object) -> None:
    """Send all waiting photos anew when a worker of their queue starts.

    Messages that a killed worker had taken and not begun stay invisible for as long as the broker gives a task; the
    photos in them should not wait for that.
    """
    if ENCODE_QUEUE in sender.app.amqp.queues.consume_from:
        _send(list(Photo.objects.waiting().values_list("pk", flat=True)))


@shared_task(name="faces.tasks.sweep_photos")
def sweep_photos() -> None:
    """Keep the promise that every accepted photo is encoded: take photos back from dead workers, send what waits."""
    recovered = recover_photos()
    if recovered:
        logger.warning("Took %d photos back from workers that vanished", recovered)
    end_silent_jobs()
    followed = Job.objects.exclude(kind__in=Job.DONE_BY_A_WORKER)
    for job in followed.filter(state=Job.State.RUNNING, inputs_complete=True):
        follow_photos(job=job)
    send_photos()


@shared_task(name="faces.tasks.sweep_files")
def sweep_files() -> None:
    """Remove files that no photo owns: a process was killed between writing a file and its row."""
    removed = remove_orphan_files(older_than=timedelta(hours=1))
    if removed:
        logger.warning("Removed %d files that no photo owned", removed)


def send_jobs() -> None:
    """Send jobs that wait for a worker once the present transaction is committed."""
    transaction.on_commit(_send_jobs)


def _send_jobs() -> None:
    ids = jobs_to_send()
    kinds = dict(Job.objects.filter(pk__in=ids).values_list("pk", "kind"))
    for index, pk in enumerate(ids):
        try:
            perform_job.apply_async((pk,), queue=settings.JOB_QUEUES.get(kinds[pk], settings.CELERY_TASK_DEFAULT_QUEUE))
        except BrokerError:
            # The jobs are safe: the rows still say that they wait, and the next sweep sends them again.
            logger.warning("The broker cannot be reached; %d jobs wait for it", len(ids) - index)
            return


def try_again(job: Job) -> int:
    """Put back in the queue what of a finished job failed or was set aside, and send it after the commit.

    Returns:
        How many photos; 0 for a job that a worker does as a whole.

    Raises:
        WrongStateError: the job is not finished, or nothing of it failed or was set aside.
        ConflictError: another job of its kind is under way.
    """
    if not job.follows_photos:
        retry_work(job=job)
        send_jobs()
        return 0
    ids = retry_job(job=job)
    send_photos(ids)
    return len(ids)


@shared_task(name="faces.tasks.perform_job")
def perform_job(job_id: int) -> None:
    """Do a queued job, unless somebody else has begun it."""
    job = Job.objects.select_related("gallery__encoder_version").filter(pk=job_id).first()
    if job is not None:
        perform(job=job, work=work_of(job.kind))


@shared_task(name="faces.tasks.sweep_jobs")
def sweep_jobs() -> None:
    """Take jobs back from dead workers, and send what waits."""
    recovered = recover_jobs()
    if recovered:
        logger.warning("Took %d jobs back from workers that vanished", recovered)
    send_jobs()


@shared_task(name="faces.tasks.tend_indexes")
def tend_indexes(*, is_thorough: bool = False) -> None:
    """See to it that every gallery has the index it wants, and no other; a thorough round counts what was deleted."""
    tended = tend(is_thorough=is_thorough)
    if tended.forgotten:
        logger.warning("%d indexes were gone or broken; their galleries are scanned exactly", tended.forgotten)
    if tended.given_up or tended.dropped:
        logger.info("Gave %d indexes up and dropped %d", tended.given_up, tended.dropped)
    if tended.requested is not None:
        send_jobs()


@shared_task(name="faces.tasks.measure_searches")
def measure_searches() -> None:
    """Have every gallery measured: how far its people scatter, and what its index misses."""
    forget_old_counts()
    for pk in Gallery.objects.order_by("pk").values_list("pk", flat=True):
        try:
            measure_gallery.delay(pk)
        except BrokerError:
            logger.warning("The broker cannot be reached; searches are measured another night")
            return


@shared_task(name="faces.tasks.measure_gallery")
def measure_gallery(gallery_id: int) -> None:
    """Measure one gallery as it is searched now; delivered twice, twice as much is measured."""
    gallery = Gallery.objects.select_related("encoder_version").filter(pk=gallery_id).first()
    if gallery is None:
        return
    measure_noise(gallery=gallery)
    plan = SearchPlan.objects.filter(gallery=gallery, encoder_version=gallery.encoder_version).first()
    if plan is not None:
        sample_recall(plan=plan)
