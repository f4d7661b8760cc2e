"""Faces of people who look alike in pairs, for tests of mining."""

import numpy as np
import numpy.typing as npt

from training.metrics.types import Counts


def look_alikes(
    *, people: int, faces: int, seed: int = 0, dimension: int = 32, noise: float = 0.12, likeness: float = 0.15
) -> tuple[npt.NDArray[np.float32], Counts]:
    """Return (people * faces, dimension) unit vectors and whose they are, ids from 100 up; every two people are alike.

    Args:
        people: an even number.
        faces: of each.
        seed: of chance.
        dimension: of the vectors.
        noise: the length of what tells two faces of one person apart.
        likeness: the length of what tells two alike people apart; the others are some 1.4 apart.
    """
    rng = np.random.default_rng(seed)
    couples = np.repeat(_units(rng, people // 2, dimension), 2, axis=0)
    identities = np.repeat(couples + likeness * _units(rng, people, dimension), faces, axis=0)
    vectors = identities + noise * _units(rng, people * faces, dimension)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32), np.repeat(np.arange(100, 100 + people), faces).astype(np.int64)


def _units(rng: np.random.Generator, count: int, dimension: int) -> npt.NDArray[np.float64]:
    drawn = rng.standard_normal((count, dimension))
    units: npt.NDArray[np.float64] = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return units
