"""Embeddings of 512 numbers are searched as those of 128 are: against all distances, computed one by one."""

import numpy as np
import pytest
from django.db import IntegrityError, transaction

from faces.exceptions import InvalidRequestError
from faces.models import Gallery, Threshold
from faces.services.recognition import recognize
from faces.services.thresholds import set_tau
from faces.services.verification import verify_person
from tests import factories
from tests.faces.builders import encoded_face

pytestmark = pytest.mark.django_db

PEOPLE, PHOTOS_EACH = 12, 2


def gallery_of(dimension: int) -> Gallery:
    """A gallery whose encoder makes vectors of this size, with taus."""
    version = factories.encoder_version(dimension=dimension)
    for use in Threshold.Use:
        set_tau(gallery=None, encoder_version=version, use=use, tau=1.0, reason="test", user=None)
    return factories.gallery(encoder_version=version)


def unit_vectors(count: int, dimension: int, *, seed: int) -> np.ndarray:
    """(count, dimension) float32 of unit length, all numbers exact in half precision."""
    vectors = np.random.default_rng(seed).normal(size=(count, dimension))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float16).astype(np.float32)


def fill(gallery: Gallery, dimension: int) -> dict[str, list[np.ndarray]]:
    """People with random vectors, by name."""
    vectors = iter(unit_vectors(PEOPLE * PHOTOS_EACH, dimension, seed=dimension))
    filled: dict[str, list[np.ndarray]] = {}
    for number in range(PEOPLE):
        person = factories.person(gallery=gallery, name=f"Person {number}")
        filled[person.name] = [next(vectors) for _ in range(PHOTOS_EACH)]
        for vector in filled[person.name]:
            factories.face(person=person, vector=vector)
    return filled


def mean_of(vectors: list[np.ndarray]) -> np.ndarray:
    """The template of a person with two photos of one quality."""
    mean = (vectors[0] + vectors[1]) / 2
    return np.asarray(mean / np.linalg.norm(mean))


def squared_distance(one: np.ndarray, other: np.ndarray) -> float:
    return float(sum((float(a) - float(b)) ** 2 for a, b in zip(one, other, strict=True)))


@pytest.mark.parametrize("dimension", [512, 128, 64])
def test_the_nearest_people_are_those_of_all_distances_computed_one_by_one(dimension: int) -> None:
    gallery = gallery_of(dimension)
    fill(gallery_of(640 - dimension), 640 - dimension)  # vectors of another size in the same table
    filled = fill(gallery, dimension)
    probe = unit_vectors(1, dimension, seed=1)[0]
    expected = sorted((squared_distance(probe, mean_of(vectors)), name) for name, vectors in filled.items())
    (answer,) = recognize(gallery=gallery, probes=[encoded_face(probe)], limit=PEOPLE)
    found = [(candidate.distance, str(candidate.face.person)) for candidate in answer.candidates]
    assert [name for _, name in found] == [name for _, name in expected]
    assert [distance for distance, _ in found] == pytest.approx([distance for distance, _ in expected], abs=1e-3)
    for candidate in answer.candidates[:2]:
        assert candidate.face.person is not None
        verified = verify_person(person=candidate.face.person, probe=encoded_face(probe))
        shown = np.array(candidate.face.embeddings.get().vector)  # the nearest of the person's faces
        assert verified.face == candidate.face
        assert verified.face_distance == pytest.approx(squared_distance(probe, shown), abs=1e-4)
        assert verified.distance == pytest.approx(candidate.distance, abs=1e-4)  # both to the template


def test_a_probe_of_another_size_is_refused_in_words() -> None:
    gallery = gallery_of(512)
    with pytest.raises(InvalidRequestError, match=r"The probe has 128 numbers; version .* has 512"):
        recognize(gallery=gallery, probes=[encoded_face(factories.axis(0))])


@pytest.mark.parametrize(("dimension", "wrong"), [(512, 128), (128, 512), (512, 511)])
def test_the_database_refuses_a_vector_of_another_size_than_its_versions(dimension: int, wrong: int) -> None:
    person = factories.person(gallery=gallery_of(dimension))
    with transaction.atomic(), pytest.raises(IntegrityError, match="another dimension than its encoder version"):
        factories.face(person=person, vector=factories.axis(0, dimension=wrong))
