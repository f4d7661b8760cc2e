"""Waiting for the workers: until they are done, or there is nothing to wait for."""

from datetime import timedelta

import pytest
from django.utils import timezone

from faces.management import waiting
from faces.management.waiting import WaitingEnd, wait_for_workers
from faces.models import Job, Photo
from faces.services.jobs import cancel_job
from faces.services.queueing import LEASE
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for the workers at once."""
    monkeypatch.setattr(waiting, "QUIET_SECONDS", 0.0)
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0.0)


@pytest.fixture
def job() -> Job:
    job = factories.job(kind=Job.Kind.IMPORT)
    factories.photo(gallery=job.gallery, job=job)
    factories.photo(gallery=job.gallery, job=job, state=Photo.State.PENDING)
    return job


def unseen(done: int, total: int) -> None:
    """Progress that nobody looks at."""


def test_a_job_whose_photos_are_all_finished_is_done(job: Job) -> None:
    Photo.objects.update(state=Photo.State.READY)
    seen: list[tuple[int, int]] = []

    assert wait_for_workers(job, lambda done, total: seen.append((done, total))) is WaitingEnd.DONE
    assert seen == [(2, 2)]


def test_a_job_without_photos_is_done(job: Job) -> None:
    Photo.objects.all().delete()

    assert wait_for_workers(job, unseen) is WaitingEnd.DONE


def test_a_cancelled_job_is_not_waited_for_although_a_worker_still_holds_a_photo(job: Job) -> None:
    _, held = Photo.claim_batch(list(Photo.objects.values_list("pk", flat=True)), until=timezone.now() + LEASE)
    assert len(held) == 1
    cancel_job(job=job)

    assert wait_for_workers(job, unseen) is WaitingEnd.CANCELLED


def test_where_nothing_moves_and_nobody_answers_the_waiting_ends(job: Job) -> None:
    assert wait_for_workers(job, unseen) is WaitingEnd.NO_WORKER


def test_a_worker_that_holds_any_photo_under_a_fresh_lease_counts_as_there(job: Job) -> None:
    """It is at work, and so may not answer; here it finishes while it is waited for."""
    other = factories.photo(state=Photo.State.PENDING)
    Photo.claim_batch([other.pk], until=timezone.now() + LEASE)
    looks = 0

    def finish_on_the_third_look(done: int, total: int) -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            Photo.objects.filter(job=job).update(state=Photo.State.READY)

    assert wait_for_workers(job, finish_on_the_third_look) is WaitingEnd.DONE
    assert looks >= 3


def test_a_worker_whose_lease_lapsed_does_not_count(job: Job) -> None:
    other = factories.photo(state=Photo.State.PENDING)
    Photo.claim_batch([other.pk], until=timezone.now() - timedelta(seconds=1))

    assert wait_for_workers(job, unseen) is WaitingEnd.NO_WORKER
