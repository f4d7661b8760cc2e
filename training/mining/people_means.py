"""People as the means of their faces, in portions: memory is that of the means."""

import numpy as np

from training.metrics.types import Counts, Distances, Embeddings, Labels

FACES_AT_ONCE = 65_536


def means_of(vectors: Embeddings, owners: Labels, count: int) -> tuple[Distances, Counts]:
    """Return (N, D) means of the vectors of each of N owners, and how many there are; zeros where there is none."""
    sums = np.zeros((count, vectors.shape[1]))
    counts = np.bincount(owners, minlength=count).astype(np.int64)
    order = np.argsort(owners, kind="stable")
    for start in range(0, len(order), FACES_AT_ONCE):
        rows = order[start : start + FACES_AT_ONCE]
        names, starts = np.unique(owners[rows], return_index=True)
        sums[names] += np.add.reduceat(vectors[rows].astype(np.float64), starts)
    sums /= np.maximum(counts, 1)[:, None]
    return sums, counts


def own_distances(vectors: Embeddings, owners: Labels, means: Distances, counts: Counts) -> Distances:
    """Return how far each face is from the mean of its person's *other* faces: (M,) squared L2, NaN for an only one.

    ||x - m'|| = n / (n - 1) ||x - m|| for the mean m' of the n - 1 others.
    """
    squares = distances_from(vectors, owners, means)
    faces = counts[owners].astype(np.float64)
    own: Distances = np.divide(squares * faces**2, (faces - 1) ** 2, out=np.full(len(squares), np.nan), where=faces > 1)
    return own


def distances_from(vectors: Embeddings, owners: Labels, means: Distances) -> Distances:
    """Return how far each face is from the mean of its person: (M,) squared L2."""
    squares = np.empty(len(vectors))
    for start in range(0, len(vectors), FACES_AT_ONCE):
        part = slice(start, start + FACES_AT_ONCE)
        differences = vectors[part].astype(np.float64) - means[owners[part]]
        squares[part] = np.einsum("ij,ij->i", differences, differences)
    return squares


def places_of_each(owners: Labels, rng: np.random.Generator) -> tuple[Counts, Counts, Counts]:
    """Put each owner's faces in an order by chance.

    Returns:
        (M,) rows, owner by owner; (M,) the place of each among its owner's, from 0; (M,) how many the owner has.
    """
    shuffled = rng.permutation(len(owners))
    order = shuffled[np.argsort(owners[shuffled], kind="stable")].astype(np.int64)
    _, starts, sizes = np.unique(owners[order], return_index=True, return_counts=True)
    return order, np.arange(len(order)) - np.repeat(starts, sizes), np.repeat(sizes, sizes)
