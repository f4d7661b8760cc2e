"""What happens to a rate as tau grows: one event where a comparison comes within tau."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from training.metrics.evidence import Comparisons, Searches
from training.metrics.types import Counts, Distances, Labels, Mask

NOTHING = 1e-9
"""Steps that are smaller are left out."""


@dataclass(frozen=True, eq=False)
class Events:
    """Steps of a count over tau, each of which rests on one or two people.

    The count at tau is the sum of `weights` of all events with distance <= tau.

    Attributes:
        first: (E,) rows of people.
        second: (E,) rows of people; the same as `first` where an event rests on one person alone.
        distances: (E,) float64.
        weights: (E,) float64; may be negative where the count goes down again.
    """

    first: Labels
    second: Labels
    distances: Distances
    weights: Distances

    @classmethod
    def of_comparisons(cls, comparisons: Comparisons) -> Self:
        """Return one event for each comparison: the count is that of matches."""
        return cls(comparisons.first, comparisons.second, comparisons.distances, comparisons.weights)

    @classmethod
    def of_one(cls, person: Labels, distances: Distances) -> Self:
        """Return events that rest on one person each; those that never happen (at infinity) are left out."""
        happens = np.isfinite(distances)
        return cls(person[happens], person[happens], distances[happens], np.ones(int(happens.sum())))

    def of_first(self) -> "Events":
        """Return the same steps, as if they rested on the first person alone."""
        return Events(self.first, self.first, self.distances, self.weights)

    def only(self, rows: Mask | Counts) -> "Events":
        """Return some of them."""
        return Events(self.first[rows], self.second[rows], self.distances[rows], self.weights[rows])


def share_reached(within: int, others: int, gallery: float) -> Distances:
    """Return how likely a gallery of some of the others holds one of the c nearest: (within + 1,), for c = 0, 1, ...

    1 - C(others - c, gallery) / C(others, gallery): the mean over all galleries of `gallery` of `others` people, each
    equally likely (hypergeometric). For gallery = others this is 0, 1, 1, ...: plain counting. `gallery` need not be a
    whole number: the gamma function goes on where the factorial ends.
    """
    c = np.arange(within, dtype=np.float64)
    left = np.clip((others - gallery - c) / np.maximum(others - c, 1.0), 0.0, 1.0)  # of one more being outside
    return 1.0 - np.concatenate([[1.0], np.cumprod(left)])


def false_positives(searches: Searches, gallery: float) -> Events:
    """Return the events of FPIR(gallery, tau): of a search for somebody who is not there, with an answer nonetheless.

    Every probe is searched for among `gallery` of the N - 1 other people, in the mean over all such galleries; of
    ISO/IEC 19795-1 this is the false positive identification rate by leaving out the probe's person. The k-th nearest
    other adds f(k) - f(k - 1) of `share_reached` when tau reaches it. With N - 1 others the answer is wrong as soon as
    the nearest is reached; it rests on that person until the second is reached, too, from where on it does not any
    more. That is what the events say when people are resampled: their sum over tau is the same.
    """
    others = searches.gallery_size - 1
    if not len(searches.person) or others < 1 or not searches.others.shape[1]:
        return Events(*(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0)))
    if gallery >= others:
        return _nearest_of_all(searches)
    added = np.diff(share_reached(searches.others.shape[1], others, gallery))  # (K,)
    rows, columns = np.nonzero(np.isfinite(searches.others) & (added > NOTHING)[None, :])
    return Events(
        first=searches.person[rows],
        second=searches.who[rows, columns],
        distances=searches.others[rows, columns],
        weights=added[columns],
    )


def _nearest_of_all(searches: Searches) -> Events:
    probe, nearest = searches.person, searches.others[:, 0]
    reached = np.isfinite(nearest)
    first, second = probe[reached], searches.who[reached, 0]
    events = [(first, second, nearest[reached], 1.0)]
    if searches.others.shape[1] > 1:
        after = searches.others[:, 1]
        again = np.isfinite(after)
        events.append((probe[again], searches.who[again, 0], after[again], -1.0))
        events.append((probe[again], probe[again], after[again], 1.0))
    return Events(
        first=np.concatenate([event[0] for event in events]),
        second=np.concatenate([event[1] for event in events]),
        distances=np.concatenate([event[2] for event in events]),
        weights=np.concatenate([np.full(len(event[0]), event[3]) for event in events]),
    )


def identified(searches: Searches) -> Events:
    """Return the events of mated searches that return the right person first and within tau: FNIR(N, R=1) is the rest.

    A tie counts as wrong: `nearer` counts the people who are at most as far.
    """
    first = searches.is_mated & (searches.nearer == 0)
    return Events.of_one(searches.person[first], searches.own[first])
