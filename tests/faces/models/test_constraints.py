"""What the database itself refuses."""

from collections.abc import Callable

import numpy as np
import pytest
from django.db import IntegrityError, connection, transaction
from pgvector import HalfVector

from faces.models import ApiKey, Embedding, EncoderVersion, Face, Gallery, Job, Person, Photo, Threshold
from faces.services.encoders import default_encoder_version
from faces.services.galleries import create_gallery, delete_gallery
from faces.services.people import create_person
from tests.faces.builders import axis, encoded_face, near, stored_photo

pytestmark = pytest.mark.django_db


@pytest.fixture
def gallery() -> Gallery:
    return create_gallery(name="Staff")


@pytest.fixture
def face(gallery: Gallery) -> Face:
    photo = stored_photo(gallery, encoded_face(axis(0)), portrait_of=create_person(gallery=gallery, name="Ada"))
    return photo.faces.get()


def refused(name: str, write: Callable[[], object]) -> None:
    """The database refuses this with the constraint of this name."""

    def write_and_check() -> None:
        with transaction.atomic():
            write()
            connection.check_constraints()  # the composite keys wait for the commit otherwise

    with pytest.raises(IntegrityError, match=name):
        write_and_check()


@pytest.mark.parametrize(
    ("model", "values", "name"),
    [
        (Person, {"name": ""}, "person_has_a_name"),
        (Person, {"consent": "perhaps"}, "person_consent_known"),
        (Photo, {"state": "lost"}, "photo_state_known"),
        (Photo, {"state": "rejected", "reason": ""}, "photo_rejected_for_a_reason"),
        (Photo, {"state": "failed", "error": ""}, "photo_failed_with_an_error"),
        (Photo, {"state": "encoding"}, "photo_claimed_while_encoding"),
        (Photo, {"width": 0}, "photo_has_pixels"),
        (Photo, {"sha256": "x" * 64}, "photo_digest_is_sha256"),
        (Face, {"right": 20, "left": 20}, "face_box_has_area"),
        (Face, {"detection_score": 1.1}, "face_detection_score_0_to_1"),
        (Face, {"quality": -0.1}, "face_quality_0_to_1"),
        (Face, {"assigned_by": ""}, "face_assigned_by_somebody"),
        (Face, {"person": None, "assigned_by": "", "is_enrolled": True}, "face_enrolled_for_a_person"),
        (Threshold, {"tau": 4.01}, "threshold_tau_0_to_4"),
        (Threshold, {"tau": -0.01}, "threshold_tau_0_to_4"),
        (Threshold, {"tau": float("nan")}, "threshold_tau_0_to_4"),
        (Threshold, {"tau": None}, "threshold_tau_0_to_4"),
        (Threshold, {"error_rate": 2.0}, "threshold_error_rate_0_to_1_of_a_kind"),
        (Threshold, {"error_rate_kind": ""}, "threshold_error_rate_0_to_1_of_a_kind"),
        (Threshold, {"error_rate_kind": "fpir"}, "threshold_fpir_names_its_n"),
        (Threshold, {"use": "guessing"}, "threshold_use_known"),
        (Threshold, {"reason": ""}, "threshold_set_for_a_reason"),
        (EncoderVersion, {"dimension": 0}, "encoder_version_dimension_indexable"),
        (EncoderVersion, {"weights_sha256": "abc"}, "encoder_version_digest_is_sha256"),
        (EncoderVersion, {"state": "beloved"}, "encoder_version_state_known"),
        (Gallery, {"name": ""}, "gallery_has_a_name"),
        (Gallery, {"slug": ""}, "gallery_has_a_slug"),
    ],
)
def test_a_value_that_means_nothing_is_refused(
    face: Face, model: type[Person | Photo | Face | Threshold], values: dict[str, object], name: str
) -> None:
    refused(name, lambda: model.objects.update(**values))


def test_an_external_id_belongs_to_one_person_of_a_gallery(gallery: Gallery) -> None:
    create_person(gallery=gallery, name="Ada", external_id="7")
    create_person(gallery=create_gallery(name="Visitors"), name="Ada", external_id="7")
    refused("person_external_id_once", lambda: Person.objects.create(gallery=gallery, name="Eve", external_id="7"))


def test_people_without_an_external_id_do_not_clash(gallery: Gallery) -> None:
    create_person(gallery=gallery, name="Ada")
    create_person(gallery=gallery, name="Ada")
    assert Person.objects.of(gallery).count() == 2


def test_the_same_bytes_are_one_photo_of_a_gallery(face: Face) -> None:
    photo = face.photo
    twin = {f.attname: getattr(photo, f.attname) for f in Photo._meta.concrete_fields if f.name not in ("id", "key")}
    refused("photo_once_per_gallery", lambda: Photo.objects.create(**twin))


