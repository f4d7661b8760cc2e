"""Two versions on the same people: rates against loops, intervals against the truth."""

from dataclasses import replace
from functools import cache

import numpy as np
import numpy.typing as npt
import pytest

from tests.training.metrics import loops
from training.metrics.distances import squared_distances
from training.metrics.evidence import Comparisons
from training.metrics.paired import Change, Compared, Outcome, Paired, paired
from training.metrics.resampling import draws_of_people
from training.metrics.types import Distances

Vectors = npt.NDArray[np.float64]
DIMENSION = 16


class People:
    """People whose faces two versions see with the same peculiarities; some are harder than others."""

    def __init__(self, people: int, photos: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.count = people
        self.labels = np.repeat(np.arange(people), photos)
        self.centers = rng.normal(size=(people, DIMENSION))[self.labels]
        self.noise = rng.gamma(3, 1 / 3, size=people)[self.labels, None] * rng.normal(size=self.centers.shape)
        self.other_noise = rng.normal(size=self.centers.shape)

    def seen(self, noise: float, other: float = 0.2) -> Compared:
        vectors = self.centers + noise * self.noise + other * self.other_noise
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        distances = squared_distances(vectors, vectors)
        one, two = np.triu_indices(len(vectors), 1)
        is_same = self.labels[one] == self.labels[two]
        return Compared(
            mated=self._comparisons(one[is_same], two[is_same], distances),
            non_mated=self._comparisons(one[~is_same], two[~is_same], distances),
        )

    def _comparisons(self, one: npt.NDArray[np.int64], two: npt.NDArray[np.int64], distances: Distances) -> Comparisons:
        first, second, apart = self.labels[one], self.labels[two], distances[one, two]
        order = np.argsort(apart, kind="stable")
        trials = np.bincount(first, minlength=self.count).astype(np.float64)
        return Comparisons(first[order], second[order], apart[order], np.ones(len(order)), trials)


def compared(before: Compared, after: Compared, *, fmr: float = 1e-2, resamples: int = 100, seed: int = 1) -> Paired:
    people = len(before.mated.trials)
    return paired(before, after, fmr=fmr, draws=draws_of_people(people, resamples, seed))


def looped(one: Compared, fmr: float, drawn: npt.NDArray[np.uint8]) -> tuple[float, float]:
    """TAR and EER with every person as often as drawn: by copying the comparisons."""
    mated = [d for a, d in zip(one.mated.first, one.mated.distances, strict=True) for _ in range(int(drawn[a]))]
    kinds = zip(one.non_mated.first, one.non_mated.second, one.non_mated.distances, strict=True)
    non_mated = [d for a, b, d in kinds for _ in range(int(drawn[a]) * int(drawn[b]))]
    taus = sorted({*one.mated.distances.tolist(), *one.non_mated.distances.tolist()})
    allowed = [tau for tau in taus if loops.fmr(non_mated, tau) <= fmr]
    equal = min(taus, key=lambda tau: (round(abs(loops.fmr(non_mated, tau) - loops.fnmr(mated, tau)), 9), tau))
    tar = 1 - loops.fnmr(mated, allowed[-1]) if allowed else 0.0
    return tar, (loops.fmr(non_mated, equal) + loops.fnmr(mated, equal)) / 2


def test_the_rates_are_those_of_nested_loops() -> None:
    people = People(12, 3, seed=3)
    before, after = people.seen(0.6), people.seen(0.4)

    found = compared(before, after, fmr=0.05)

    everybody = np.ones(12, dtype=np.uint8)
    assert (found.tar.before, found.eer.before) == pytest.approx(looped(before, 0.05, everybody), abs=1e-6)
    assert (found.tar.after, found.eer.after) == pytest.approx(looped(after, 0.05, everybody), abs=1e-6)
    assert found.tar.difference == pytest.approx(found.tar.after - found.tar.before, abs=2e-6)
    assert (found.mated, found.non_mated, found.people) == (36, 594, 12)


def test_the_tau_of_each_version_is_the_loosest_that_holds_the_fmr() -> None:
    people = People(12, 3, seed=3)
    before, after = people.seen(0.6), people.seen(0.4)

    found = compared(before, after, fmr=0.05)

    for side, tau in ((before, found.tau_before), (after, found.tau_after)):
        assert tau is not None
        every = np.concatenate([side.mated.distances, side.non_mated.distances])
        assert np.mean(side.non_mated.distances <= tau) <= 0.05
        assert np.mean(side.non_mated.distances <= np.min(every[every > tau])) > 0.05


def test_both_versions_are_told_of_the_same_resamples_each_with_its_own_tau() -> None:
    people = People(10, 3, seed=5)
    before, after = people.seen(0.7), people.seen(0.5)
    draws = draws_of_people(10, 1, seed=2)

    found = paired(before, after, fmr=0.05, draws=draws)

    difference = looped(after, 0.05, draws[0])[0] - looped(before, 0.05, draws[0])[0]
    ends = (found.tar.low, found.tar.high)
    far = found.tar.difference - difference
    assert any(abs(abs(end - found.tar.difference)) >= abs(far) - 1e-6 for end in ends)


def test_ties_match_together() -> None:
    trials = np.array([2.0, 0.0])
    mated = Comparisons(np.zeros(2, int), np.zeros(2, int), np.array([0.2, 0.6]), np.ones(2), trials)
    tied = Comparisons(
        np.zeros(4, int), np.ones(4, int), np.array([0.1, 0.5, 0.5, 0.9]), np.ones(4), np.array([4.0, 0])
    )

    found = compared(Compared(mated, tied), Compared(mated, tied), fmr=0.5, resamples=5)

    assert (found.tau_before, found.tar.before) == (0.2, 0.5)  # at 0.5 three of four match, not two


def test_where_every_tau_lets_too_many_in_nobody_is_accepted() -> None:
    trials = np.array([1.0, 1.0])
    mated = Comparisons(np.array([0, 1]), np.array([0, 1]), np.array([0.3, 0.4]), np.ones(2), trials)
    near = Comparisons(np.zeros(1, int), np.ones(1, int), np.array([0.1]), np.ones(1), np.array([1.0, 0]))

    found = compared(Compared(mated, near), Compared(mated, near), resamples=5)

    assert (found.tau_before, found.tar.before) == (None, 0.0)


def test_weights_count_as_so_many_comparisons() -> None:
    people = People(8, 3, seed=7)
    side = people.seen(0.6)
    kept = np.arange(len(side.non_mated.distances)) % 2 == 0
    half = Comparisons(
        side.non_mated.first[kept],
        side.non_mated.second[kept],
        side.non_mated.distances[kept],
        np.full(int(kept.sum()), 2.0),
        side.non_mated.trials,
    )
    twice = Comparisons(
        np.repeat(half.first, 2),
        np.repeat(half.second, 2),
        np.repeat(half.distances, 2),
        np.ones(2 * len(half.first)),
        half.trials,
    )

    weighed, copied = (compared(Compared(side.mated, kind), side, fmr=0.1) for kind in (half, twice))

    assert weighed == copied


def test_the_same_version_twice_is_no_difference_but_no_proof_of_none() -> None:
    side = People(40, 3, seed=1).seen(0.5)

    found = compared(side, side)

    assert (found.tar.difference, found.eer.difference) == (0, 0)
    assert found.outcome is Outcome.NO_CLEAR_DIFFERENCE
    assert found.tar.low == pytest.approx(-1.96 * 2**0.5 / 42, rel=1e-3)
    assert found.tar.high == -found.tar.low


def test_a_damaged_version_is_found_worse_and_the_undamaged_one_better() -> None:
    people = People(80, 4, seed=1)
    good, bad = people.seen(0.4), people.seen(0.4, other=0.9)

    assert compared(good, bad).outcome is Outcome.WORSE
    assert compared(bad, good).outcome is Outcome.BETTER


def test_two_versions_swapped_have_the_interval_swapped() -> None:
    people = People(30, 3, seed=2)
    before, after = people.seen(0.6), people.seen(0.5)

    there, back = compared(before, after), compared(after, before)

    assert (back.tar.low, back.tar.difference, back.tar.high) == pytest.approx(
        (-there.tar.high, -there.tar.difference, -there.tar.low)
    )


def test_nothing_to_compare_is_refused() -> None:
    side = People(5, 2, seed=2).seen(0.5)
    none = Comparisons(*(np.empty(0, int),) * 2, np.empty(0), np.empty(0), np.zeros(5))

    with pytest.raises(ValueError, match="no mated or no non-mated"):
        compared(replace(side, mated=none), side)


def test_what_is_stored_is_read_back() -> None:
    people = People(10, 2, seed=2)
    found = compared(people.seen(0.6), people.seen(0.5))

    assert Paired.from_json(found.as_json()) == found
    assert isinstance(Paired.from_json(found.as_json()).tar, Change)


WORLDS = {"a real difference": (0.5, 0.45, 50), "few errors": (0.3, 0.28, 30)}


@cache
def true_difference(before: float, after: float) -> float:
    """Of very many people."""
    found = []
    for seed in range(3):
        people = People(400, 3, seed=1000 + seed)
        found.append(compared(people.seen(before), people.seen(after), resamples=0).tar.difference)
    return float(np.mean(found))


@pytest.mark.parametrize("world", WORLDS)
def test_the_interval_holds_the_truth_as_often_as_it_says(world: str) -> None:
    before, after, count = WORLDS[world]
    truth = true_difference(before, after)
    found = []
    for seed in range(80):
        people = People(count, 3, seed=seed)
        found.append(compared(people.seen(before), people.seen(after), resamples=60, seed=seed).tar)

    held = np.mean([each.low <= truth <= each.high for each in found])
    assert held >= 0.91  # two standard deviations of 80 trials below 95 %
    if world == "a real difference":
        spread = 2 * 1.96 * np.std([each.difference for each in found])
        assert np.mean([each.high - each.low for each in found]) < 1.6 * spread  # and says something
