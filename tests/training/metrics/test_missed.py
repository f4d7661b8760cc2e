"""FNIR and ranks with other numbers of people: against every gallery there could be, chance, and known truths."""

from dataclasses import replace
from itertools import combinations, pairwise
from math import inf

import numpy as np
import pytest
from scipy import stats

from tests.training import made
from tests.training.metrics.test_events import searches
from training.metrics.evidence import Searches
from training.metrics.missed import (
    RANKS,
    Missed,
    chances_of_ranks,
    fnir_among,
    fnir_when_grown,
    missed_among,
    missed_when_grown,
    ranks_among,
    ranks_when_grown,
)
from training.metrics.rates import Rates
from training.metrics.resampling import Draws, draws_of_people
from training.metrics.tau_grid import tau_grid
from training.metrics.types import Distances

EVIDENCE = made.evidence(people=80, photos=3, seed=2, dimension=8, singles=10, nearest=79)
SEARCHES = EVIDENCE.searches
TAUS = tau_grid(EVIDENCE, [])[::4]
DRAWS = draws_of_people(80, 50, 0)
TIMES = (1.0, 2.0, 10.0, 100.0)


@pytest.fixture(scope="module")
def grown() -> list[Missed]:
    whole = missed_among(SEARCHES, 80, TAUS, DRAWS)
    return [missed_when_grown(SEARCHES, whole, TAUS, DRAWS, times) for times in TIMES]


@pytest.mark.parametrize("gallery", [1, 2, 3, 5])
def test_a_smaller_gallery_is_the_mean_over_every_such_gallery(gallery: int) -> None:
    rng = np.random.default_rng(gallery)
    others = np.sort(rng.uniform(0.1, 1, size=(8, 5)))  # of each of 8 searches, to 5 other people
    own = rng.uniform(0.1, 1, size=8)
    found = searches(others.tolist(), size=6, own=own.tolist(), nearer=np.sum(others <= own[:, None], axis=1).tolist())
    taus, draws = np.array([0.3, 0.5, 0.8, 1.0]), draws_of_people(6, 3, 0)
    galleries = list(combinations(range(5), gallery))
    ranks = np.array([[np.sum(others[row, list(each)] <= own[row]) + 1 for each in galleries] for row in range(8)])

    missed = missed_among(found, gallery, taus, draws)

    for value, tau in zip(missed.fnir.value, taus, strict=True):
        assert value == pytest.approx(np.mean((ranks > 1) | (own[:, None] > tau)), abs=1e-12)
    for k in range(1, RANKS + 1):
        assert missed.ranks.value[k - 1] == pytest.approx(np.mean(ranks <= k), abs=1e-12)


def test_of_two_nearer_people_one_of_four_is_drawn_with_even_odds() -> None:
    found = searches([[0.1, 0.2, 0.5, 0.6]], size=5, own=[0.3], nearer=[2])
    one, two = (missed_among(found, n, np.array([0.2, 0.3]), draws_of_people(5, 2, 0)) for n in (1, 2))

    assert one.fnir.value == pytest.approx([1, 1 / 2])
    assert one.ranks.value[:2] == pytest.approx([1 / 2, 1])
    assert two.fnir.value == pytest.approx([1, 5 / 6])
    assert two.ranks.value[:3] == pytest.approx([1 / 6, 5 / 6, 1])


def test_chances_of_ranks_are_hypergeometric() -> None:
    nearer = np.array([0, 1, 7, 19, 40, 300, 999])
    for gallery in (1, 10, 500, 999, 1_000):
        found = chances_of_ranks(nearer, 1_000, gallery)
        for row, c in enumerate(nearer.tolist()):
            expected = stats.hypergeom.cdf(np.arange(RANKS), 1_000, c, gallery)
            assert found[row] == pytest.approx(expected, abs=1e-9)


def test_all_the_people_there_are_are_plainly_counted() -> None:
    mated = SEARCHES.is_mated
    own, nearer = SEARCHES.own[mated], SEARCHES.nearer[mated]
    missed = missed_among(SEARCHES, 80, TAUS, DRAWS)

    assert missed.fnir.value.tolist() == pytest.approx([np.mean((nearer > 0) | (own > tau)) for tau in TAUS])
    assert missed.ranks.value.tolist() == pytest.approx([np.mean(nearer < k) for k in range(1, RANKS + 1)])


def test_growth_to_the_same_size_is_what_is_counted(grown: list[Missed]) -> None:
    counted = missed_among(SEARCHES, 80, TAUS, DRAWS)

    assert grown[0].fnir.value.tolist() == pytest.approx(counted.fnir.value.tolist(), abs=1e-9)
    assert grown[0].fnir.resampled == pytest.approx(counted.fnir.resampled, abs=0.02)
    assert ranks_when_grown(SEARCHES, counted.ranks, DRAWS, 1.0).value[0] == pytest.approx(counted.ranks.value[0])


