"""What a tau does to people whom it was not set on: pure functions of who is near to whom.

Intervals come from people, each of whom is a stranger at the door and a face in the gallery: the delete-one jackknife
(Efron and Stein 1981) leaves every person out once, in both roles, and the interval is normal in the logarithm of the
rate, so that it stays above zero. A bootstrap of both roles would do, but for galleries nearly as large as all people
there are: those who are drawn twice leave them too small.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, hypot

import numpy as np

from benchmarks.calibration_faces import Crowd
from faces.services.intervals import Z_95
from training.metrics.types import Counts, Distances, Labels


@dataclass(frozen=True)
class Known:
    """A rate, and how far it would be another with other people.

    Attributes:
        value: the share, 0 to 1.
        spread: its standard error as a share of it; infinite where no error was seen.
        people: how many different people had an error.
        trials: of how many comparisons or searches.
        tried: of how many people.
    """

    value: float
    spread: float
    people: int
    trials: int
    tried: int

    def interval(self, *, and_also: float = 0.0) -> tuple[float, float]:
        """95 %, with the spread of something else (that of the rate that tau was set by) as well.

        Where no error was seen it reaches from 0 to what the rule of three says of the people who were tried.
        """
        if not self.value:
            return 0.0, min(1.0, 3 / max(self.tried, 1))
        factor = exp(Z_95 * hypot(self.spread, and_also))
        return self.value / factor, min(1.0, self.value * factor)


@dataclass(frozen=True)
class Searched:
    """What came of searches in random galleries: both rates, and how many searches there were."""

    fpir: float
    fnir: float
    non_mated: int
    mated: int


def random_galleries(crowd: Crowd, tau: float, size: int, *, galleries: int, seed: int = 0) -> Searched:
    """Enroll `size` of the people at random, look for every face of everybody, and so again and again.

    A face of the others is a false positive where anybody enrolled is within tau. A face of an enrolled person with
    other photos is a false negative where the person's template of these is beyond tau or somebody enrolled is as near.
    """
    rng = np.random.default_rng(seed)
    owner = crowd.album.people
    match = crowd.within(tau)
    probe, other = crowd.probe[match], crowd.other[match]
    is_nearer = crowd.distance[match] <= crowd.own[probe]
    mated, too_far = np.isfinite(crowd.own), crowd.own > tau
    counts = np.zeros(4, np.int64)  # strangers, found; enrolled, missed
    for _ in range(galleries):
        enrolled = np.zeros(crowd.people, dtype=np.bool_)
        enrolled[rng.permutation(crowd.people)[:size]] = True
        somebody = np.zeros(len(owner), dtype=np.bool_)
        somebody[probe[enrolled[other]]] = True
        somebody_nearer = np.zeros(len(owner), dtype=np.bool_)
        somebody_nearer[probe[enrolled[other] & is_nearer]] = True
        stranger, known = ~enrolled[owner], enrolled[owner] & mated
        missed = too_far | somebody_nearer
        counts += [stranger.sum(), (stranger & somebody).sum(), known.sum(), (known & missed).sum()]
    strangers, found, known_faces, lost = (int(count) for count in counts)
    return Searched(
        fpir=found / strangers if strangers else 0.0,
        fnir=lost / known_faces if known_faces else 0.0,
        non_mated=strangers,
        mated=known_faces,
    )


def chance_of_one(near: Counts, others: int, size: int) -> Distances:
    """(E,) how likely `size` of `others` people hold at least one of the `near` ones, (E,): hypergeometric.

    1 - C(others - near, size) / C(others, size), as a product over the `near`.
    """
    most = int(near.max(initial=0))
    step = np.arange(most, dtype=np.float64)
    outside = np.clip((others - size - step) / np.maximum(others - step, 1.0), 0.0, 1.0)
    chances: Distances = 1.0 - np.append(1.0, np.cumprod(outside))[near]
    return chances


def fpir(crowd: Crowd, tau: float, size: int) -> Known:
    """Return FPIR(size, tau): the mean over all galleries of `size` of the people and all faces of others.

    Raises:
        ValueError: two of the people at least have to be left out, that of the face and the one of the jackknife.
    """
    others = crowd.people - 1
    if size > others - 1:
        raise ValueError(f"Among {crowd.people} people there is no gallery of {size} with somebody to spare.")
    match = crowd.within(tau)
    probe, other = crowd.probe[match], crowd.other[match]
    near = np.bincount(probe, minlength=len(crowd.album)).astype(np.int64)  # (M,)
    value = float(chance_of_one(near, others, size).mean())
    now, less = chance_of_one(near, others - 1, size), chance_of_one(np.maximum(near - 1, 0), others - 1, size)
    lost = _by_person(crowd.album.people, now, crowd.people) + _by_person(other, (now - less)[probe], crowd.people)
    return Known(
        value=value,
        spread=_jackknife(value, float(now.sum()), lost, crowd.faces_each),
        people=len(np.unique(crowd.album.people[near > 0])),
        trials=len(crowd.album),
        tried=crowd.people,
    )


def fmr(crowd: Crowd, tau: float) -> Known:
    """Return the FMR of faces with other people's templates."""
    match = crowd.within(tau)
    probe, other = crowd.album.people[crowd.probe[match]], crowd.other[match]
    faces, people = len(crowd.album), crowd.people
    trials = faces * (people - 1)
    value = len(probe) / trials
    one = np.ones(len(probe))
    lost = _by_person(probe, one, people) + _by_person(other, one, people)
    left = crowd.faces_each * (people - 1) + (faces - crowd.faces_each)  # comparisons that go with each person
    spread = _jackknife(value, float(len(probe)), lost, left, trials)
    return Known(value, spread, people=len(np.unique(probe)), trials=trials, tried=people)


