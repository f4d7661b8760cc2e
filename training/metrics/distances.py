"""Squared L2 distances between many embeddings, in blocks."""

from collections.abc import Iterator

import numpy as np

from training.metrics.curve import ErrorCurve
from training.metrics.types import Counts, Distances, Embeddings, Labels, Progress, ignore

MAX_DISTANCE = 4.0

GRID = 2.0**-18
"""How finely all-pairs counts resolve tau: 0.0000038. A power of two, so that scaling by it rounds nothing."""

_BINS = int(MAX_DISTANCE / GRID) + 1
_NO_PAIR = _BINS


def squared_distances(a: Embeddings, b: Embeddings) -> Distances:
    """Return ||a_i - b_j||² of every row of (A, D) with every row of (B, D): (A, B) float64, cut to 0..4.

    As |a|² + |b|² - 2ab in float64: right for rows that are of unit length only nearly (half precision), and off
    by no more than 1e-15.
    """
    first, second = a.astype(np.float64), b.astype(np.float64)
    products: Distances = first @ second.T  # (A, B)
    products *= -2.0
    products += np.einsum("ij,ij->i", first, first)[:, None]
    products += np.einsum("ij,ij->i", second, second)[None, :]
    return np.clip(products, 0.0, MAX_DISTANCE, out=products)


def row_distances(a: Embeddings, b: Embeddings) -> Distances:
    """Return ||a_i - b_i||² of row i of both (A, D) arrays: (A,) float64, cut to 0..4."""
    difference = a.astype(np.float64) - b.astype(np.float64)
    squares: Distances = np.einsum("ij,ij->i", difference, difference)  # (A,)
    return np.clip(squares, 0.0, MAX_DISTANCE, out=squares)


def all_pairs_curve(
    embeddings: Embeddings,
    people: Labels,
    *,
    block: int = 512,
    progress: Progress = ignore,
) -> ErrorCurve:
    """Compare every embedding with every other one and count matches at each step of `GRID`.

    The counts at the curve's taus are exact (`distance <= tau`, to the rounding of float64); memory stays at
    `block` rows of distances, whatever the number of pairs.

    Args:
        embeddings: (M, D), M at least 2.
        people: (M,) whose embedding each row is.
        block: rows compared at a time.
        progress: told how many rows were compared since the last call.

    Raises:
        ValueError: shapes do not fit, or there is no mated or no non-mated pair.
    """
    if embeddings.ndim != 2 or people.shape != embeddings.shape[:1]:
        raise ValueError(f"{embeddings.shape} embeddings need as many people, not {people.shape}.")
    mated = np.zeros(_BINS, dtype=np.int64)
    every = np.zeros(_BINS, dtype=np.int64)
    for start, bins in _blocks_of_bins(embeddings, block):
        same = people[start : start + len(bins), None] == people[None, start:]
        every += _counted(bins.ravel())
        mated += _counted(bins[same])
        progress(len(bins))
    non_mated = every - mated
    used = np.flatnonzero(every)
    return ErrorCurve(
        taus=(used * GRID).astype(np.float64),
        mated_matches=np.cumsum(mated)[used],
        non_mated_matches=np.cumsum(non_mated)[used],
        mated=int(mated.sum()),
        non_mated=int(non_mated.sum()),
    )


def _blocks_of_bins(embeddings: Embeddings, block: int) -> Iterator[tuple[int, Counts]]:
    """Yield (first row, bins of these rows against themselves and all later rows); each pair occurs once.

    Bin k holds the distances in ((k - 1) * GRID, k * GRID], so that a running sum counts `distance <= k * GRID`.
    """
    for start in range(0, len(embeddings), block):
        rows = embeddings[start : start + block]
        scaled = squared_distances(rows, embeddings[start:]) / GRID
        bins = np.ceil(scaled, out=scaled).astype(np.int64)
        bins[:, : len(rows)][np.tril_indices(len(rows))] = _NO_PAIR
        yield start, bins


def _counted(bins: Counts) -> Counts:
    return np.bincount(bins, minlength=_NO_PAIR + 1)[:_NO_PAIR].astype(np.int64)
