"""The nearest faces of other people by an exact product, a block of rows at a time."""

import numpy as np

from training.metrics.types import Counts, Distances, Embeddings, Progress, ignore
from training.mining.neighbors import Neighbors, as_stored, joined, ranked

BLOCK_BYTES = 32 << 20
"""Of distances that are looked at together."""

ROUNDING = 1e-5
"""Above what single precision errs by in a squared distance of unit vectors."""

GROUP = 64
"""Distances of which only the least is looked at to find out how near is near enough."""


def nearest_of_others(
    vectors: Embeddings, people: Counts, k: int, *, block_bytes: int = BLOCK_BYTES, progress: Progress = ignore
) -> Neighbors:
    """Return for each of M faces the k nearest ones of other people, with the values that the database keeps.

    A product in single precision says which ones may be among them, and these are compared exactly.

    Args:
        vectors: (M, D) of unit length.
        people: (M,) whose each is.
        k: at least 1.
        block_bytes: as `BLOCK_BYTES`.
        progress: told how many faces are done since the last call.
    """
    stored = as_stored(vectors)
    owners = np.unique(people, return_inverse=True)[1].astype(np.int32)
    squares = np.einsum("ij,ij->i", stored, stored)
    block = max(1, block_bytes // (4 * max(1, len(stored))))
    parts = []
    for first in range(0, len(stored), block):
        rows = slice(first, min(first + block, len(stored)))
        distances = squares - 2 * (stored[rows] @ stored.T)  # (R, M), short of each row's own square
        distances[owners[rows, None] == owners[None, :]] = np.inf
        near = distances <= np.minimum(_far_enough(distances, k) + ROUNDING, np.finfo(np.float32).max)[:, None]
        anchors, others = np.nonzero(near)
        faces = rows.stop - rows.start
        parts.append(ranked(stored, anchors + first, others, first=first, faces=faces, k=k))
        progress(faces)
    return joined(parts, k)


def _far_enough(distances: Embeddings, k: int) -> Distances:
    """Return a bound that at least k of each row's (R, M) distances do not exceed; infinite where there are fewer.

    The k-th least of the minima of groups is such a bound, and much sooner found than the k-th least of all. Groups
    take every so many columns, as faces of one person lie beside each other.
    """
    rows, count = distances.shape
    groups = count // GROUP
    if groups >= 4 * k:
        distances = distances[:, : groups * GROUP].reshape(rows, GROUP, groups).min(axis=1)
    elif count < k:
        return np.full(rows, np.inf)
    return np.partition(distances, k - 1, axis=1)[:, k - 1].astype(np.float64)
