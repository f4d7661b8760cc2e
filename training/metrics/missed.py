"""FNIR and ranks of mated searches: counted in the gallery and smaller ones, projected to larger ones."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from training.metrics.events import Events, share_reached
from training.metrics.evidence import Searches
from training.metrics.figures import ENOUGH_PEOPLE
from training.metrics.projection import grown, grown_counts, hazard, held
from training.metrics.rates import Rates, people_beyond, people_within, rates
from training.metrics.resampling import Counted, Draws, count, resampled_sums
from training.metrics.types import Counts, Distances, Labels

RANKS = 20

STRATA = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99)
"""Mated searches are parted after these shares of them: the farther from their own template, the finer."""


@dataclass(frozen=True, eq=False)
class Missed:
    """Of one number of people.

    Attributes:
        fnir: FNIR(n, R=1, tau) over tau.
        ranks: the share of mated searches with the right person among the first k, for k = 1 to `RANKS`.
    """

    fnir: Rates
    ranks: Rates


def missed_among(searches: Searches, gallery: int, taus: Distances, draws: Draws) -> Missed:
    """Return FNIR and ranks with `gallery` other people: the mean over all such galleries of the N - 1 there are."""
    return Missed(fnir=fnir_among(searches, gallery, taus, draws), ranks=ranks_among(searches, gallery, draws))


def fnir_among(searches: Searches, gallery: int, taus: Distances, draws: Draws) -> Rates:
    """Return FNIR over tau: mated searches without the right person first and within tau.

    A search with c people at most as far as its own finds it first in C(N - 1 - c, n) / C(N - 1, n) of all galleries of
    n of the N - 1 others; with all of them, where c is 0. `people` are those who are missed among all of them.
    """
    mated = _Mated.of(searches)
    return _of_found(mated, count(mated.within(1.0 - mated.beaten(gallery)), taus, draws), taus, draws)


def ranks_among(searches: Searches, gallery: int, draws: Draws) -> Rates:
    """Return the share of mated searches with the right person among the first k, for k = 1 to `RANKS`.

    `people` are those with a search in which it is not, with all the others there are.
    """
    mated = _Mated.of(searches)
    chances = chances_of_ranks(mated.nearer, mated.others, min(gallery, mated.others))  # (S, K)
    return _of_ranks(mated, np.array([_of_people(mated.person, each, draws) for each in chances.T]).T, draws)


def missed_when_grown(searches: Searches, whole: Missed, taus: Distances, draws: Draws, times: float) -> Missed:
    """Return FNIR and ranks in a gallery `times` as large as that of `whole`, in which nobody is found more easily.

    That somebody's own template lies beyond tau has nothing to do with the gallery. That somebody else is nearer than
    it becomes the more likely the more people there are, as FPIR does, and is projected by the same rule. But who lies
    far from the own template is beaten by nearly anybody and the others by nobody, which is more than an inverse
    Gaussian distribution can hold; so it is done in each of some strata by the distance to the own one.
    `benchmarks/projection.py` has it beside doing so without strata.
    """
    fnir = fnir_when_grown(searches, taus, draws, times)
    fnir = replace(fnir, low=np.maximum(fnir.low, whole.fnir.low))
    ranks = ranks_when_grown(searches, whole.ranks, draws, times)
    value, high = np.minimum(ranks.value, whole.ranks.value), np.minimum(ranks.high, whole.ranks.high)
    return Missed(fnir=held(fnir, rises=False), ranks=held(replace(ranks, value=value, high=high), rises=True))


def fnir_when_grown(searches: Searches, taus: Distances, draws: Draws, times: float) -> Rates:
    """Return FNIR over tau in a gallery `times` as large.

    Of those who are found first now, in each stratum the same share still is, whatever tau.
    """
    mated = _Mated.of(searches)
    found = np.zeros((1 + len(draws), len(taus)))
    for rows, half, whole, _ in mated.strata(draws):
        still = _share(1.0 - grown(half, whole, times), 1.0 - whole)  # (1 + B,)
        first = Events.of_one(mated.person[rows], mated.first[rows])
        found += still[:, None] * _stacked(count(first, taus, draws))
    rate = _of_found(mated, _counted(found), taus, draws)
    if not len(mated.person):
        return rate
    # As many as were seen to be beaten, or more or fewer; most of all where nobody was
    beaten = count(mated.within(mated.beaten(mated.others)), taus, draws)
    people = people_within(mated.person[mated.nearer > 0], mated.own[mated.nearer > 0], taus)
    seen = rates(beaten, rate.trials, mated.trials(draws), people, len(np.unique(mated.person)))
    near = np.searchsorted(np.sort(mated.own), taus, side="right") / rate.trials
    now, then = hazard(_share(seen.value, near)), hazard(_share(near - found[0] / rate.trials, near))
    growth = np.divide(then, now, out=np.full_like(now, times), where=now > 0)
    low = 1.0 - near * np.exp(-hazard(_share(seen.low, near)) * growth)
    high = 1.0 - near * np.exp(-hazard(_share(seen.high, near)) * growth * _unknown(growth, times, people))
    return held(_reaching(rate, low, high), rises=False)


def ranks_when_grown(searches: Searches, whole: Rates, draws: Draws, times: float) -> Rates:
    """Return the share of mated searches with the right person among the first k, in a gallery `times` as large.

    In each stratum the number of nearer people is taken as Poisson distributed, its mean as an inverse Gaussian from
    search to search: that of which the share with none at all is what rank 1 is projected to.
    """
    mated = _Mated.of(searches)
    found, ends = np.zeros((1 + len(draws), RANKS)), np.zeros((2, RANKS))
    seen = hazard(1.0 - np.array([whole.value[0], whole.high[0], whole.low[0]]))
    for rows, half, beaten, trials in mated.strata(draws):
        found += np.cumsum(grown_counts(half, beaten, times, RANKS), axis=1) * trials[:, None]
        at_ends = seen[1:] if seen[0] <= 0 else hazard(beaten[:1]) * seen[1:] / seen[0]
        chances = grown_counts(half[:1], -np.expm1(-at_ends), times, RANKS, like=beaten[:1])
        ends += np.cumsum(chances, axis=1) * len(rows)
    rate = _of_ranks(mated, found, draws)
    if not len(mated.person):
        return rate
    growth = hazard(1.0 - rate.value[:1]) / seen[0] if seen[0] > 0 else np.array([times])
    # Rank 1 at its ends as FNIR has it without a tau, the others along with it
    at_ends = seen[1:] * np.concatenate([growth, growth * _unknown(growth, times, whole.people[:1])])
    told = hazard(1.0 - ends / rate.trials)  # (2, K)
    power = np.divide(at_ends, told[:, 0], out=np.ones(2), where=told[:, 0] > 0)
    high, low = np.exp(-told * power[:, None])
    return held(_reaching(rate, low, high), rises=True)


def chances_of_ranks(nearer: Labels, others: int, gallery: int) -> Distances:
    """Return how likely fewer than k people of a gallery are nearer than the own one: (S, K), for k = 1 to `RANKS`.

    Hypergeometric: `gallery` of `others` people are drawn, of whom `nearer` (S,) are nearer.
    """
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, others + 1, dtype=np.float64)))])  # of factorials

    def choose(of: Labels, drawn: Labels) -> Distances:
        fits = (drawn >= 0) & (drawn <= of)
        drawn = np.where(fits, drawn, 0)
        return np.where(fits, logs[of] - logs[drawn] - logs[of - drawn], -np.inf)

    c, row_of = np.unique(nearer, return_inverse=True)
    c = c[:, None]
    j = np.arange(RANKS)[None, :]
    all_galleries = choose(np.array(others), np.array(gallery))
    chance = np.exp(choose(c, np.broadcast_to(j, (len(c), RANKS))) + choose(others - c, gallery - j) - all_galleries)
    return np.asarray(np.minimum(np.cumsum(chance, axis=1), 1.0)[row_of])


@dataclass(frozen=True, eq=False)
class _Mated:
    """The searches of people who are there: (S,) each, and how many other people there are."""

    person: Labels
    own: Distances
    nearer: Labels
    others: int

    @classmethod
    def of(cls, searches: Searches) -> "_Mated":
        mated = searches.is_mated
        return cls(searches.person[mated], searches.own[mated], searches.nearer[mated], searches.gallery_size - 1)

    @property
    def first(self) -> Distances:
        """The distance at which the right person is found; infinite where somebody else is as near."""
        return np.where(self.nearer == 0, self.own, np.inf)

    def beaten(self, gallery: float) -> Distances:
        """Return how likely somebody of so many others is at most as far as the own one."""
        return share_reached(self.others, self.others, min(gallery, self.others))[self.nearer]

    def strata(self, draws: Draws) -> Iterator[tuple[Labels, Distances, Distances, Distances]]:
        """Yield rows of searches by the distance to the own template, nearest first; and of each stratum, as it is and
        as resampled, (1 + B,) each: the share beaten by half of all people and by all of them, and how many they are.
        """
        by_half, by_all = self.beaten(self.others / 2), self.beaten(self.others)
        ends = np.rint(np.array(STRATA) * len(self.own)).astype(np.int64)
        for rows in np.split(np.argsort(self.own, kind="stable"), ends):
            if not len(rows):
                continue
            person = self.person[rows]
            trials = _of_people(person, np.ones(len(rows)), draws)
            half, whole = (_share(_of_people(person, beaten[rows], draws), trials) for beaten in (by_half, by_all))
            yield rows, half, whole, trials

    def within(self, weights: Distances) -> Events:
        """Return events that count so much of each search within tau."""
        kept = weights > 0
        return Events(self.person[kept], self.person[kept], self.own[kept], weights[kept])

    def trials(self, draws: Draws) -> Distances:
        """Return how many of them there are in each resample: (B,)."""
        each = np.bincount(self.person, minlength=draws.shape[1]).astype(np.float64)
        return resampled_sums(each, draws)


def _of_found(mated: _Mated, found: Counted, taus: Distances, draws: Draws) -> Rates:
    return rates(
        found,
        float(len(mated.person)),
        mated.trials(draws),
        people_beyond(mated.person, mated.first, taus),
        len(np.unique(mated.person)),
        of_the_rest=True,
    )


def _of_ranks(mated: _Mated, found: Distances, draws: Draws) -> Rates:
    """Return rates of how many searches, (1 + B, K), have the right person among the first k."""
    people = people_beyond(
        mated.person, mated.nearer.astype(np.float64) + 1.0, np.arange(1, RANKS + 1, dtype=np.float64)
    )
    tried = len(np.unique(mated.person))
    return rates(_counted(found), float(len(mated.person)), mated.trials(draws), people, tried)


def _unknown(growth: Distances, times: float, people: Counts) -> Distances:
    """Return how many times as fast a share may grow as is told from so few people: up to as if all were alike."""
    known = np.minimum(people / ENOUGH_PEOPLE, 1.0)
    return np.asarray(np.maximum(times / growth, 1.0) ** (1.0 - known))


def _reaching(rate: Rates, low: Distances, high: Distances) -> Rates:
    return replace(rate, low=np.minimum(rate.low, low), high=np.maximum(rate.high, high))


def _of_people(person: Labels, values: Distances, draws: Draws) -> Distances:
    """Return the sum of values of searches, and what it is with other people: (1 + B,)."""
    each = np.bincount(person, weights=values, minlength=draws.shape[1]).astype(np.float64)
    return np.concatenate([[each.sum()], resampled_sums(each, draws)])


def _counted(found: Distances) -> Counted:
    """Return (1 + B, T) counts of events of one person each, first as they are, then as resampled."""
    value, resampled = found[0], found[1:]
    return Counted(value, resampled, np.zeros_like(value), float(value[-1]), resampled[:, -1])


def _stacked(counted: Counted) -> Distances:
    return np.vstack([counted.value, counted.resampled])


def _share(part: Distances, whole: Distances) -> Distances:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
