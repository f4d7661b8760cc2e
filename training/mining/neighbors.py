"""The nearest faces of other people."""

from dataclasses import dataclass

import numpy as np

from training.metrics.distances import row_distances
from training.metrics.types import Counts, Distances, Embeddings

NOBODY = -1
"""In the place of a neighbor that is not there."""

PAIRS_AT_ONCE = 8192


@dataclass(frozen=True, eq=False)
class Neighbors:
    """For each of M faces its nearest faces of other people, the nearest first; at equal distance the lower row.

    Attributes:
        rows: (M, k) int64, rows of the same M faces; NOBODY where there are fewer.
        distances: (M, k) float64 squared L2; infinite where there is nobody.
    """

    rows: Counts
    distances: Distances


def as_stored(vectors: Embeddings) -> Embeddings:
    """Return (M, D) float32 with the values that they have in the database, which keeps halves.

    Squared distances of such vectors are exact in float64, in whatever way they are summed: halves up to 1 are whole
    multiples of 2**-24, so their products are of 2**-48, and a sum up to 4 of these fits into 53 bits. That is why all
    ways of finding neighbors agree to the last bit, ties included.
    """
    return vectors.astype(np.float16).astype(np.float32)


def nobody(faces: int, k: int) -> Neighbors:
    """Return what there is where nobody has a neighbor."""
    return Neighbors(np.full((faces, k), NOBODY, dtype=np.int64), np.full((faces, k), np.inf))


def ranked(stored: Embeddings, anchors: Counts, others: Counts, *, first: int, faces: int, k: int) -> Neighbors:
    """Return the nearest of the given pairs, for some of the faces.

    Args:
        stored: (M, D), from `as_stored`.
        anchors: (E,) rows from `first` to `first + faces`, in any order.
        others: (E,) rows; each pair at most once.
        first: the first face that is asked about.
        faces: how many are asked about.
        k: how many of each one's pairs are kept.

    Returns:
        Neighbors of these faces, (faces, k).
    """
    distances = np.empty(len(anchors))
    for start in range(0, len(anchors), PAIRS_AT_ONCE):
        part = slice(start, start + PAIRS_AT_ONCE)
        distances[part] = row_distances(stored[anchors[part]], stored[others[part]])
    order = np.lexsort((others, distances, anchors))
    anchors, others, distances = anchors[order] - first, others[order], distances[order]
    begins = np.searchsorted(anchors, np.arange(faces))
    rank = np.arange(len(anchors)) - begins[anchors]
    kept = rank < k
    found = nobody(faces, k)
    found.rows[anchors[kept], rank[kept]] = others[kept]
    found.distances[anchors[kept], rank[kept]] = distances[kept]
    return found


def joined(parts: list[Neighbors], k: int) -> Neighbors:
    """Return the neighbors of several portions of the faces, one below the other."""
    empty = nobody(0, k)
    return Neighbors(
        np.concatenate([empty.rows, *(part.rows for part in parts)]),
        np.concatenate([empty.distances, *(part.distances for part in parts)]),
    )
