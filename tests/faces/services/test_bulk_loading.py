"""Embeddings by the hundred thousand are the same rows as one by one, or none at all."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from django.db import IntegrityError, connection, transaction
from pgvector import HalfVector

from faces.exceptions import ConflictError, FacetError, InvalidRequestError, NotFoundError, WrongStateError
from faces.models import Embedding, EncoderVersion, Face, Gallery, Template
from faces.services.bulk_loading import copy_embeddings
from faces.services.embedding_checks import Vectors
from tests import factories
from tests.factories import axis

pytestmark = pytest.mark.django_db


@pytest.fixture
def gallery() -> Gallery:
    return factories.gallery()


@pytest.fixture
def version() -> EncoderVersion:
    """A candidate that shall serve the gallery one day."""
    return factories.encoder_version(state=EncoderVersion.State.CANDIDATE)


@pytest.fixture
def faces(gallery: Gallery) -> list[Face]:
    """Of one person with four faces, one of them not enrolled, of one with one, and of nobody."""
    photo = factories.photo(gallery=gallery)
    ada, eve = factories.person(gallery=gallery), factories.person(gallery=gallery)
    return [
        *(factories.face(photo=photo, person=ada) for _ in range(3)),
        factories.face(photo=photo, person=ada, is_enrolled=False),
        factories.face(photo=photo, person=eve),
        factories.face(photo=photo),
    ]


def ids_of(faces: list[Face]) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.array([face.pk for face in faces], dtype=np.int64)


def vectors_for(count: int, *, seed: int = 0, dimension: int = factories.DIMENSION) -> Vectors:
    """Any unit vectors: (count, dimension) float32."""
    vectors = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def write_one_by_one(faces: list[Face], vectors: Vectors, version: EncoderVersion) -> None:
    Embedding.objects.bulk_create(
        Embedding(
            face=face,
            encoder_version=version,
            gallery_id=face.gallery_id,
            person_id=face.person_id,
            is_enrolled=face.is_enrolled,
            vector=HalfVector(vector),
        )
        for face, vector in zip(faces, vectors, strict=True)
    )


def rows(version: EncoderVersion) -> list[tuple[Any, ...]]:
    fields = ("face", "gallery", "person", "is_enrolled", "vector")
    return [
        (*row[:-1], list(row[-1]))
        for row in Embedding.objects.filter(encoder_version=version).order_by("face").values_list(*fields)
    ]


def templates(version: EncoderVersion) -> list[tuple[Any, ...]]:
    fields = ("person", "gallery", "faces", "left_out", "vector")
    return [
        (*row[:-1], list(row[-1]))
        for row in Template.objects.filter(encoder_version=version).order_by("person").values_list(*fields)
    ]


def is_back_to_normal() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('session_replication_role')")
        return bool(cursor.fetchone() == ("origin",))


def test_a_load_writes_what_single_rows_would_be(faces: list[Face], version: EncoderVersion) -> None:
    other = factories.encoder_version()
    vectors = vectors_for(len(faces))
    write_one_by_one(faces, vectors, other)
    shuffled = np.random.default_rng(1).permutation(len(faces))
    told: list[int] = []
    copied = copy_embeddings(
        encoder_version=version, faces=ids_of(faces)[shuffled], vectors=vectors[shuffled], progress=told.append
    )

    assert (copied.rows, copied.replaced, sum(told)) == (len(faces), 0, len(faces))
    assert rows(version) == rows(other)
    assert len(templates(version)) == 2
    assert templates(version) == templates(other)
    assert is_back_to_normal()


def test_a_load_of_more_than_a_portion_is_in_order(
    faces: list[Face], version: EncoderVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faces.services.binary_copy.PORTION_ROWS", 4)
    vectors, told = vectors_for(len(faces)), list[int]()
    copy_embeddings(encoder_version=version, faces=ids_of(faces)[::-1], vectors=vectors[::-1], progress=told.append)

    assert told == [4, 2]
    np.testing.assert_array_equal(np.array([row[-1] for row in rows(version)], np.float16), vectors.astype(np.float16))


def test_a_load_of_several_galleries_gives_each_its_own(faces: list[Face], version: EncoderVersion) -> None:
    stranger = factories.face(person=factories.person())
    everybody = [*faces, stranger]
    copy_embeddings(encoder_version=version, faces=ids_of(everybody), vectors=vectors_for(len(everybody)))

    assert Embedding.objects.get(face=stranger).gallery_id == stranger.gallery_id != faces[0].gallery_id
    assert Template.objects.get(person=stranger.person_id).gallery_id == stranger.gallery_id


def test_a_version_of_another_dimension_can_be_loaded(faces: list[Face]) -> None:
    large = factories.encoder_version(dimension=512)
    copy_embeddings(encoder_version=large, faces=ids_of(faces), vectors=vectors_for(len(faces), dimension=512))

    assert {len(row[-1]) for row in rows(large) + templates(large)} == {512}


def test_embeddings_by_a_candidate_leave_the_templates_of_the_serving_version(
    faces: list[Face], gallery: Gallery, version: EncoderVersion
) -> None:
    write_one_by_one(faces, vectors_for(len(faces)), gallery.encoder_version)
    before = list(Template.objects.values_list("pk", flat=True))
    copy_embeddings(encoder_version=version, faces=ids_of(faces), vectors=vectors_for(len(faces), seed=1))

    assert list(Template.objects.filter(encoder_version=gallery.encoder_version).values_list("pk", flat=True)) == before


def test_a_template_is_of_all_faces_when_only_some_are_loaded(faces: list[Face], version: EncoderVersion) -> None:
    other, vectors = factories.encoder_version(), vectors_for(len(faces))
    write_one_by_one(faces, vectors, other)
    write_one_by_one(faces[:2], vectors[:2], version)
    copy_embeddings(encoder_version=version, faces=ids_of(faces[2:]), vectors=vectors[2:])

    assert templates(version) == templates(other)


def test_no_faces_are_no_error(version: EncoderVersion) -> None:
    copied = copy_embeddings(
        encoder_version=version, faces=np.empty(0, np.int64), vectors=np.empty((0, factories.DIMENSION), np.float32)
    )
    assert copied.rows == 0


def test_embeddings_that_are_there_give_way_only_when_that_is_said(faces: list[Face], version: EncoderVersion) -> None:
    old, new = vectors_for(3), vectors_for(len(faces), seed=1)
    write_one_by_one(faces[:3], old, version)
    before = rows(version)
    with pytest.raises(ConflictError, match=r"3 of 6 faces have an embedding by .* already"):
        copy_embeddings(encoder_version=version, faces=ids_of(faces), vectors=new)
    assert rows(version) == before

    other = factories.encoder_version()
    write_one_by_one(faces, new, other)
    copied = copy_embeddings(encoder_version=version, faces=ids_of(faces), vectors=new, replace=True)
    assert (copied.rows, copied.replaced) == (6, 3)
    assert rows(version) == rows(other)
    assert templates(version) == templates(other)


def changed(vectors: Vectors, row: int, vector: Any) -> Vectors:
    result = vectors.copy()
    result[row] = vector
    return result


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        (lambda f, v: (f, v[:, :64]), InvalidRequestError, "makes vectors of 128 numbers; these have 64"),
        (lambda f, v: (f, v[:-1]), InvalidRequestError, r"of shape \(6, 128\), one a face; these are .* \(5, 128\)"),
        (lambda f, v: (f, v[0]), InvalidRequestError, r"these are float32 of shape \(128,\)"),
        (lambda f, v: (f, v.astype(np.int32)), InvalidRequestError, "these are int32"),
        (lambda f, v: (f.astype(np.float64), v), InvalidRequestError, "these are float64"),
        (lambda f, v: (f.reshape(2, 3), v), InvalidRequestError, r"of shape \(2, 3\)"),
        (lambda f, v: (f, changed(v, 4, np.nan)), InvalidRequestError, "1 of 6 do not; .* row 4, has numbers that are"),
        (lambda f, v: (f, changed(v, 2, np.inf)), InvalidRequestError, "row 2, has numbers that are not finite: inf"),
        (lambda f, v: (f, changed(v, 0, 0)), InvalidRequestError, "row 0, has the length 0"),
        (lambda f, v: (f, v * np.float32(1.02)), InvalidRequestError, "6 of 6 do not; .* row 0, has the length 1.02"),
        (lambda f, v: (changed(f, 1, f[0]), v), InvalidRequestError, r"face \d+ is named more than once"),
        (lambda f, v: (changed(f, 1, f[0] + 9), v), NotFoundError, r"only faces .*; face \d+ is not there"),
        (lambda f, v: (f + 1000, v), NotFoundError, r"faces \d+, .* and 1 more are not there"),
        (lambda f, v: (changed(f, 1, -1), v), NotFoundError, "face -1 is not there"),
    ],
)
def test_bad_input_is_refused_with_its_reason_before_anything_is_written(
    change: Any, error: type[FacetError], text: str, faces: list[Face], version: EncoderVersion
) -> None:
    ids, vectors = change(ids_of(faces), vectors_for(len(faces)))
    with pytest.raises(error, match=f"(?i){text}"):
        copy_embeddings(encoder_version=version, faces=ids, vectors=vectors)

    assert not rows(version)
    assert is_back_to_normal()


def test_lengths_within_a_hundredth_are_near_enough(faces: list[Face], version: EncoderVersion) -> None:
    vectors = vectors_for(len(faces)) * np.float32(1.008)
    assert copy_embeddings(encoder_version=version, faces=ids_of(faces), vectors=vectors).rows == len(faces)


def test_a_retired_version_gets_no_embeddings(faces: list[Face]) -> None:
    retired = factories.encoder_version(state=EncoderVersion.State.RETIRED)
    with pytest.raises(WrongStateError, match="is retired"):
        copy_embeddings(encoder_version=retired, faces=ids_of(faces), vectors=vectors_for(len(faces)))


class UnpluggedError(Exception):
    """What a test breaks a load off with."""


def test_a_load_that_breaks_off_half_way_leaves_nothing(
    faces: list[Face], version: EncoderVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faces.services.binary_copy.PORTION_ROWS", 2)
    write_one_by_one(faces[:3], vectors_for(3), version)
    before, before_templates = rows(version), templates(version)
    sent: list[int] = []

    def unplug(count: int) -> None:
        sent.append(count)
        if len(sent) == 2:
            raise UnpluggedError

    with pytest.raises(UnpluggedError):
        copy_embeddings(
            encoder_version=version,
            faces=ids_of(faces),
            vectors=vectors_for(len(faces), seed=1),
            replace=True,
            progress=unplug,
        )
    assert (rows(version), templates(version)) == (before, before_templates)
    assert is_back_to_normal()
    copied = copy_embeddings(
        encoder_version=version, faces=ids_of(faces), vectors=vectors_for(len(faces), seed=1), replace=True
    )
    assert copied.replaced == 3


@pytest.fixture
def _as_plain_account() -> Iterator[None]:
    """The session has the rights of an account that owns nothing and is no superuser, as with a hosted PostgreSQL."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE plain_account NOSUPERUSER")
        cursor.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO plain_account")
        cursor.execute("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO plain_account")
        cursor.execute("SET LOCAL ROLE plain_account")
        yield
        cursor.execute("RESET ROLE")