def fnmr(crowd: Crowd, tau: float) -> Known:
    """Return the FNMR of faces with the template of their own person's other photos."""
    mated = np.isfinite(crowd.own)
    trials = int(mated.sum())
    missed = mated & (crowd.own > tau)
    value = float(missed.sum() / max(trials, 1))
    lost = _by_person(crowd.album.people, missed.astype(np.float64), crowd.people)
    left = np.bincount(crowd.album.people[mated], minlength=crowd.people)
    spread = _jackknife(value, float(missed.sum()), lost, left.astype(np.int64), trials)
    people = len(np.unique(crowd.album.people[missed]))
    return Known(value, spread, people, trials, tried=len(np.unique(crowd.album.people[mated])))


def tau_at(rate: float, crowd: Crowd, size: int) -> float:
    """Return the loosest tau with at most this FPIR(size), by looking at every distance between which it changes."""
    low, high = 0, len(crowd.distance)  # matches that are certainly allowed, and certainly the most
    while low < high:
        middle = (low + high + 1) // 2
        if fpir(crowd, float(crowd.distance[middle - 1]), size).value <= rate:
            low = middle
        else:
            high = middle - 1
    return float(crowd.distance[low - 1]) if low else 0.0


def tau_by_formula(rate: float, crowd: Crowd, size: int) -> float:
    """Return the tau that 1 - (1 - FMR)^size = `rate` asks for, which takes all strangers for alike."""
    each = 1 - (1 - rate) ** (1 / size)
    matches = int(each * len(crowd.album) * (crowd.people - 1))
    return float(crowd.distance[matches - 1]) if 0 < matches <= len(crowd.distance) else 0.0


def _by_person(person: Labels, amounts: Distances, people: int) -> Distances:
    return np.bincount(person, weights=amounts, minlength=people).astype(np.float64)


def _jackknife(value: float, total: float, lost: Distances, left: Counts, trials: int | None = None) -> float:
    """Return the standard error, as a share of the value, of total / trials when each person is left out in turn.

    Args:
        value: the rate with everybody.
        total: of errors, as they count with one person fewer.
        lost: (P,) errors that go with each person.
        left: (P,) trials that go with each person.
        trials: of all; the sum of `left` if not given.
    """
    if not value:
        return float("inf")
    people = len(lost)
    without = (total - lost) / np.maximum((int(left.sum()) if trials is None else trials) - left, 1)
    return float(np.sqrt((people - 1) / people * ((without - without.mean()) ** 2).sum()) / value)
