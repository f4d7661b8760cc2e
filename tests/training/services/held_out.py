"""People who are held out from a made-up training: rows in the database beside vectors of two versions."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faces.models import EncoderVersion, Gallery
from tests import factories
from tests.training.models.factories import run as new_run
from training.mining.sets import Part, TrainingSet
from training.models import TrainingRun

Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class HeldOut:
    """A run, its candidate, and everything that is judged."""

    gallery: Gallery
    run: TrainingRun
    candidate: EncoderVersion
    training_set: TrainingSet
    parent_vectors: Vectors
    candidate_vectors: Vectors


def unit(vectors: npt.NDArray[np.float64]) -> Vectors:
    """Rows of length 1."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def held_out(
    people: int = 30,
    photos: int = 3,
    *,
    before: float = 0.6,
    after: float = 0.6,
    dimension: int = 16,
    seed: int = 4,
    trained_on: int = 2,
) -> HeldOut:
    """So many held-out people; the larger `before` and `after`, the farther apart the version has each one's faces.

    Both versions see the same people with the same peculiarities. The first `trained_on` people are not held out.
    """
    gallery = factories.gallery()
    run = new_run(gallery=gallery)
    rng = np.random.default_rng(seed)
    count = trained_on + people
    rows = [factories.person(gallery=gallery) for _ in range(count)]
    labels = np.repeat(np.arange(count), photos)
    faces = [factories.face(person=rows[label], photo=factories.photo(gallery=gallery)) for label in labels]
    centers, noise = rng.normal(size=(count, dimension)), rng.normal(size=(len(labels), dimension))
    vectors = [unit(centers[labels] + much * noise) for much in (before, after)]
    is_held_out = labels >= trained_on
    return HeldOut(
        gallery=gallery,
        run=run,
        candidate=factories.encoder_version(state=EncoderVersion.State.CANDIDATE, parent=run.parent),
        training_set=TrainingSet(
            faces=np.array([face.pk for face in faces]),
            people=np.array([rows[label].pk for label in labels]),
            parts=np.where(is_held_out, Part.HELD_OUT, Part.TRAINED_ON).astype(np.int8),
            crops=np.zeros((len(labels), 1, 1, 3), dtype=np.uint8),
        ),
        parent_vectors=vectors[0][is_held_out],
        candidate_vectors=vectors[1][is_held_out],
    )
