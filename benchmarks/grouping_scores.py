"""How well groups of faces fit the people, and other ways to group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import pdist

Labels: TypeAlias = npt.NDArray[np.int64]
Vectors: TypeAlias = npt.NDArray[np.float32]

BLOCK = 1000


@dataclass(frozen=True)
class Scores:
    """Of all pairs of faces in one group the share of the same person (precision), of all pairs of one person's the
    share in one group (recall); BCubed: the same for each face, averaged over faces (Bagga and Baldwin, 1998).

    `groups` counts those of two faces or more, `people` those with two faces or more.
    """

    precision: float
    recall: float
    bcubed_precision: float
    bcubed_recall: float
    groups: int
    people: int
    largest: int

    @property
    def f(self) -> float:
        """The harmonic mean over pairs."""
        return _harmonic(self.precision, self.recall)

    @property
    def bcubed_f(self) -> float:
        """The harmonic mean over faces."""
        return _harmonic(self.bcubed_precision, self.bcubed_recall)


def _harmonic(first: float, second: float) -> float:
    return 2 * first * second / (first + second) if first + second else 0.0


def scores(groups: Labels, people: Labels) -> Scores:
    """Compare groups with people, (M,) labels each; a face that is in no group has a label of its own."""
    _, group = np.unique(groups, return_inverse=True)
    _, person = np.unique(people, return_inverse=True)
    cells = coo_matrix((np.ones(len(group)), (group, person))).tocsr().tocoo()
    both, in_group, of_person = cells.data, np.bincount(group), np.bincount(person)
    together = _pairs(both).sum()
    return Scores(
        precision=float(together / max(_pairs(in_group).sum(), 1)),
        recall=float(together / max(_pairs(of_person).sum(), 1)),
        bcubed_precision=float((both**2 / in_group[cells.row]).sum() / len(group)),
        bcubed_recall=float((both**2 / of_person[cells.col]).sum() / len(group)),
        groups=int((in_group > 1).sum()),
        people=int((of_person > 1).sum()),
        largest=int(in_group.max()),
    )


def _pairs(counts: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
    numbers = counts.astype(np.float64)
    return numbers * (numbers - 1) / 2


def pairs_within(vectors: Vectors, tau: float) -> csr_matrix:
    """Return a sparse (M, M) matrix with the distance of each pair within tau, both ways."""
    rows, columns, values = [], [], []
    for start in range(0, len(vectors), BLOCK):
        distances = 2 - 2 * vectors[start : start + BLOCK] @ vectors.T
        first, second = np.nonzero(distances <= tau)
        keep = first + start != second
        rows.append(first[keep] + start)
        columns.append(second[keep])
        values.append(np.maximum(distances[first[keep], second[keep]], 1e-9))
    size = len(vectors)
    return csr_matrix((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=(size, size))


def components(graph: csr_matrix, tau: float) -> Labels:
    """Whoever is within tau of anybody in a group is in it."""
    return np.asarray(connected_components(_within(graph, tau), directed=False)[1], dtype=np.int64)


def _within(graph: csr_matrix, tau: float) -> csr_matrix:
    pairs = graph.tocoo()
    keep = pairs.data <= tau
    return csr_matrix((pairs.data[keep], (pairs.row[keep], pairs.col[keep])), shape=graph.shape)


def dbscan(graph: csr_matrix, tau: float, *, core: int) -> Labels:
    """Ester and others, 1996: faces with `core` neighbors within tau hold groups together; others belong to one.

    A neighbor that is no core itself joins the group of its nearest core.
    """
    near = _within(graph, tau)
    is_core = np.diff(near.indptr) >= core
    among = near[is_core][:, is_core]
    labels = np.arange(len(is_core), dtype=np.int64) + len(is_core)
    labels[is_core] = connected_components(among, directed=False)[1]
    for face in np.flatnonzero(~is_core):
        others = near.indices[near.indptr[face] : near.indptr[face + 1]]
        distances = near.data[near.indptr[face] : near.indptr[face + 1]]
        if is_core[others].any():
            labels[face] = labels[others[is_core[others]][distances[is_core[others]].argmin()]]
    return labels


def full_average_linkage(vectors: Vectors, tau: float) -> Labels:
    """Average linkage over all pairs, by scipy: M (M - 1) / 2 distances in memory."""
    tree = linkage(pdist(vectors.astype(np.float64), "sqeuclidean"), "average")
    return np.asarray(fcluster(tree, tau, "distance"), dtype=np.int64)
