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


def test_a_person_is_verified_by_the_mean_of_their_faces_and_the_nearest_one_is_shown(gallery: Gallery) -> None:
    ada = create_person(gallery=gallery, name="Ada")
    stored_photo(gallery, encoded_face(near(1, 2, 0.06)), portrait_of=ada)
    nearest = stored_photo(gallery, encoded_face(near(1, 3, 0.02)), portrait_of=ada)
    answer = verify_person(person=ada, probe=encoded_face(axis(1)))
    mean = near(1, 2, 0.06).astype(np.float64) + near(1, 3, 0.02)
    expected = squared_distance(axis(1), (mean / np.linalg.norm(mean)).astype(np.float32))
    assert answer.is_match
    assert answer.compares == "person"
    assert answer.distance == pytest.approx(expected, abs=1e-3)
    assert answer.face is not None
    assert answer.face.photo == nearest
    assert answer.face_distance == pytest.approx(0.02, abs=1e-3)
    assert answer.template is not None
    assert (answer.template.faces, answer.template.left_out) == (2, 0)


def test_a_face_that_is_far_from_a_persons_others_does_not_verify_who_it_shows(gallery: Gallery) -> None:
    ada = create_person(gallery=gallery, name="Ada")
    for toward in (2, 3, 4):
        stored_photo(gallery, encoded_face(near(1, toward, 0.02)), portrait_of=ada)
    stored_photo(gallery, encoded_face(axis(9)), portrait_of=ada)
    answer = verify_person(person=ada, probe=encoded_face(axis(9)))
    assert answer.template is not None
    assert answer.template.left_out == 1
    assert answer.face_distance == pytest.approx(0, abs=1e-3)
    assert not answer.is_match


def test_the_same_tau_stands_for_another_error_rate_against_a_person_than_against_a_photo(gallery: Gallery) -> None:
    ada = create_person(gallery=gallery, name="Ada")
    photo = stored_photo(gallery, encoded_face(axis(0)), portrait_of=ada)
    probe = encoded_face(axis(0))
    person, stored = verify_person(person=ada, probe=probe), verify_photo(photo=photo, probe=probe)
    uploads = verify_faces(first=probe, second=probe, gallery=gallery)
    rates = [answer.error_rate for answer in (person, stored, uploads)]
    assert person.tau == stored.tau == uploads.tau
    measured = person.tau.threshold.measured
    assert [rate.value for rate in rates if rate] == [measured[name]["value"] for name in ("fmr", *2 * ["fmr_photo"])]


def test_somebody_else_is_not_the_claimed_person(gallery: Gallery) -> None:
    ada = create_person(gallery=gallery, name="Ada")
    eve = create_person(gallery=gallery, name="Eve")
    stored_photo(gallery, encoded_face(axis(0)), portrait_of=ada)
    stored_photo(gallery, encoded_face(axis(1)), portrait_of=eve)
    assert not verify_person(person=ada, probe=encoded_face(axis(1))).is_match


def test_a_claimed_person_without_an_enrolled_face_is_an_error_that_says_so(gallery: Gallery) -> None:
    with pytest.raises(NoEmbeddingError, match="Ada has no enrolled face"):
        verify_person(person=create_person(gallery=gallery, name="Ada"), probe=encoded_face(axis(0)))


def test_a_stored_photo_is_compared_by_the_one_face_it_is_about(gallery: Gallery) -> None:
    large, corner = encoded_face(axis(0), left=20, size=60), encoded_face(axis(1), left=0, top=0, size=15)
    photo = stored_photo(gallery, large, corner)
    same, other = (verify_photo(photo=photo, probe=encoded_face(axis(index))) for index in (0, 1))
    assert (same.is_match, same.compares, same.face_distance) == (True, "photo", same.distance)
    assert not other.is_match
    assert other.face == same.face


def test_a_stored_photo_of_several_faces_that_may_be_meant_is_refused(gallery: Gallery) -> None:
    photo = stored_photo(gallery, encoded_face(axis(0), left=0, size=50), encoded_face(axis(1), left=50, size=50))
    with pytest.raises(SeveralFacesFoundError, match=f"2 faces in photo {photo.pk}, .* the person whose face it is"):
        verify_photo(photo=photo, probe=encoded_face(axis(1)))


def test_a_stored_photo_without_a_face_is_an_error_that_says_so(gallery: Gallery) -> None:
    with pytest.raises(NoEmbeddingError, match="no encoded face"):
        verify_photo(photo=stored_photo(gallery), probe=encoded_face(axis(1)))


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
