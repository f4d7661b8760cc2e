"""Looking for wrong names without training: the work of a job."""

import pytest

from faces.exceptions import ConflictError, InvalidRequestError, JobCancelledError
from faces.models import Job
from faces.services.jobs import cancel_job
from faces.services.working import perform
from tests import factories
from tests.training.mistaken import mistaken_gallery
from training.exceptions import TooFewComparisonsError
from training.models import ReviewItem
from training.services.name_checks import check_names, request_name_check

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_was_planted_is_asked_about_once() -> None:
    made = mistaken_gallery(1)
    user = factories.user()
    job = request_name_check(gallery=made.gallery, user=user)
    assert perform(job=job, work=check_names)
    job.refresh_from_db()

    assert (job.state, job.created_by) == (Job.State.SUCCEEDED, user)
    assert job.result == {
        "gallery": made.gallery.pk,
        "people": 43,
        "faces": len(made.faces),
        "could_judge": True,
        "duplicate_people": 3,
        "wrong_labels": 3,
        "new_questions": 6,
        "open_questions": 6,
    }
    found = ReviewItem.objects.filter(kind=ReviewItem.Kind.DUPLICATE_PERSON)
    assert set(found.values_list("first_person", "second_person")) == made.twice
    again = request_name_check(gallery=made.gallery)
    assert perform(job=again, work=check_names)
    again.refresh_from_db()
    assert (again.result["new_questions"], again.result["open_questions"]) == (0, 6)


def test_a_gallery_with_one_photo_each_cannot_be_judged() -> None:
    gallery = factories.gallery()
    for number in range(3):
        factories.face(person=factories.person(gallery=gallery), vector=factories.axis(number))
    job = request_name_check(gallery=gallery)
    assert perform(job=job, work=check_names)
    job.refresh_from_db()
    assert job.result["could_judge"] is False
    assert job.result["new_questions"] == 0


def test_a_gallery_without_two_people_is_refused_before_there_is_a_job() -> None:
    gallery = factories.gallery()
    with pytest.raises(TooFewComparisonsError, match="Nobody is enrolled"):
        request_name_check(gallery=gallery)
    assert not Job.objects.exists()


def test_two_checks_at_once_are_refused() -> None:
    made = mistaken_gallery(2)
    request_name_check(gallery=made.gallery)
    with pytest.raises(ConflictError, match="under way"):
        request_name_check(gallery=made.gallery)


def test_a_check_that_was_cancelled_asks_nothing() -> None:
    made = mistaken_gallery(3)
    job = request_name_check(gallery=made.gallery)
    job.move_to(Job.State.RUNNING)
    cancel_job(job=job)
    with pytest.raises(JobCancelledError):
        check_names(job)
    assert not ReviewItem.objects.exists()


def test_a_job_without_a_gallery_is_refused() -> None:
    job = Job.objects.create(kind=Job.Kind.NAMES, title="Names", inputs_complete=True)
    with pytest.raises(InvalidRequestError, match="names none"):
        check_names(job)
