"""What a worker does with photos, with the real encoder on real photographs."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kombu.exceptions import OperationalError as BrokerError
from pytest_django import DjangoCaptureOnCommitCallbacks

from faces import encoding, tasks
from faces.models import Embedding, Face, Gallery, Job, Person, Photo
from faces.services.encoders import default_encoder_version
from faces.services.jobs import begin_job, complete_inputs
from faces.services.photos import accept_photo
from faces.services.recognition import recognize
from faces.services.working import perform, request_work
from tests import factories
from tests.faces.photographs import another_photo, astronaut, coffee, grace_hopper, jpeg

pytestmark = pytest.mark.django_db


@pytest.fixture
def gallery() -> Gallery:
    return factories.gallery()


def sent(gallery: Gallery, data: bytes, **values: Any) -> Photo:
    return accept_photo(gallery=gallery, data=data, **values).photo


def states() -> list[tuple[str, str]]:
    return list(Photo.objects.order_by("pk").values_list("state", "reason"))


def test_people_enrolled_with_one_photo_each_are_recognized_on_another_photo(gallery: Gallery) -> None:
    people = []
    for name, image in (("Eileen", astronaut()), ("Grace", grace_hopper())):
        person = factories.person(gallery=gallery, name=name)
        sent(gallery, jpeg(image), portrait_of=person)
        people.append(person)
    tasks.encode_photos(list(Photo.objects.values_list("pk", flat=True)))
    assert states() == [("ready", ""), ("ready", "")]
    for person, image in zip(people, (astronaut(), grace_hopper()), strict=True):
        probe = encoding.encode_probe(jpeg(another_photo(image)), gallery.encoder_version)
        matches = [answer.match for answer in recognize(gallery=gallery, probes=probe.faces)]
        assert [match.face.person for match in matches if match] == [person]


def test_the_worker_and_the_web_process_give_the_same_photo_the_same_embedding(gallery: Gallery) -> None:
    data = jpeg(astronaut())
    photo = sent(gallery, data)
    sent(gallery, jpeg(grace_hopper()))
    tasks.encode_photos(list(Photo.objects.values_list("pk", flat=True)))
    stored = Embedding.objects.get(face__photo=photo).vector
    (face,) = encoding.encode_probe(data, gallery.encoder_version).faces
    assert np.sum((np.array(stored) - face.embedding) ** 2) < 2e-4


def test_a_task_that_is_delivered_twice_stores_its_faces_once(gallery: Gallery) -> None:
    photo = sent(gallery, jpeg(astronaut()))
    tasks.encode_photos([photo.pk])
    tasks.encode_photos([photo.pk])
    assert (Face.objects.count(), Embedding.objects.count()) == (1, 1)
    assert Photo.objects.get().attempts == 1


def test_a_photo_that_was_deleted_before_its_task_came_is_a_normal_end(gallery: Gallery) -> None:
    tasks.encode_photos([10_000_000])
    assert Photo.objects.count() == 0


def test_each_photo_of_a_batch_has_its_own_end_and_the_job_counts_them(gallery: Gallery) -> None:
    job = begin_job(gallery=gallery, kind=Job.Kind.UPLOAD, title="Upload")
    photos = [
        sent(gallery, jpeg(astronaut()), job=job),
        sent(gallery, jpeg(coffee()), job=job),
        sent(gallery, jpeg(grace_hopper()), job=job),
    ]
    gone = Photo.objects.get(pk=photos[2].pk)
    gone.file.storage.delete(str(gone.file.name))
    complete_inputs(job=job, result={})
    tasks.encode_photos([photo.pk for photo in photos])
    assert states() == [("ready", ""), ("rejected", "no_face_found"), ("failed", "")]
    job.refresh_from_db()
    assert (job.state, job.done, job.total) == (Job.State.FAILED, 3, 3)
    assert "gone from the storage" in Photo.objects.get(pk=gone.pk).error


def test_a_file_that_was_damaged_after_it_was_accepted_is_refused_with_its_reason(gallery: Gallery) -> None:
    photo = sent(gallery, jpeg(astronaut()))
    path = Path(photo.file.path)
    path.write_bytes(path.read_bytes()[:5000])
    tasks.encode_photos([photo.pk])
    assert states() == [("rejected", "truncated_image")]


def test_photos_fail_with_a_plain_error_while_the_weights_are_missing(gallery: Gallery) -> None:
    version = factories.encoder_version(spec=default_encoder_version().spec, weights="storage:weights/gone")
    Gallery.objects.update(encoder_version=version)
    photo = sent(gallery, jpeg(astronaut()))
    tasks.encode_photos([photo.pk])
    photo.refresh_from_db()
    assert photo.state == Photo.State.FAILED
    assert "are not at storage:weights/gone. Restore that file." in photo.error


def test_photos_are_encoded_by_the_version_of_their_own_gallery(gallery: Gallery) -> None:
    factory = default_encoder_version()
    twin = factories.encoder_version(spec=factory.spec, weights=factory.weights)
    other = factories.gallery(encoder_version=twin)
    ids = [sent(where, jpeg(astronaut())).pk for where in (gallery, other)]
    tasks.encode_photos(ids)
    found = Embedding.objects.order_by("pk").values_list("gallery", "encoder_version")
    assert list(found) == [(gallery.pk, factory.pk), (other.pk, twin.pk)]


def test_photos_wait_for_the_next_sweep_while_the_broker_is_away(
    gallery: Gallery,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    photo = sent(gallery, jpeg(coffee()))

    def refuse(ids: list[int]) -> None:
        raise BrokerError("connection refused")

    with monkeypatch.context() as patch, django_capture_on_commit_callbacks(execute=True):
        patch.setattr(tasks.encode_photos, "delay", refuse)
        tasks.send_photos([photo.pk])
    photo.refresh_from_db()
    assert (photo.state, photo.sent_at) == (Photo.State.PENDING, None)

    messages: list[list[int]] = []
    monkeypatch.setattr(tasks.encode_photos, "delay", messages.append)
    with django_capture_on_commit_callbacks(execute=True):
        tasks.sweep_photos()
        tasks.sweep_photos()
    assert messages == [[photo.pk]]


def test_nothing_is_sent_for_an_upload_that_was_rolled_back(
    gallery: Gallery,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    messages: list[list[int]] = []
    monkeypatch.setattr(tasks.encode_photos, "delay", messages.append)
    with django_capture_on_commit_callbacks() as callbacks:
        tasks.send_photos([sent(gallery, jpeg(coffee())).pk])
        assert messages == []
    assert len(callbacks) == 1


def test_a_person_who_was_deleted_while_their_photo_waited_leaves_no_face_behind(gallery: Gallery) -> None:
    person: Person = factories.person(gallery=gallery)
    photo = sent(gallery, jpeg(astronaut()), portrait_of=person)
    Photo.objects.update(portrait_of=None)
    person.delete()
    tasks.encode_photos([photo.pk])
    assert Face.objects.get().person is None


def test_a_warm_process_has_the_encoder_of_every_version_that_serves_a_gallery(gallery: Gallery) -> None:
    factory = default_encoder_version()
    twin = factories.encoder_version(spec=factory.spec, weights=factory.weights)
    factories.gallery(encoder_version=twin)
    idle = factories.encoder_version(spec=factory.spec, weights=factory.weights)
    encoding.warm_encoders()
    assert {factory.pk, twin.pk} <= set(encoding._encoders)
    assert idle.pk not in encoding._encoders


def test_a_sweep_of_photos_leaves_a_job_alone_that_a_worker_is_doing(gallery: Gallery) -> None:
    job = request_work(gallery=gallery, kind=Job.Kind.GROUPING, title="Grouping")
    seen: list[tuple[str, int]] = []

    def work(job: Job) -> dict[str, object]:
        job.report(3, 7)
        tasks.sweep_photos()
        job.refresh_from_db()
        seen.append((job.state, job.done))
        return {"groups": 1}

    assert perform(job=job, work=work)
    job.refresh_from_db()
    assert seen == [("running", 3)]
    assert (job.state, job.result) == ("succeeded", {"groups": 1})
