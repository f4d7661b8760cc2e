"""What there is to be found: for some faces of a training set the nearest ones of other people, by comparing all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.metrics.distances import squared_distances
from training.metrics.types import Counts, Distances, Embeddings, Mask
from training.mining.neighbors import as_stored

AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class Truth:
    """The k nearest faces of other people of A anchors.

    Attributes:
        anchors: (A,) rows, ascending.
        rows: (A, k) the nearest first.
        is_hard: (A, k) whether each is no farther than the anchor's farthest photo of the same person.
        faces: how many there are.
    """

    anchors: Counts
    rows: Counts
    is_hard: Mask
    faces: int

    @classmethod
    def of(cls, vectors: Embeddings, people: Counts, anchors: Counts, k: int) -> Truth:
        """Compare (A,) anchors with all of (M, D) vectors."""
        stored = as_stored(vectors)
        rows, hard = [], []
        for start in range(0, len(anchors), AT_ONCE):
            part = anchors[start : start + AT_ONCE]
            distances = squared_distances(stored[part], stored)
            same = people[part, None] == people[None, :]
            farthest = np.where(same, distances, 0.0).max(axis=1)
            nearest, their_distances = _nearest(np.where(same, np.inf, distances), k)
            rows.append(nearest)
            hard.append(their_distances <= farthest[:, None])
        return cls(anchors, np.concatenate(rows), np.concatenate(hard), len(vectors))

    def found(self, asked: Counts, anchors: Counts, others: Counts) -> tuple[float, float]:
        """Return the shares of the nearest, and of the hard ones among them, that are in a list of pairs.

        Args:
            asked: (Q,) rows of the faces that were asked about; of the anchors here those count that are among them.
            anchors: (E,) rows, one of `asked` for each pair that was found.
            others: (E,) rows that were found for them.
        """
        here = np.isin(self.anchors, asked)
        expected = self.anchors[here, None] * self.faces + self.rows[here]
        found = np.isin(expected, anchors * self.faces + others)
        hard = self.is_hard[here]
        return float(found.mean()), float(found[hard].mean()) if hard.any() else float("nan")


def _nearest(distances: Distances, k: int) -> tuple[Counts, Distances]:
    """The k least of each row, the least first; by column where they are equal."""
    rows = np.empty((len(distances), k), dtype=np.int64)
    bounds = np.partition(distances, k - 1, axis=1)[:, k - 1]
    for row, (values, bound) in enumerate(zip(distances, bounds, strict=True)):
        near = np.flatnonzero(values <= bound)
        rows[row] = near[np.lexsort((near, values[near]))][:k]
    return rows, np.take_along_axis(distances, rows, axis=1)
