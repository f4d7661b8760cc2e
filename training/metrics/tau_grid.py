"""The taus along which everything is told, and how one of them is chosen by its error rate."""

from collections.abc import Iterable, Sequence

import numpy as np

from training.metrics.events import Events, false_positives
from training.metrics.evidence import Evidence
from training.metrics.figures import Series
from training.metrics.types import Distances

STEPS = 20
"""Taus to each tenth of a false rate."""

LEAST_RATE = -7.0
"""Down to 1e-7; nothing rarer is seen with as many comparisons as one can make."""

SHARES = 48
"""Taus between which equal shares of mated distances lie."""

EVENLY = 64


def tau_grid(evidence: Evidence, in_force: Iterable[float]) -> Distances:
    """Return ascending taus, closer together where a rate changes: some hundreds.

    Those at which FMR and FPIR pass each 10^(-k / 20), those between which equal shares of mated distances lie, those
    in force, and some evenly spaced from 0 to the largest distance.
    """
    matches = [
        (Events.of_comparisons(evidence.person_non_mated), evidence.person_non_mated.total),
        (Events.of_comparisons(evidence.photo_non_mated), evidence.photo_non_mated.total),
        (false_positives(evidence.searches, evidence.searches.gallery_size), float(len(evidence.searches.person))),
    ]
    mated = [
        evidence.person_mated.distances,
        evidence.photo_mated.distances,
        evidence.searches.own[evidence.searches.is_mated],
    ]
    taus = [_where_rates_pass(events, trials) for events, trials in matches]
    taus += [np.percentile(own, np.linspace(0, 100, SHARES), method="higher") for own in mated if len(own)]
    largest = max((float(found.max()) for found in taus if len(found)), default=4.0)
    taus += [np.linspace(0.0, min(4.0, largest), EVENLY), np.array(list(in_force), dtype=np.float64)]
    return np.unique(np.concatenate(taus))


def tau_for(series: Series, taus: Sequence[float], asked: float) -> float | None:
    """Return the loosest tau whose rate (FMR or FPIR) is at most `asked`; None where every tau has more."""
    index = index_for(np.asarray(series.value), asked)
    return None if index is None or not series.trials else taus[index]


def index_for(value: Distances, asked: float) -> int | None:
    """Return the last place of a rate that never falls where it is at most `asked`."""
    index = int(np.searchsorted(value, asked, side="right")) - 1
    return index if index >= 0 else None


def _where_rates_pass(events: Events, trials: float) -> Distances:
    """Return, for each rate of the scale, the last distance at which it is not yet passed: `tau_for` finds it there."""
    if not len(events.distances) or not trials:
        return np.empty(0)
    order = np.argsort(events.distances, kind="stable")
    distances = events.distances[order]
    rate = np.maximum.accumulate(np.cumsum(events.weights[order])) / trials
    at_most = 10.0 ** np.arange(0.0, LEAST_RATE, -1 / STEPS)
    first_above = np.searchsorted(rate, at_most, side="right")  # E where it is never passed
    above = distances[np.minimum(first_above, len(distances) - 1)]
    last = np.searchsorted(distances, above, side="left") - 1  # ties pass together
    last = np.where(first_above >= len(distances), len(distances) - 1, last)
    return np.asarray(distances[last[last >= 0]])
