"""Is the probe this person, or this other photo's face?"""

import numpy as np
import pytest

from faces.exceptions import InvalidRequestError, NoEmbeddingError, NoFaceFoundError, SeveralFacesFoundError
from faces.models import Gallery
from faces.services.galleries import create_gallery
from faces.services.people import create_person
from faces.services.verification import one_face, squared_distance, verify_faces, verify_person, verify_photo
from tests.faces.builders import axis, encoded_face, encoded_photo, near, stored_photo

pytestmark = pytest.mark.django_db


@pytest.fixture
def gallery() -> Gallery:
    return create_gallery(name="Staff")


def test_the_nearest_of_a_persons_faces_decides_and_is_named(gallery: Gallery) -> None:
    ada = create_person(gallery=gallery, name="Ada")
    stored_photo(gallery, encoded_face(axis(0)), portrait_of=ada)
    nearest = stored_photo(gallery, encoded_face(near(1, 2, 0.02)), portrait_of=ada)
    answer = verify_person(person=ada, probe=encoded_face(axis(1)))
    assert answer.is_match
    assert answer.face is not None
    assert answer.face.photo == nearest
    assert answer.distance == pytest.approx(0.02, abs=1e-3)


def test_somebody_else_is_not_the_claimed_person(gallery: Gallery) -> None:
    ada = create_person(gallery=gallery, name="Ada")
    eve = create_person(gallery=gallery, name="Eve")
    stored_photo(gallery, encoded_face(axis(0)), portrait_of=ada)
    stored_photo(gallery, encoded_face(axis(1)), portrait_of=eve)
    assert not verify_person(person=ada, probe=encoded_face(axis(1))).is_match


def test_a_claimed_person_without_an_enrolled_face_is_an_error_that_says_so(gallery: Gallery) -> None:
    with pytest.raises(NoEmbeddingError, match="Ada has no enrolled face"):
        verify_person(person=create_person(gallery=gallery, name="Ada"), probe=encoded_face(axis(0)))


def test_a_stored_photo_is_compared_by_its_nearest_face_whosever_it_is(gallery: Gallery) -> None:
    photo = stored_photo(gallery, encoded_face(axis(0), left=0), encoded_face(axis(1), left=39))
    assert verify_photo(photo=photo, probe=encoded_face(axis(1))).is_match
    assert not verify_photo(photo=photo, probe=encoded_face(axis(2))).is_match


def test_two_probes_are_compared_without_a_gallery(gallery: Gallery) -> None:
    same = verify_faces(first=encoded_face(axis(0)), second=encoded_face(near(0, 1, 0.1)))
    other = verify_faces(first=encoded_face(axis(0)), second=encoded_face(axis(1)), gallery=gallery)
    assert (same.is_match, other.is_match, other.distance) == (True, False, 2.0)


def test_the_squared_distance_equals_a_loop() -> None:
    rng = np.random.default_rng(1)
    a, b = (rng.normal(size=128).astype(np.float32) for _ in range(2))
    assert squared_distance(a, b) == pytest.approx(sum((float(x) - float(y)) ** 2 for x, y in zip(a, b, strict=True)))


def test_embeddings_of_different_sizes_are_never_compared() -> None:
    with pytest.raises(InvalidRequestError, match="different dimensions"):
        squared_distance(axis(0), axis(0)[:64])


def test_a_photo_without_a_face_cannot_be_verified() -> None:
    with pytest.raises(NoFaceFoundError, match="in photo 2"):
        one_face(encoded_photo(), which="photo 2")


def test_of_two_equal_faces_none_is_meant_and_of_a_large_central_one_it_is() -> None:
    large = encoded_face(axis(0), left=20, size=60)
    corner = encoded_face(axis(1), left=0, top=0, size=15)
    with pytest.raises(SeveralFacesFoundError, match="2 faces in the probe"):
        one_face(
            encoded_photo(encoded_face(axis(0), left=0, size=50), encoded_face(axis(1), left=50, size=50)),
            which="the probe",
        )
    assert one_face(encoded_photo(large, corner), which="the probe") is large
