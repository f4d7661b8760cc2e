"""People in numbers: embeddings of people who scatter, with mistakes among their names."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.label_noise_planted import Planted, plant

Vectors = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]

SPREAD = 0.018
"""Along each of 128 axes: squared distances of one person's photos are 0.08 on average, as real ones."""


def crowd(rng: np.random.Generator, photos: Labels, *, spread: float = SPREAD) -> tuple[Vectors, Labels]:
    """(M, 128) of unit length of people with so many photos each, and (M,) whose; strangers are 0.4 apart or so."""
    owners = np.repeat(np.arange(len(photos)), photos)
    common = rng.normal(size=128)
    centers = 2.0 * common / np.linalg.norm(common) + rng.normal(size=(len(photos), 128)) / np.sqrt(128)
    centers /= np.linalg.norm(centers, axis=1, keepdims=True)
    vectors = centers[owners] + spread * rng.normal(size=(len(owners), 128))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32), owners.astype(np.int64)


@dataclass(frozen=True, eq=False)
class Mistaken:
    """A crowd with mistakes among its names."""

    vectors: Vectors
    planted: Planted

    @property
    def names(self) -> Labels:
        """(M,) whose each face is said to be."""
        return self.planted.names


def mistaken_crowd(seed: int, *, count: int = 120, twice: int = 6, wrong: int = 6) -> Mistaken:
    """Some people with three to eight photos, of whom some are there twice and some photos are under a wrong name."""
    rng = np.random.default_rng(seed)
    vectors, owners = crowd(rng, rng.integers(3, 9, count))
    planted = plant(owners, rng, count=count, twice=twice, wrong=wrong)
    return Mistaken(vectors[planted.rows], planted)
