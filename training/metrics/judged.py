"""Comparisons with their truth, weighted so that the two kinds count the same: what a probability is made from."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from training.metrics.evidence import Comparisons, Searches
from training.metrics.types import Distances, Labels, Mask

STEP = 2.0**-12
"""How finely distances are put together before a curve is fitted: 0.00024."""


@dataclass(frozen=True, eq=False)
class Judged:
    """Comparisons or searches, and whether the answer "the same person" (or "the nearest one") is right.

    Attributes:
        distances: (E,) float64.
        is_right: (E,) whether it is.
        is_mated: (E,) whose kind it counts with: a search for somebody who is enrolled may find another.
        first: (E,) whose face was compared.
        second: (E,) with whose face or template; `first` in searches, where the gallery is what it is.
        weights: (E,) that sum to 1/2 among the mated, where every person counts the same, and to 1/2 among the others.
    """

    distances: Distances
    is_right: Mask
    is_mated: Mask
    first: Labels
    second: Labels
    weights: Distances

    @classmethod
    def of_comparisons(cls, mated: Comparisons, non_mated: Comparisons, among: Mask) -> Self:
        """Return those between people `among` (P,)."""
        kinds = [_kept(comparisons, among) for comparisons in (mated, non_mated)]
        first, second, distances, weights = (np.concatenate(columns) for columns in zip(*kinds, strict=True))
        is_mated = np.arange(len(first)) < len(kinds[0][0])
        weights[is_mated] = _people_alike(weights[is_mated], first[is_mated])
        return cls(distances, is_mated, is_mated, first, second, _halves(weights, is_mated))

    @classmethod
    def of_searches(cls, searches: Searches, among: Mask) -> Self:
        """Return the searches for faces of people `among` (P,): once with the person enrolled, once without."""
        chosen = among[searches.person]
        own, person = searches.own[chosen], searches.person[chosen]
        other = searches.others[chosen, 0] if searches.others.shape[1] else np.full(len(own), np.inf)
        enrolled, answered = np.isfinite(own), np.isfinite(other)  # without others, a stranger finds nobody
        is_mated = np.arange(enrolled.sum() + answered.sum()) < enrolled.sum()
        first = np.concatenate([person[enrolled], person[answered]])
        is_right = is_mated.copy()
        is_right[is_mated] = (searches.nearer[chosen] == 0)[enrolled]
        distances = np.concatenate([np.minimum(own, other)[enrolled], other[answered]])
        weights = np.ones(len(first))
        for kind in (is_mated, ~is_mated):
            weights[kind] = _people_alike(weights[kind], first[kind])
        return cls(distances, is_right, is_mated, first, first, _halves(weights, is_mated))

    def __len__(self) -> int:
        return len(self.distances)

    def people(self, *, mated: bool) -> int:
        """Return how many people took part in comparisons of this kind, on either side."""
        chosen = self.is_mated == mated
        return len(np.union1d(self.first[chosen], self.second[chosen]))

    def steps(self) -> "Steps":
        """Return how much is right and wrong at each distance, in steps of `STEP`."""
        numbers, step = np.unique(np.floor(self.distances / STEP).astype(np.int64), return_inverse=True)
        right, wrong = (
            np.bincount(step, np.where(chosen, self.weights, 0.0), len(numbers)).astype(np.float64)
            for chosen in (self.is_right, ~self.is_right)
        )
        return Steps(numbers.astype(np.float64) * STEP + STEP / 2, right, wrong)


@dataclass(frozen=True, eq=False)
class Steps:
    """How much of all comparisons is right and wrong at each distance.

    Attributes:
        distances: (K,) float64, ascending, each once.
        right, wrong: (K,) float64, shares that sum to 1 together.
    """

    distances: Distances
    right: Distances
    wrong: Distances


def _kept(comparisons: Comparisons, among: Mask) -> tuple[Labels, Labels, Distances, Distances]:
    kept = among[comparisons.first] & among[comparisons.second]
    return comparisons.first[kept], comparisons.second[kept], comparisons.distances[kept], comparisons.weights[kept]


def _people_alike(weights: Distances, people: Labels) -> Distances:
    """Return weights of which every person has the same sum.

    Somebody with 500 photos has a hundred thousand pairs, and asks no more often than others. Not for non-mated
    comparisons: where only the near ones of a person were kept, they would be taken for all that there were.
    """
    shares: Distances = weights / np.bincount(people, weights)[people] if len(people) else weights
    return shares


def _halves(weights: Distances, is_mated: Mask) -> Distances:
    """Return weights that sum to 1/2 of either kind that there is."""
    halves = np.zeros(len(weights))
    for kind in (is_mated, ~is_mated):
        if kind.any():
            halves[kind] = weights[kind] / weights[kind].sum() / 2
    return halves
