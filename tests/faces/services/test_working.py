"""Jobs that one worker does as a whole."""

from collections.abc import Mapping
from datetime import timedelta
from threading import Thread

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from faces.exceptions import ConflictError, InvalidRequestError, JobCancelledError, WrongStateError
from faces.models import Gallery, Job
from faces.services.jobs import cancel_job
from faces.services.working import (
    MAX_ATTEMPTS,
    SILENCE,
    UNANSWERED,
    jobs_to_send,
    perform,
    recover_jobs,
    request_work,
    retry_work,
)
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def gallery() -> Gallery:
    return factories.gallery()


def queued(gallery: Gallery, kind: Job.Kind = Job.Kind.INDEX) -> Job:
    return request_work(gallery=gallery, kind=kind, title="Index", parameters={"rows": 3})


def nothing(job: Job) -> Mapping[str, object]:
    return {}


def three_steps(job: Job) -> Mapping[str, object]:
    for done in range(3):
        if not job.report(done, 3, f"Step {done + 1}"):
            raise JobCancelledError("It was cancelled.")
    return {"rows": 3}


def test_a_job_is_done_once_with_its_result_and_full_progress(gallery: Gallery) -> None:
    job = queued(gallery)
    assert perform(job=job, work=three_steps)
    job.refresh_from_db()
    assert (job.state, job.done, job.total, job.result, job.attempts) == ("succeeded", 3, 3, {"rows": 3}, 1)
    assert not perform(job=job, work=three_steps)


def test_a_gallery_has_one_unfinished_job_of_a_kind_and_others_of_other_kinds(gallery: Gallery) -> None:
    job = queued(gallery)
    with pytest.raises(ConflictError, match="under way"):
        queued(gallery)
    queued(gallery, Job.Kind.GROUPING)
    queued(factories.gallery())
    perform(job=job, work=nothing)
    queued(gallery)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_ask_at_once_one_gets_the_job() -> None:
    gallery = factories.gallery()
    refused: list[ConflictError] = []

    def ask() -> None:
        try:
            queued(gallery)
        except ConflictError as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(refused), Job.objects.count()) == (3, 1)


def test_a_job_that_goes_wrong_says_why_and_can_be_tried_again(gallery: Gallery) -> None:
    def refuse(job: Job) -> Mapping[str, object]:
        raise InvalidRequestError("There is nobody in this gallery.")

    def break_down(job: Job) -> Mapping[str, object]:
        raise ZeroDivisionError("secret")

    job = queued(gallery)
    perform(job=job, work=refuse)
    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", "There is nobody in this gallery.")
    perform(job=retry_work(job=job), work=break_down)
    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", "It went wrong: ZeroDivisionError. The log has the details.")
    perform(job=retry_work(job=job), work=three_steps)
    job.refresh_from_db()
    assert (job.state, job.error) == ("succeeded", "")


def test_only_what_failed_or_was_cancelled_is_tried_again(gallery: Gallery) -> None:
    job = queued(gallery)
    perform(job=job, work=nothing)
    with pytest.raises(WrongStateError):
        retry_work(job=job)
    failed = factories.job(gallery=gallery, kind=Job.Kind.INDEX, state=Job.State.FAILED)
    queued(gallery)
    with pytest.raises(ConflictError, match="Another job"):
        retry_work(job=failed)


def test_a_waiting_job_is_cancelled_at_once_and_a_running_one_at_its_next_report(gallery: Gallery) -> None:
    waiting = cancel_job(job=queued(gallery))
    assert waiting.state == "cancelled"
    assert not perform(job=waiting, work=nothing)

    def cancelled_meanwhile(job: Job) -> Mapping[str, object]:
        cancel_job(job=Job.objects.get(pk=job.pk))
        return three_steps(job)

    running = queued(gallery)
    perform(job=running, work=cancelled_meanwhile)
    running.refresh_from_db()
    assert (running.state, running.done) == ("cancelled", 0)


def test_a_job_whose_worker_vanished_waits_again_until_it_took_too_many_down(gallery: Gallery) -> None:
    job = queued(gallery)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        with pytest.raises(OperationalError):
            perform(job=job, work=lost_database)
        assert recover_jobs() == 0  # it may still be at work
        Job.objects.filter(pk=job.pk).update(heartbeat_at=timezone.now() - SILENCE - timedelta(seconds=1))
        assert recover_jobs() == (1 if attempt < MAX_ATTEMPTS else 0)
    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", f"{MAX_ATTEMPTS} workers stopped while they did it.")


def lost_database(job: Job) -> Mapping[str, object]:
    raise OperationalError("the connection is gone")


def test_a_lost_job_that_was_to_be_cancelled_is_cancelled(gallery: Gallery) -> None:
    job = factories.job(gallery=gallery, kind=Job.Kind.GROUPING, state=Job.State.RUNNING)
    long_ago = timezone.now() - SILENCE - timedelta(seconds=1)
    Job.objects.filter(pk=job.pk).update(heartbeat_at=long_ago, cancel_requested_at=long_ago)
    assert recover_jobs() == 0
    job.refresh_from_db()
    assert job.state == "cancelled"


def test_a_message_that_nobody_answers_is_sent_again_and_no_other(gallery: Gallery) -> None:
    job = queued(gallery)
    factories.job(gallery=gallery, kind=Job.Kind.UPLOAD, state=Job.State.QUEUED)
    assert jobs_to_send() == [job.pk]
    assert jobs_to_send() == []
    Job.objects.filter(pk=job.pk).update(heartbeat_at=timezone.now() - UNANSWERED - timedelta(seconds=1))
    assert jobs_to_send() == [job.pk]
    perform(job=job, work=nothing)
    assert jobs_to_send() == []


def test_a_job_that_goes_with_its_gallery_ends_without_an_error(gallery: Gallery) -> None:
    def delete_gallery(job: Job) -> Mapping[str, object]:
        gallery.delete()
        raise JobCancelledError("The gallery was deleted.")

    assert perform(job=queued(gallery), work=delete_gallery)
    assert not Job.objects.exists()
