"""Error rates over tau with their intervals."""

from dataclasses import dataclass

import numpy as np

from faces.services.intervals import Z_95
from training.metrics.figures import ENOUGH_PEOPLE, Difference, Rate, Series
from training.metrics.resampling import Counted
from training.metrics.types import Counts, Distances

LEAST_VARIANCE = 1 / 3
"""Of the variance of the resamples at least this share is real; see `_variance`."""

PERCENTILES = (2.5, 97.5)


@dataclass(frozen=True, eq=False)
class Rates:
    """One error rate over tau (or over ranks), with its 95 % interval.

    Attributes:
        value: (T,) shares of 0 to 1; zeros where nothing was tried.
        low, high: (T,).
        resampled: (B, T) the rate in each resample, drawn together to its true variance.
        errors: (T,).
        people: (T,) how many different people had an error.
        trials: of how many comparisons or searches.
    """

    value: Distances
    low: Distances
    high: Distances
    resampled: Distances
    errors: Distances
    people: Counts
    trials: float

    def at(self, index: int) -> Rate:
        """Return the rate at one tau."""
        if not self.trials:
            return Rate(None, None, None, 0.0, 0.0, 0)
        return Rate(
            value=short(self.value[index]),
            low=short(self.low[index]),
            high=short(self.high[index]),
            errors=short(self.errors[index]),
            trials=short(self.trials),
            people=int(self.people[index]),
        )

    def series(self) -> Series:
        """Return the rate at each tau."""
        return Series(
            value=shortened(self.value),
            low=shortened(self.low),
            high=shortened(self.high),
            people=[int(people) for people in self.people],
            trials=short(self.trials),
        )


def rates(
    counted: Counted,
    trials: float,
    resampled_trials: Distances,
    people: Counts,
    tried: int,
    *,
    of_pairs: bool = False,
    of_the_rest: bool = False,
) -> Rates:
    """Return a rate with its intervals.

    The interval is Wilson's (1927) with as many trials as would leave as much doubt as the resamples show, the
    effective sample size of Kish 1965 (Korn and Graubard 1998 take it for rare events of surveys), widened to the
    percentiles of the resamples where these reach farther. With errors of fewer than `ENOUGH_PEOPLE` people the
    resamples know too little of how alike errors are: then there are no more trials than at the nearest tau that has
    as many. Where no error was seen at all it is the rule of three with that number (ISO/IEC 19795-1, annex B).

    Args:
        counted: how often an error happened; with `of_the_rest`, how often none did.
        trials: how many comparisons or searches there were.
        resampled_trials: (B,) how many there are in each resample.
        people: (T,) how many different people had an error.
        tried: how many different people took part: that many independent trials there are at the very least, and half
            as many where every error rests on two people, who may be mistaken for each other both ways.
        of_pairs: whether it does.
        of_the_rest: count what did not happen.
    """
    value = _share(counted.value, trials)
    resampled = _share(counted.resampled, resampled_trials[:, None])
    if of_the_rest and trials:
        value, resampled = 1.0 - value, 1.0 - resampled
    resampled[resampled_trials <= 0] = value  # nobody who was tried is in that resample: it says nothing
    observed = resampled.var(axis=0, ddof=1) if len(resampled) > 1 else np.zeros_like(value)
    variance = _variance(observed, (1.0 - value) ** 2 * counted.pairs / max(trials, 1.0) ** 2) * of_few(tried)
    shrink = np.sqrt(np.divide(variance, observed, out=np.ones_like(variance), where=observed > 0))
    if len(resampled):
        resampled = np.clip(value + (resampled - resampled.mean(axis=0)) * shrink, 0.0, 1.0)
    independent = _independent(value, variance, people, trials, tried / 2 if of_pairs else tried)
    low, high = _wilson(value, independent)
    if len(resampled):
        outer = np.percentile(resampled, PERCENTILES, axis=0)
        low, high = np.minimum(low, outer[0]), np.maximum(high, outer[1])
    if not trials:
        low, high = np.zeros_like(value), np.ones_like(value)
    return Rates(
        value=value,
        low=np.clip(low, 0.0, 1.0),
        high=np.clip(high, 0.0, 1.0),
        resampled=resampled,
        errors=value * trials,
        people=people,
        trials=trials,
    )


