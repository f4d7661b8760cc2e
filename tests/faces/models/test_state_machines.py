"""Transitions that exist, those that do not, and claims that only one worker gets."""

from datetime import timedelta

import pytest
from django.utils import timezone

from faces.exceptions import WrongStateError
from faces.models import EncoderVersion, Gallery, Job, Photo
from faces.services.encoders import default_encoder_version
from faces.services.galleries import create_gallery
from faces.services.photos import accept_photo
from tests.faces.builders import picture

pytestmark = pytest.mark.django_db
SOON = timedelta(minutes=1)


@pytest.fixture
def gallery() -> Gallery:
    return create_gallery(name="Staff")


def waiting(gallery: Gallery) -> Photo:
    return accept_photo(gallery=gallery, data=picture()).photo


def test_two_workers_that_claim_the_same_photos_share_them_out(gallery: Gallery) -> None:
    ids = [waiting(gallery).pk for _ in range(3)]
    _, first = Photo.claim_batch(ids[:2], until=timezone.now() + SOON)
    _, second = Photo.claim_batch(ids, until=timezone.now() + SOON)
    assert [photo.pk for photo in first] == ids[:2]
    assert [photo.pk for photo in second] == ids[2:]
    assert [photo.attempts for photo in first] == [1, 1]


def test_a_worker_that_lost_its_claim_writes_nothing(gallery: Gallery) -> None:
    pk = waiting(gallery).pk
    _, (late,) = Photo.claim_batch([pk], until=timezone.now() - SOON)
    assert Photo.release_lapsed() == 1
    _, (owner,) = Photo.claim_batch([pk], until=timezone.now() + SOON)
    assert not late.finish(Photo.State.FAILED, error="late")
    assert owner.finish(Photo.State.REJECTED, reason="no_face_found")
    assert not owner.finish(Photo.State.READY)
    photo = Photo.objects.get()
    assert (photo.state, photo.reason, photo.error, photo.claim) == ("rejected", "no_face_found", "", None)
    assert photo.is_finished


def test_a_claim_within_its_lease_is_not_taken_away(gallery: Gallery) -> None:
    Photo.claim_batch([waiting(gallery).pk], until=timezone.now() + SOON)
    assert Photo.release_lapsed() == 0


@pytest.mark.parametrize(
    ("path", "refused"),
    [
        (["running", "succeeded"], "cancelled"),
        (["running", "failed"], "succeeded"),
        (["cancelled"], "succeeded"),
        ([], "succeeded"),
        ([], "failed"),
        (["running"], "running"),
    ],
)
def test_a_job_refuses_a_transition_it_does_not_have(path: list[str], refused: str) -> None:
    job = Job.objects.create(kind=Job.Kind.UPLOAD, title="x")
    for state in path:
        job.move_to(Job.State(state))
    with pytest.raises(WrongStateError):
        job.move_to(Job.State(refused))
    assert job.state == ([*path] or ["queued"])[-1]


def test_a_job_can_be_tried_again_after_it_failed_or_was_cancelled() -> None:
    job = Job.objects.create(kind=Job.Kind.UPLOAD, title="x")
    for state in ("running", "failed", "queued", "running", "cancelled", "queued", "running", "succeeded"):
        job.move_to(Job.State(state))
    assert job.is_finished
    assert job.finished_at is not None


def test_a_job_notices_at_its_next_report_that_it_was_cancelled() -> None:
    job = Job.objects.create(kind=Job.Kind.IMPORT, title="x")
    job.move_to(Job.State.RUNNING)
    assert job.report(3, 10, "reading")
    assert (job.done, job.total, job.percent, job.note) == (3, 10, 30, "reading")
    Job.objects.update(cancel_requested_at=timezone.now())
    assert not job.report(4, 10)


@pytest.mark.parametrize(("done", "total", "percent"), [(0, 0, 0), (1, 3, 33), (199, 200, 99), (200, 200, 100)])
def test_the_percentage_reaches_100_only_when_all_is_done(done: int, total: int, percent: int) -> None:
    assert Job(done=done, total=total).percent == percent


def test_a_retired_encoder_version_never_comes_back() -> None:
    version: EncoderVersion = default_encoder_version()
    version.move_to(EncoderVersion.State.RETIRED)
    with pytest.raises(WrongStateError, match="retired"):
        version.move_to(EncoderVersion.State.AVAILABLE)