def test_a_face_cannot_belong_to_a_person_of_another_gallery(face: Face) -> None:
    stranger = create_person(gallery=create_gallery(name="Visitors"), name="Eve")
    refused("face_person_of_gallery", lambda: Face.objects.filter(pk=face.pk).update(person=stranger))


def test_a_face_cannot_lie_in_another_gallery_than_its_photo(face: Face) -> None:
    other = create_gallery(name="Visitors")
    refused(
        "face_photo_of_gallery|face_person_of_gallery|embedding_face_of_gallery",
        lambda: Face.objects.filter(pk=face.pk).update(gallery=other),
    )


def test_a_photo_cannot_be_the_portrait_of_a_person_of_another_gallery(face: Face) -> None:
    stranger = create_person(gallery=create_gallery(name="Visitors"), name="Eve")
    refused("photo_portrait_of_gallery", lambda: Photo.objects.update(portrait_of=stranger))


def test_an_embedding_cannot_lie_in_another_gallery_than_its_face(face: Face) -> None:
    other = create_gallery(name="Visitors")
    refused("embedding_face_of_gallery", lambda: Embedding.objects.update(gallery=other))


def test_a_face_has_one_embedding_per_encoder_version(face: Face) -> None:
    row = face.embeddings.get()
    row.pk = None
    refused("embedding_once", lambda: Embedding.objects.bulk_create([row]))


@pytest.mark.parametrize("length", [0.0, 0.5, 1.05])
def test_an_embedding_has_unit_length(face: Face, length: float) -> None:
    vector = HalfVector(axis(3) * np.float32(length))
    refused("embedding_has_unit_length", lambda: Embedding.objects.update(vector=vector))


def test_an_embedding_has_the_dimension_of_its_encoder_version(face: Face) -> None:
    short = HalfVector(np.eye(1, 64, dtype=np.float32)[0])
    refused("another dimension", lambda: Embedding.objects.update(vector=short))


def test_an_embedding_cannot_name_another_person_than_its_face(face: Face) -> None:
    somebody = create_person(gallery=face.gallery, name="Eve")
    refused("person and enrollment of its face", lambda: Embedding.objects.update(person=somebody))
    refused("person and enrollment of its face", lambda: Embedding.objects.update(is_enrolled=False))


def test_an_embedding_follows_its_face_to_another_person_and_out_of_searches(face: Face) -> None:
    somebody = create_person(gallery=face.gallery, name="Eve")
    Face.objects.filter(pk=face.pk).update(person=somebody)
    assert face.embeddings.get().person == somebody
    Face.objects.filter(pk=face.pk).update(is_enrolled=False)
    assert not face.embeddings.get().is_enrolled


def test_embeddings_of_several_encoder_versions_and_sizes_live_side_by_side(face: Face) -> None:
    factory = default_encoder_version()
    other = EncoderVersion.objects.create(
        name="Other", architecture="x", weights="storage:x", weights_sha256="0" * 64, dimension=512,
        preprocessing_version=1, spec={}, licence="none",
    )  # fmt: skip
    face.refresh_from_db()
    Embedding.objects.create(
        face=face, encoder_version=other, gallery=face.gallery, person=face.person, is_enrolled=face.is_enrolled,
        vector=HalfVector(np.eye(1, 512, dtype=np.float32)[0]),
    )  # fmt: skip
    sizes = {e.encoder_version_id: len(e.vector) for e in face.embeddings.all()}
    assert sizes == {factory.pk: 128, other.pk: 512}


def test_deleting_a_gallery_leaves_nothing_of_it_and_all_of_the_others(face: Face) -> None:
    other = create_gallery(name="Visitors")
    kept = stored_photo(other, encoded_face(near(1, 2, 0.1)), portrait_of=create_person(gallery=other, name="Eve"))
    delete_gallery(gallery=face.gallery)
    connection.check_constraints()
    assert list(Photo.objects.all()) == [kept]
    assert Embedding.objects.get().gallery == other
    assert Person.objects.get().name == "Eve"


def test_a_job_cannot_have_done_more_than_there_is() -> None:
    refused("job_done_within_total", lambda: Job.objects.create(kind="upload", title="x", done=2, total=1))


def test_a_finished_job_has_an_end() -> None:
    refused("job_finished_has_a_time", lambda: Job.objects.create(kind="upload", title="x", state="succeeded"))


def test_a_key_that_allows_nothing_is_refused(django_user_model: type) -> None:
    user = django_user_model.objects.create_user("admin")  # type: ignore[attr-defined]
    refused(
        "api_key_allows_something",
        lambda: ApiKey.objects.create(name="x", prefix="p", digest="d", scopes=[], created_by=user),
    )
