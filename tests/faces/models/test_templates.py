"""The database makes the templates that `encoder.templates` defines."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from encoder.templates import template
from faces.models import Person, Template
from tests import factories
from tests.factories import GOOD_QUALITY, Vector, at_distance, axis

pytestmark = pytest.mark.django_db

HALF = 2.0**-11
"""How far rounding to half precision moves a number below 1."""


def enroll(person: Person, vectors: npt.NDArray[np.float32], qualities: npt.NDArray[np.float64]) -> None:
    """One face a vector, all in one photo."""
    photo = factories.photo(gallery=person.gallery)
    for vector, quality in zip(vectors, qualities, strict=True):
        face = factories.face(photo=photo, person=person, quality=replace(GOOD_QUALITY, score=float(quality)))
        factories.embedding(face=face, vector=vector)


def scattered(rng: np.random.Generator, count: int, strangers: int) -> npt.NDArray[np.float32]:
    """Unit vectors around one direction, some closer than others, and a few around none: (count, D)."""
    vectors = rng.normal(size=(count, factories.DIMENSION)) * rng.uniform(0.01, 0.06, size=(count, 1))
    vectors[:, 0] += 1
    vectors[:strangers] = rng.normal(size=(strangers, factories.DIMENSION))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return rng.permutation(vectors).astype(np.float32).astype(np.float16).astype(np.float32)


def stored(person: Person) -> tuple[Vector, int, int]:
    """The vector, and how many faces it is of and how many it is not of."""
    row = Template.objects.get(person=person)
    return np.array(row.vector, dtype=np.float32), row.faces, row.left_out


@pytest.mark.parametrize("strangers", [0, 1, 3])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 7, 12, 25])
def test_the_database_makes_what_the_definition_says(count: int, strangers: int) -> None:
    rng = np.random.default_rng(100 * strangers + count)
    gallery = factories.gallery()
    for _ in range(2):
        person = factories.person(gallery=gallery)
        vectors, qualities = scattered(rng, count, min(strangers, count)), rng.uniform(size=count)
        enroll(person, vectors, qualities)
        expected = template(vectors, qualities)
        vector, faces, left_out = stored(person)

        np.testing.assert_allclose(vector, expected.vector, atol=HALF)
        assert (faces, left_out) == (expected.kept.sum(), (~expected.kept).sum())


def test_a_wrong_label_among_three_is_left_out() -> None:
    person = factories.person()
    near, stranger = at_distance(0.05), axis(2)
    enroll(person, np.stack([axis(0), stranger, near]), np.full(3, 0.9))
    vector, faces, left_out = stored(person)

    assert (faces, left_out) == (2, 1)
    np.testing.assert_allclose(vector, (axis(0) + near) / np.linalg.norm(axis(0) + near), atol=HALF)


@pytest.mark.parametrize(("distance", "left_out"), [(0.115, 0), (0.125, 1)])
def test_photos_of_one_moment_make_no_outlier_of_another_photo_of_the_same_person(
    distance: float, left_out: int
) -> None:
    person = factories.person()
    enroll(person, np.stack([axis(0), axis(0), at_distance(distance), axis(0)]), np.full(4, 0.9))

    assert stored(person)[2] == left_out


def test_a_face_of_better_quality_weighs_more() -> None:
    person = factories.person()
    enroll(person, np.stack([axis(0), axis(1)]), np.array([0.8, 0.4]))

    np.testing.assert_allclose(stored(person)[0][:2], np.array([2, 1]) / np.sqrt(5), atol=HALF)


def test_faces_without_any_quality_have_a_template_too() -> None:
    person = factories.person()
    enroll(person, np.stack([axis(0), axis(1)]), np.zeros(2))

    np.testing.assert_allclose(stored(person)[0][:2], np.sqrt([0.5, 0.5]), atol=HALF)
