"""Which pairs of held-out faces a report keeps: those that changed most, and those that were hardest for the parent."""

from dataclasses import dataclass, field

import numpy as np

from training.metrics.distances import squared_distances
from training.metrics.types import Counts, Distances, Labels
from training.services.changed_pairs import ChangedPair
from training.services.enrolled import Vectors
from training.services.held_out_faces import HeldOutFaces

ROWS_AT_ONCE = 256

MOST = {"closer": 60, "apart": 60, "hardest": 200}
"""Of each kind. A dozen are shown; the hardest for the parent are the same in all its runs, so that two can be compared
by them."""


def most_changed(held_out: HeldOutFaces, before: Vectors, after: Vectors) -> list[ChangedPair]:
    """Return pairs of faces of different photos, each once; of two people (or of one person) one pair of each list.

    Args:
        held_out: the faces.
        before: (H, D) by the parent.
        after: (H, D) by the candidate.
    """
    collectors = [_Collector(is_mated, by, most) for is_mated in (True, False) for by, most in MOST.items()]
    places = np.arange(len(held_out))
    for start in range(0, len(held_out), ROWS_AT_ONCE):
        rows = places[start : start + ROWS_AT_ONCE]
        old, new = squared_distances(before[rows], before), squared_distances(after[rows], after)
        is_same = held_out.people[rows, None] == held_out.people[None, :]
        counts = (rows[:, None] < places[None, :]) & (held_out.photos[rows, None] != held_out.photos[None, :])
        for collector in collectors:
            first, second = np.nonzero(counts & (is_same == collector.is_mated))
            collector.add(held_out.people, rows[first], second, old[first, second], new[first, second])
    kept = {
        (first, second): ChangedPair(
            int(held_out.faces[first]), int(held_out.faces[second]), collector.is_mated, float(one), float(other)
        )
        for collector in collectors
        for first, second, one, other in zip(*collector.kept, strict=True)
    }
    return list(kept.values())


@dataclass
class _Collector:
    """Keeps the best pairs of one kind.

    Attributes:
        is_mated: of which kind.
        by: "closer" and "apart" by how the distance changed; "hardest" by the distance before.
        most: how many.
        kept: two places, the distance before and after, the best first.
    """

    is_mated: bool
    by: str
    most: int
    kept: tuple[Counts, Counts, Distances, Distances] = field(
        default_factory=lambda: (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0))
    )

    def add(self, people: Labels, first: Counts, second: Counts, before: Distances, after: Distances) -> None:
        """Take in some pairs."""
        fits = self._fits(before, after)
        new = (first[fits], second[fits], before[fits], after[fits])
        columns = [np.concatenate(column) for column in zip(self.kept, new, strict=True)]
        order = np.argsort(self._merit(columns[2], columns[3]), kind="stable")
        chosen = self._one_of_each(people[columns[0][order]], people[columns[1][order]], order)
        one, other, old, later = (column[chosen] for column in columns)
        self.kept = one, other, old, later

    def _fits(self, before: Distances, after: Distances) -> Counts:
        """Return which pairs go the right way, and are not surely too many."""
        merit = self._merit(before, after)
        fits = np.flatnonzero(merit < 0) if self.by != "hardest" else np.arange(len(merit))
        if len(self.kept[0]) >= self.most:
            fits = fits[merit[fits] < self._merit(self.kept[2][-1:], self.kept[3][-1:])[0]]
        return fits

    def _merit(self, before: Distances, after: Distances) -> Distances:
        """Return the smaller the better."""
        if self.by == "hardest":
            return -before if self.is_mated else before
        return after - before if self.by == "closer" else before - after

    def _one_of_each(self, first: Labels, second: Labels, order: Counts) -> Counts:
        pairs = np.column_stack([np.minimum(first, second), np.maximum(first, second)])
        _, earliest = np.unique(pairs, axis=0, return_index=True)
        return order[np.sort(earliest)[: self.most]]