def difference(group: Rates, index: int, rest: Rates, rest_index: int) -> Difference | None:
    """Return how much larger a rate is in a group than in the rest; None where one of them was not tried.

    From the same resamples, and never narrower than the two intervals together (Newcombe 1998, method 10), which says
    something where one of them saw no error.
    """
    if not group.trials or not rest.trials:
        return None
    one, other = group.at(index), rest.at(rest_index)
    if one.value is None or other.value is None or one.low is None or other.low is None:
        return None
    if one.high is None or other.high is None:
        return None
    value = one.value - other.value
    low = value - float(np.hypot(one.value - one.low, other.high - other.value))
    high = value + float(np.hypot(one.high - one.value, other.value - other.low))
    between = np.percentile(group.resampled[:, index] - rest.resampled[:, rest_index], PERCENTILES)
    return Difference(value=short(value), low=short(min(low, between[0])), high=short(max(high, between[1])))


def people_within(person: Counts, distances: Distances, taus: Distances) -> Counts:
    """Return how many different people have one of their `distances` within each tau: (T,)."""
    _, nearest = _extremes(person, distances, np.minimum)
    return np.searchsorted(np.sort(nearest), taus, side="right").astype(np.int64)


def people_beyond(person: Counts, distances: Distances, taus: Distances) -> Counts:
    """Return how many different people have one of their `distances` farther than each tau: (T,)."""
    _, farthest = _extremes(person, distances, np.maximum)
    return (len(farthest) - np.searchsorted(np.sort(farthest), taus, side="right")).astype(np.int64)


def shortened(values: Distances) -> list[float]:
    """Return numbers with six digits, as reports store them."""
    return [short(value) for value in values]


def short(value: float) -> float:
    """Return a number with six digits."""
    return float(f"{float(value):.6g}")


def of_few(people: int) -> float:
    """Return how much larger the variance is than that of resamples of so few people, and Student's t than normal.

    people / (people - 1), and the square of the ratio of the 97.5 % quantiles with people - 1 degrees of freedom, as is
    usual for clusters (Cameron and Miller 2015); t by the first term of its expansion (Fisher and Cornish 1960).
    """
    freedom = max(people - 1, 1)
    return (freedom + 1) / freedom * (1.0 + (Z_95**2 + 1.0) / (4.0 * freedom)) ** 2


def _extremes(person: Counts, distances: Distances, extreme: np.ufunc) -> tuple[Counts, Distances]:
    people, row_of = np.unique(person, return_inverse=True)
    found = np.full(len(people), np.inf if extreme is np.minimum else -np.inf)
    extreme.at(found, row_of, distances)
    return people, found


def _share(count: Distances, trials: float | Distances) -> Distances:
    shares = np.divide(count, trials, out=np.zeros_like(count), where=np.asarray(trials) > 0)
    return np.clip(shares, 0.0, 1.0)


def _variance(observed: Distances, pairs: Distances) -> Distances:
    """Return the variance that is meant by that of the resamples.

    Drawing both people of a pair triples the variance of what is the pair's alone (E[w]² = 2 for each of two, so
    2 * 2 - 1 = 3), while what the pairs of one person have in common keeps its own. So twice the former is taken off;
    where the pairs' own is all there is, a third remains.
    """
    return np.maximum(observed - 2.0 * pairs, LEAST_VARIANCE * observed)


def _independent(value: Distances, variance: Distances, people: Counts, trials: float, least: float) -> Distances:
    """Return how many independent trials would vary as much: (T,), 1 at least."""
    known = (variance > 0) & (value > 0) & (value < 1)
    own = np.divide(value * (1.0 - value), variance, out=np.full_like(value, least), where=known)
    own = np.minimum(own, max(trials, 1.0))
    enough = np.flatnonzero(known & (people >= ENOUGH_PEOPLE))
    most = own[enough[np.argmin(value[enough])]] if len(enough) else least
    few = (people < ENOUGH_PEOPLE) & (value < 1)
    own = np.where(few, np.minimum(np.where(known, own, most), most), own)
    return np.maximum(own, 1.0)


def _wilson(value: Distances, trials: Distances) -> tuple[Distances, Distances]:
    spread = Z_95**2 / trials
    center = (value + spread / 2) / (1 + spread)
    half = Z_95 / (1 + spread) * np.sqrt(value * (1 - value) / trials + spread / (4 * trials))
    low, high = center - half, center + half
    low = np.where(value >= 1, 1 - 3 / trials, np.where(value <= 0, 0.0, low))
    high = np.where(value <= 0, 3 / trials, np.where(value >= 1, 1.0, high))
    return low, high
