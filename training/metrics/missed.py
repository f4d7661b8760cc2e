"""FNIR and ranks of mated searches: counted in the gallery and smaller ones, projected to larger ones."""

from dataclasses import dataclass, replace

import numpy as np

from training.metrics.events import Events, share_reached
from training.metrics.evidence import Searches
from training.metrics.projection import grown, grown_counts, held
from training.metrics.rates import Rates, people_beyond, rates
from training.metrics.resampling import Counted, Draws, count, resampled_sums
from training.metrics.types import Distances, Labels

RANKS = 20


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
    return _of_ranks(mated, np.array([_of_people(mated, each, draws) for each in chances.T]).T, draws)


def missed_when_grown(searches: Searches, whole: Missed, taus: Distances, draws: Draws, times: float) -> Missed:
    """Return FNIR and ranks in a gallery `times` as large as that of `whole`, in which nobody is found more easily.

    That somebody's own template lies beyond tau has nothing to do with the gallery. That somebody else is nearer than
    it becomes the more likely the more people there are, as FPIR does, and is projected by the same rule. FNIR is
    P(own > tau) + P(own <= tau) * P(somebody is as near | own <= tau).
    """
    fnir, ranks = fnir_when_grown(searches, taus, draws, times), ranks_when_grown(searches, whole.ranks, draws, times)
    fnir = replace(fnir, low=np.maximum(fnir.low, whole.fnir.low))
    value, high = np.minimum(ranks.value, whole.ranks.value), np.minimum(ranks.high, whole.ranks.high)
    ranks = replace(ranks, value=value, high=high)
    return Missed(fnir=held(fnir, rises=False), ranks=held(ranks, rises=True))


def fnir_when_grown(searches: Searches, taus: Distances, draws: Draws, times: float) -> Rates:
    """Return FNIR over tau in a gallery `times` as large."""
    mated = _Mated.of(searches)
    tried = np.ones(len(mated.person))
    within = _stacked(count(mated.within(tried), taus, draws))  # (1 + B, T)
    beaten = [count(mated.within(mated.beaten(n)), taus, draws) for n in (mated.others / 2, mated.others)]
    half, whole = (_share(_stacked(each), within) for each in beaten)
    rate = _of_found(mated, _counted(within * (1.0 - grown(half, whole, times))), taus, draws)
    if not len(mated.person):
        return rate
    # As many as were seen to be beaten, or more or fewer; most of all where nobody was
    people = people_beyond(mated.person, mated.first, taus)
    seen = rates(beaten[1], rate.trials, mated.trials(draws), people, len(np.unique(mated.person)))
    near = within[0] / rate.trials
    ends = (np.minimum(_share(end, near), 1.0) for end in (seen.low, seen.high))
    low, high = (1.0 - near * (1.0 - grown(half[0], end, times, like=whole[0])) for end in ends)
    return held(_reaching(rate, low, high), rises=False)


def ranks_when_grown(searches: Searches, whole: Rates, draws: Draws, times: float) -> Rates:
    """Return the share of mated searches with the right person among the first k, in a gallery `times` as large.

    The number of nearer people is taken as Poisson distributed, its mean as an inverse Gaussian from search to search:
    that of which the share with none at all is what rank 1 is projected to.
    """
    mated = _Mated.of(searches)
    trials = np.concatenate([[float(len(mated.person))], mated.trials(draws)])  # (1 + B,)
    half, beaten = (_share(_of_people(mated, mated.beaten(n), draws), trials) for n in (mated.others / 2, mated.others))
    found = np.cumsum(grown_counts(half, beaten, times, RANKS), axis=1)  # (1 + B, K)
    rate = _of_ranks(mated, found * trials[:, None], draws)
    if not len(mated.person):
        return rate
    ends = 1.0 - np.array([whole.high[0], whole.low[0]])
    high, low = np.cumsum(grown_counts(half[:1], ends, times, RANKS, like=beaten[:1]), axis=1)
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


def _reaching(rate: Rates, low: Distances, high: Distances) -> Rates:
    return replace(rate, low=np.minimum(rate.low, low), high=np.maximum(rate.high, high))


def _of_people(mated: _Mated, values: Distances, draws: Draws) -> Distances:
    """Return the sum of values of searches, and what it is with other people: (1 + B,)."""
    each = np.bincount(mated.person, weights=values, minlength=draws.shape[1]).astype(np.float64)
    return np.concatenate([[each.sum()], resampled_sums(each, draws)])


def _counted(found: Distances) -> Counted:
    """Return (1 + B, T) counts of events of one person each, first as they are, then as resampled."""
    value, resampled = found[0], found[1:]
    return Counted(value, resampled, np.zeros_like(value), float(value[-1]), resampled[:, -1])


def _stacked(counted: Counted) -> Distances:
    return np.vstack([counted.value, counted.resampled])


def _share(part: Distances, whole: Distances) -> Distances:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