def test_more_people_are_missed_in_a_larger_gallery_and_with_a_smaller_tau(grown: list[Missed]) -> None:
    by_size = [missed_among(SEARCHES, n, TAUS, DRAWS) for n in (5, 20, 60, 80)] + grown[1:]

    for smaller, larger in pairwise(by_size):
        assert np.all(smaller.fnir.value <= larger.fnir.value + 1e-12)
        assert np.all(smaller.ranks.value >= larger.ranks.value - 1e-12)
    for each in by_size:
        assert np.all(np.diff(each.fnir.value) <= 1e-12)
        assert np.all(np.diff(each.ranks.value) >= -1e-12)
    for each in grown:
        assert np.all(np.diff(each.fnir.low) <= 1e-12)
        assert np.all(np.diff(each.fnir.high) <= 1e-12)
        assert np.all(np.diff(each.fnir.resampled, axis=1) <= 1e-12)
    assert by_size[0].fnir.value[-1] < 0.5 * by_size[-1].fnir.value[-1] < 0.5


def test_intervals_hold_their_values_and_grow_with_the_gallery(grown: list[Missed]) -> None:
    for missed in grown:
        for rate in (missed.fnir, missed.ranks):
            assert np.all((rate.low <= rate.value) & (rate.value <= rate.high))
            assert np.all((rate.low >= 0) & (rate.high <= 1))
    widths = [float(missed.ranks.high[0] - missed.ranks.low[0]) for missed in grown]
    assert widths[0] < widths[1] < widths[2]


def test_at_the_loosest_tau_who_is_missed_does_not_come_first(grown: list[Missed]) -> None:
    taus = np.array([4.0])
    for times, missed in zip(TIMES, grown, strict=True):
        fnir = fnir_when_grown(SEARCHES, taus, DRAWS, times)
        assert fnir.value[0] == pytest.approx(1 - missed.ranks.value[0], abs=1e-9)
        assert fnir.high[0] == pytest.approx(1 - missed.ranks.low[0], rel=0.05)


def mixed(people: int, times: float, *, draws: Draws, taus: Distances) -> tuple[Rates, Rates, Searches]:
    """Searches whose rate of nearer people is an inverse Gaussian; projected, and those of a gallery `times` as large
    in which a fifth is beyond tau whatever the gallery."""
    rng = np.random.default_rng(5)
    searched = 60_000
    rate = np.minimum(rng.wald(2e-3, 1e-3, size=searched), 1)
    large = round(times * people)
    own = np.where(rng.random(searched) < 0.2, 0.9, 0.3)

    def of(size: int) -> Searches:
        return Searches(
            person=rng.integers(0, len(draws[0]), size=searched),
            face=np.arange(searched),
            quality=np.ones(searched),
            own=own,
            nearer=rng.binomial(size, rate),
            others=np.full((searched, 1), inf),
            who=np.full((searched, 1), -1),
            gallery_size=size + 1,
        )

    found, truth = of(people), of(large)
    counted = missed_among(found, people, taus, draws)
    grown = missed_when_grown(found, counted, taus, draws, times)
    assert fnir_among(truth, large, taus, draws).value == pytest.approx(grown.fnir.value, rel=0.05)
    return grown.ranks, ranks_among(truth, large, draws), found


@pytest.mark.parametrize("times", [2.0, 10.0])
def test_searches_whose_rates_are_inverse_gaussian_are_projected_as_they_turn_out(times: float) -> None:
    projected, truth, _ = mixed(200, times, draws=draws_of_people(90, 2, 0), taus=np.array([0.5, 1.0]))

    assert projected.value == pytest.approx(truth.value, abs=0.012)


def test_where_nobody_was_nearer_yet_a_larger_gallery_may_have_somebody() -> None:
    own = SEARCHES.own.copy()
    alone = replace(SEARCHES, nearer=np.zeros_like(SEARCHES.nearer), own=own)
    taus = np.array([1.0, 4.0])
    whole = missed_among(alone, 80, taus, DRAWS)
    larger = missed_when_grown(alone, whole, taus, DRAWS, 10.0)

    assert (whole.fnir.value[1], larger.fnir.value[1]) == (0, 0)
    assert larger.fnir.high[1] == pytest.approx(1 - (1 - whole.fnir.high[1]) ** 10, rel=1e-6)
    assert larger.ranks.value.tolist() == [1.0] * RANKS
    assert larger.ranks.low[0] == pytest.approx(whole.ranks.low[0] ** 10, rel=1e-6)
    assert larger.ranks.low[1] > larger.ranks.low[0]


def test_without_anybody_to_be_found_nothing_is_said() -> None:
    nobody = searches([[0.2], [0.2]], size=2, person=[0, 1], who=[[1], [0]])
    draws = draws_of_people(2, 5, 0)
    whole = missed_among(nobody, 2, TAUS, draws)
    larger = missed_when_grown(nobody, whole, TAUS, draws, 10.0)

    for missed in (whole, larger):
        assert missed.fnir.trials == missed.ranks.trials == 0
        assert missed.fnir.at(0).value is None
        assert missed.ranks.at(0).value is None


def test_one_person_who_is_beaten_does_not_say_how_fast_it_grows() -> None:
    nearer = np.zeros_like(SEARCHES.nearer)
    nearer[np.flatnonzero(SEARCHES.is_mated)[0]] = 70  # by nearly everybody: more people change nothing for it
    one = replace(SEARCHES, nearer=nearer)
    taus = np.array([4.0])
    whole = missed_among(one, 80, taus, DRAWS)
    larger = missed_when_grown(one, whole, taus, DRAWS, 10.0)

    assert larger.fnir.value[0] < 3.5 * whole.fnir.value[0]  # the least that the model has is the root of the size
    assert larger.fnir.high[0] > 5 * whole.fnir.high[0]
    assert larger.ranks.low[0] < 1 - 5 * (1 - whole.ranks.low[0])
