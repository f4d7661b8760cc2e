"""Comparisons of different people that are worth keeping: all of the near ones, and a sample of the others."""

from dataclasses import dataclass, field

import numpy as np

from training.metrics.distances import row_distances
from training.metrics.evidence import Comparisons
from training.metrics.types import Counts, Distances, Labels
from training.services.enrolled import Vectors

ROWS_AT_ONCE = 32_768


def exact_distances(a: Vectors, rows: Counts, b: Vectors, columns: Counts) -> Distances:
    """Return the distance of row `rows[e]` of (A, D) to row `columns[e]` of (B, D): (E,) float64."""
    distances = np.empty(len(rows))
    for start in range(0, len(rows), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        distances[part] = row_distances(a[rows[part]], b[columns[part]])
    return distances


@dataclass
class NearPairs:
    """Collects (probe, other, distance) within a limit that becomes narrower where too many are found.

    Attributes:
        limit: all pairs that were added within it are still here.
        most: how many are kept.
    """

    limit: float
    most: int
    _parts: list[tuple[Counts, Counts, Distances]] = field(default_factory=list)
    _count: int = 0

    def add(self, probes: Counts, others: Counts, distances: Distances) -> None:
        """Take in those within the limit; three arrays of one length."""
        within = distances <= self.limit
        self._parts.append((probes[within], others[within], distances[within]))
        self._count += int(within.sum())
        if self._count > 1.5 * self.most:
            self._become_narrower()

    def all(self) -> tuple[Counts, Counts, Distances]:
        """Return (E,) probes, others and distances, nearest first."""
        if self._count > self.most:
            self._become_narrower()
        probes, others, distances = self._joined()
        order = np.argsort(distances, kind="stable")
        return probes[order], others[order], distances[order]

    def _joined(self) -> tuple[Counts, Counts, Distances]:
        none = np.empty(0, dtype=np.int64)
        parts = [(none, none, np.empty(0)), *self._parts]
        probes, others, distances = (np.concatenate(column) for column in zip(*parts, strict=True))
        return probes, others, distances

    def _become_narrower(self) -> None:
        probes, others, distances = self._joined()
        limit = float(np.partition(distances, self.most - 1)[self.most - 1])
        # Ties would let the limit keep more than `most`, and must not be cut in two.
        if np.count_nonzero(distances <= limit) > 1.5 * self.most:
            limit = float(np.nextafter(limit, -1.0))
        kept = distances <= limit
        self.limit = limit
        self._parts = [(probes[kept], others[kept], distances[kept])]
        self._count = int(kept.sum())


@dataclass
class FarDraws:
    """Pairs that were drawn before anything was compared, in the order of `others`.

    Attributes:
        probes: (E,).
        others: (E,) places, ascending.
        distances: (E,) float64, as far as they were measured; NaN before.
    """

    probes: Counts
    others: Counts
    distances: Distances

    @classmethod
    def of(cls, probes: int, others: int, *, each: int, rng: np.random.Generator) -> "FarDraws":
        """Draw `each` of the others for each probe, with replacement."""
        drawn = np.repeat(np.arange(probes), each)
        places = rng.integers(0, others, len(drawn))
        order = np.argsort(places, kind="stable")
        return cls(drawn[order], places[order], np.full(len(drawn), np.nan))

    def measure(self, vectors: Vectors, block: Vectors, start: int) -> None:
        """Compare the draws that fall into a block of the others; `vectors` are those of the probes."""
        first, end = np.searchsorted(self.others, [start, start + len(block)])
        part = slice(int(first), int(end))
        self.distances[part] = exact_distances(vectors, self.probes[part], block, self.others[part] - start)

    def only(self, rows: Counts) -> "FarDraws":
        """Return some of them."""
        return FarDraws(self.probes[rows], self.others[rows], self.distances[rows])


def weighed(near: Comparisons, far: Comparisons) -> Comparisons:
    """Return all near comparisons, and far ones that stand for all others.

    A person's far ones share what the person's near ones leave of the trials. Who has far comparisons of which none was
    drawn (nearly everybody is near) is stood for by everybody else's, so that the sum is right.

    Args:
        near: every comparison within some distance, each of weight 1; `trials` is what `Comparisons` says.
        far: drawn beyond that distance, for each person at random; its weights and trials mean nothing.
    """
    rest = near.trials - np.bincount(near.first, minlength=len(near.trials))  # (P,)
    drawn = np.bincount(far.first, minlength=len(near.trials))
    weights = np.divide(rest, drawn, out=np.zeros_like(rest), where=drawn > 0)[far.first]
    if len(weights):
        weights *= rest.sum() / weights.sum() if weights.sum() else 0.0
    return sorted_comparisons(
        np.concatenate([near.first, far.first]),
        np.concatenate([near.second, far.second]),
        np.concatenate([near.distances, far.distances]),
        np.concatenate([near.weights, weights]),
        near.trials,
    )


def sorted_comparisons(
    first: Labels, second: Labels, distances: Distances, weights: Distances, trials: Distances
) -> Comparisons:
    """Return comparisons with the nearest first."""
    order = np.argsort(distances, kind="stable")
    return Comparisons(first[order], second[order], distances[order], weights[order], trials)