@pytest.mark.usefixtures("_as_plain_account")
def test_an_account_that_may_not_set_keys_aside_loads_the_same(faces: list[Face], version: EncoderVersion) -> None:
    other, vectors = factories.encoder_version(), vectors_for(len(faces))
    write_one_by_one(faces, vectors, other)
    copy_embeddings(encoder_version=version, faces=ids_of(faces), vectors=vectors)
    connection.check_constraints()

    assert (rows(version), templates(version)) == (rows(other), templates(other))


def test_the_keys_are_there_after_a_load(faces: list[Face], version: EncoderVersion) -> None:
    copy_embeddings(encoder_version=version, faces=ids_of(faces), vectors=vectors_for(len(faces)))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM faces_face WHERE id = %s", [faces[4].pk])
        assert not Embedding.objects.filter(face=faces[4].pk).exists()
        assert not Template.objects.filter(person=faces[4].person_id).exists()
        cursor.execute("UPDATE faces_embedding SET encoder_version_id = %s", [version.pk])
        cursor.execute("DELETE FROM faces_encoderversion WHERE id = %s", [version.pk])
    with pytest.raises(IntegrityError, match="faces_embedding"):
        connection.check_constraints()


def insert(face: Face, version_id: int, *, face_id: int | None = None, person_id: int | None = None) -> None:
    """One embedding, as a session does it that has set the foreign keys' triggers aside."""
    values = [face_id or face.pk, version_id, face.gallery_id, person_id or face.person_id, str(axis(0).tolist())]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "INSERT INTO faces_embedding (face_id, encoder_version_id, gallery_id, person_id, is_enrolled, vector)"
            " VALUES (%s, %s, %s, %s, true, %s)",
            values,
        )
        cursor.execute("SET LOCAL session_replication_role = origin")


def test_no_session_can_set_the_checks_of_embeddings_aside(faces: list[Face], version: EncoderVersion) -> None:
    face, other = faces[0], faces[4]
    with pytest.raises(IntegrityError, match="embedding_face_of_gallery"), transaction.atomic():
        insert(face, version.pk, face_id=face.pk + 1000)
    with pytest.raises(IntegrityError, match="no encoder version"), transaction.atomic():
        insert(face, version.pk + 1000)
    with pytest.raises(IntegrityError, match="person and enrollment"), transaction.atomic():
        insert(face, version.pk, person_id=other.person_id)
    with pytest.raises(IntegrityError, match="another dimension"), transaction.atomic():
        insert(face, factories.encoder_version(dimension=64).pk)
    insert(face, version.pk)
    assert Template.objects.get().person_id == face.person_id
