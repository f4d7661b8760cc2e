"""Counts over tau, and what they would be with other people: resampled."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from training.metrics.events import Events
from training.metrics.types import Distances, Progress, ignore

Draws: TypeAlias = npt.NDArray[np.uint8]
"""(B, P): how often each person is drawn in each resample; every row sums to P. Of a million people 200 MB."""


def draws_of_people(people: int, resamples: int, seed: int) -> Draws:
    """Return how often each person is drawn when as many are drawn as there are, with replacement.

    Efron 1979, with people instead of comparisons as the units: the comparisons of one person are not independent
    (Bolle, Ratha and Pankanti 2004, "Error analysis of pattern recognition systems: the subsets bootstrap").
    """
    rng = np.random.default_rng(seed)
    drawn = np.zeros((resamples, people), dtype=np.uint8)
    for row in drawn if people else ():
        times = np.bincount(rng.integers(0, people, size=people), minlength=people)
        row[:] = np.minimum(times, 255)  # as often is nobody drawn
    return drawn


def resampled_sums(values: Distances, draws: Draws) -> Distances:
    """Return the sum of what each person (P,) has, in each resample: (B,)."""
    has = np.flatnonzero(values)
    return np.array([row[has] @ values[has] for row in draws], dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Counted:
    """A count over tau, as it is and as resampled.

    Attributes:
        value: (T,) float64, at each tau.
        resampled: (B, T) float64.
        pairs: (T,) sum of the squares of what each pair of people has in the count (events of one person left out).
        total: of all events.
        resampled_total: (B,).
    """

    value: Distances
    resampled: Distances
    pairs: Distances
    total: float
    resampled_total: Distances


def count(events: Events, taus: Distances, draws: Draws, progress: Progress = ignore) -> Counted:
    """Count events within each tau.

    In a resample an event of one person counts as often as the person was drawn, and an event of two as often as the
    product says (the pigeonhole bootstrap: Owen 2007; for pairs of one set of people, as here: Davezies,
    D'Haultfoeuille and Guyonvarch 2021). A person is never compared with a copy of its own.

    Args:
        events: in any order.
        taus: (T,) ascending.
        draws: (B, P) of `draws_of_people`.
        progress: told how many resamples were counted since the last call.
    """
    bins = np.searchsorted(taus, events.distances, side="left")  # the first tau that reaches it; T for none
    size = len(taus) + 1
    order = np.argsort(bins, kind="stable")
    bins, first, second = bins[order], events.first[order], events.second[order]
    is_pair = first != second
    alone = np.bincount(bins, weights=events.weights[order], minlength=size)
    resampled = np.empty((len(draws), size))
    weights = events.weights[order]
    for row, drawn in zip(resampled, draws, strict=True):
        times = drawn[first] * weights
        times *= np.where(is_pair, drawn[second], 1.0)
        row[:] = np.bincount(bins, weights=times, minlength=size)
        progress(1)
    np.cumsum(resampled, axis=1, out=resampled)
    value = np.cumsum(alone, dtype=np.float64)  # of no events bincount makes integers
    return Counted(
        value=value[:-1],
        resampled=resampled[:, :-1],
        pairs=np.cumsum(_squares(events.only(order[is_pair]), bins[is_pair], size), dtype=np.float64)[:-1],
        total=float(value[-1]),
        resampled_total=resampled[:, -1],
    )


def _squares(events: Events, bins: npt.NDArray[np.int64], size: int) -> Distances:
    """Return what the events of each bin add to the sum over pairs of (weight so far)²; of weight 1 and less only.

    A comparison that stands for many says nothing of how alike the comparisons of one pair are.
    """
    kept = np.abs(events.weights) <= 1
    low, high = np.minimum(events.first, events.second)[kept], np.maximum(events.first, events.second)[kept]
    bins, weights = bins[kept], events.weights[kept]
    order = np.lexsort([bins, high, low])
    low, high, bins, weights = low[order], high[order], bins[order], weights[order]
    running = np.cumsum(weights)
    starts = np.flatnonzero(np.append(True, (low[1:] != low[:-1]) | (high[1:] != high[:-1]))) if len(low) else low
    before = np.repeat(running[starts] - weights[starts], np.diff(np.append(starts, len(low))))
    so_far = running - before  # of the pair, with this event
    added = np.bincount(bins, weights=so_far**2 - (so_far - weights) ** 2, minlength=size)
    return added.astype(np.float64)
