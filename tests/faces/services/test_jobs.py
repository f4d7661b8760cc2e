"""Long work: its progress is that of its photos, it ends with the last of them, and it can be cancelled and retried."""

from datetime import timedelta

import pytest
from django.utils import timezone

from faces.exceptions import WrongStateError
from faces.models import Gallery, Job, Photo
from faces.services.jobs import (
    SILENCE,
    begin_job,
    cancel_job,
    complete_inputs,
    end_silent_jobs,
    follow_photos,
    retry_job,
)
from tests import factories

pytestmark = pytest.mark.django_db
S = Photo.State


@pytest.fixture
def gallery() -> Gallery:
    return factories.gallery()


def job_of(gallery: Gallery, *states: Photo.State, complete: bool = True) -> Job:
    job = begin_job(gallery=gallery, kind=Job.Kind.UPLOAD, title="Upload")
    for state in states:
        factories.photo(gallery=gallery, state=state, job=job)
    return complete_inputs(job=job, result={}) if complete else follow_photos(job=job)


def test_progress_counts_the_photos_that_are_finished_whatever_became_of_them(gallery: Gallery) -> None:
    job = job_of(gallery, S.READY, S.REJECTED, S.PENDING, S.PENDING)
    assert (job.state, job.done, job.total) == (Job.State.RUNNING, 2, 4)


def test_a_job_ends_with_its_last_photo_but_not_while_more_may_come(gallery: Gallery) -> None:
    job = job_of(gallery, S.READY, complete=False)
    assert job.state == Job.State.RUNNING
    assert complete_inputs(job=job, result={"new": 1}).state == Job.State.SUCCEEDED


def test_a_job_with_a_failed_photo_fails_and_says_how_many(gallery: Gallery) -> None:
    job = job_of(gallery, S.READY, S.FAILED)
    assert job.state == Job.State.FAILED
    assert "1" in job.error


def test_an_upload_of_nothing_new_is_done_at_once(gallery: Gallery) -> None:
    assert job_of(gallery).state == Job.State.SUCCEEDED


def test_cancelling_sets_waiting_photos_aside_and_lets_begun_ones_finish(gallery: Gallery) -> None:
    job = job_of(gallery, S.READY, S.PENDING, S.PENDING)
    first = Photo.objects.filter(state=S.PENDING).earliest("pk")
    _, (begun,) = Photo.claim_batch([first.pk], until=timezone.now() + timedelta(minutes=1))
    job = cancel_job(job=job)
    assert job.state == Job.State.RUNNING
    assert Photo.objects.get(reason="cancelled").pk != begun.pk
    assert begun.finish(S.READY)
    job = follow_photos(job=job)
    assert (job.state, job.done, job.total) == (Job.State.CANCELLED, 3, 3)


def test_a_retry_brings_failed_and_set_aside_photos_back_and_no_others(gallery: Gallery) -> None:
    job = job_of(gallery, S.READY, S.REJECTED, S.PENDING)
    job = cancel_job(job=job)
    aside = Photo.objects.get(reason="cancelled")
    assert retry_job(job=job) == [aside.pk]
    job.refresh_from_db()
    assert (job.state, job.done, job.total) == (Job.State.RUNNING, 2, 3)
    aside.refresh_from_db()
    assert (aside.state, aside.reason) == (S.PENDING, "")


def test_a_finished_job_cannot_be_cancelled_and_a_running_one_not_retried(gallery: Gallery) -> None:
    with pytest.raises(WrongStateError, match="nothing to cancel"):
        cancel_job(job=job_of(gallery, S.READY))
    with pytest.raises(WrongStateError, match="Only a finished job"):
        retry_job(job=job_of(gallery, S.PENDING))


def test_a_job_whose_process_vanished_while_it_took_photos_in_fails_and_its_photos_stay(gallery: Gallery) -> None:
    lost = job_of(gallery, S.PENDING, complete=False)
    alive = job_of(gallery, S.PENDING, complete=False)
    encoding = job_of(gallery, S.PENDING)
    long_ago = timezone.now() - SILENCE - timedelta(seconds=1)
    Job.objects.filter(pk__in=(lost.pk, encoding.pk)).update(heartbeat_at=long_ago)
    assert end_silent_jobs() == 1
    states = [Job.objects.get(pk=job.pk).state for job in (lost, alive, encoding)]
    assert states == [Job.State.FAILED, Job.State.RUNNING, Job.State.RUNNING]
    assert Photo.objects.filter(state=S.PENDING).count() == 3
