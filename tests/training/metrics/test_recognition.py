"""FPIR, FNIR, ranks and sizes of a report: against plain counting."""

from dataclasses import replace
from itertools import pairwise
from math import inf

import numpy as np
import pytest

from tests.training import made
from tests.training.metrics.test_events import searches
from training.metrics.figures import Recognition
from training.metrics.identification import LeaveOneOut
from training.metrics.missed import ranks_among
from training.metrics.recognition import (
    RecognitionRates,
    fpir_among,
    recognition,
    recognition_rates,
    smaller_sizes,
)
from training.metrics.resampling import draws_of_people
from training.metrics.tau_grid import tau_grid
from training.metrics.verification import verification_rates

EVIDENCE = made.evidence(people=150, photos=3, seed=2, singles=30, nearest=149)
SEARCHES = EVIDENCE.searches
TAUS = tau_grid(EVIDENCE, [])[::4]
DRAWS = draws_of_people(150, 50, 0)
PLAIN = LeaveOneOut(SEARCHES.person, SEARCHES.own, SEARCHES.others[:, 0], SEARCHES.gallery_size)


@pytest.fixture(scope="module")
def rates() -> RecognitionRates:
    return recognition_rates(SEARCHES, TAUS, DRAWS)


@pytest.fixture(scope="module")
def told(rates: RecognitionRates) -> Recognition:
    compared = verification_rates(EVIDENCE.person_mated, EVIDENCE.person_non_mated, TAUS, DRAWS)
    return recognition(SEARCHES, rates, compared.fmr, TAUS, DRAWS)


def test_fpir_and_fnir_over_tau_are_those_of_leaving_one_out(rates: RecognitionRates) -> None:
    for index, tau in enumerate(TAUS.tolist()):
        assert rates.fpir.value[index] == pytest.approx(PLAIN.fpir(tau).value, abs=1e-12)
        assert rates.fnir.value[index] == pytest.approx(PLAIN.fnir(tau).value, abs=1e-12)
    assert rates.fpir.trials == len(SEARCHES.person) == 390
    assert rates.fnir.trials == 360  # those of single photos have nobody to be found


def test_ranks_are_shares_of_mated_searches_with_the_right_person_among_the_first() -> None:
    ranks = ranks_among(SEARCHES, SEARCHES.gallery_size, DRAWS)
    mated = SEARCHES.nearer[SEARCHES.is_mated]

    assert ranks.value[0] == PLAIN.rank_1().value
    for k in range(1, 21):
        assert ranks.value[k - 1] == pytest.approx(np.mean(mated < k), abs=1e-12)
    wrong = {p for p, n in zip(SEARCHES.person[SEARCHES.is_mated].tolist(), mated.tolist(), strict=True) if n >= 1}
    assert ranks.people[0] == len(wrong)


def test_people_with_an_error_are_counted_at_each_tau(rates: RecognitionRates) -> None:
    for index, tau in enumerate(TAUS.tolist()):
        mistaken = {p for p, d in zip(SEARCHES.person.tolist(), PLAIN.other.tolist(), strict=True) if d <= tau}
        missed = set(SEARCHES.person[SEARCHES.is_mated & ~((PLAIN.own < PLAIN.other) & (PLAIN.own <= tau))].tolist())
        assert rates.fpir.people[index] == len(mistaken)
        assert rates.fnir.people[index] == len(missed)


def test_fpir_grows_with_the_gallery_and_never_beyond_equal_strangers(told: Recognition) -> None:
    sizes = told.sizes

    assert [(at.size, at.is_projected) for at in sizes] == [
        (100, False), (150, False), (300, True), (1500, True), (15000, True)
    ]  # fmt: skip
    for smaller, larger in pairwise(sizes):
        assert all(a <= b + 1e-9 for a, b in zip(smaller.fpir.value, larger.fpir.value, strict=True))
    for at in sizes:
        assert all(a <= b + 1e-9 for a, b in zip(at.fpir.value, at.upper, strict=True))
        assert all(
            low <= value <= high for low, value, high in zip(at.fpir.low, at.fpir.value, at.fpir.high, strict=True)
        )
    assert sizes[1].fpir == told.fpir


def test_fpir_of_a_smaller_gallery_is_that_of_galleries_drawn_at_random() -> None:
    rng = np.random.default_rng(0)
    tau = float(np.quantile(SEARCHES.others[:, 0], 0.3))
    counted = []
    for _ in range(2_000):
        gallery = np.zeros(150, dtype=np.bool_)
        gallery[rng.choice(150, 60, replace=False)] = True
        strangers = ~gallery[SEARCHES.person]
        is_answered = np.any((SEARCHES.others <= tau) & gallery[SEARCHES.who], axis=1)
        counted.append(np.mean(is_answered[strangers]))

    assert fpir_among(SEARCHES, 60, np.array([tau]), DRAWS).value[0] == pytest.approx(np.mean(counted), rel=0.02)


def test_a_smaller_gallery_is_told_of_only_where_enough_of_the_nearest_are_known() -> None:
    known = replace(SEARCHES, others=SEARCHES.others[:, :20], who=SEARCHES.who[:, :20], gallery_size=4_000)

    assert smaller_sizes(SEARCHES) == [100]
    assert smaller_sizes(replace(SEARCHES, gallery_size=105)) == []  # nearly everybody
    assert smaller_sizes(known) == [500, 1_000]  # of 100 of 4,000, the nearest 20 hold one in 40 % of all cases only


def test_figures_of_a_report_are_those_of_the_rates(rates: RecognitionRates, told: Recognition) -> None:
    assert (told.size, told.mated, told.non_mated) == (150, 360, 390)
    assert told.fpir == rates.fpir.series()
    assert told.fnir == rates.fnir.series()
    for at in told.at_fpir:
        assert at.tau is not None
        assert PLAIN.fpir(at.tau).value <= at.asked  # type: ignore[operator]  # there are searches
        assert at.missed is not None
        assert at.missed.value == pytest.approx(PLAIN.fnir(at.tau).value, rel=1e-5)


def test_nobody_can_be_mistaken_in_a_gallery_of_one() -> None:
    alone = searches([[inf]], size=1, own=[0.1])
    draws, taus = draws_of_people(1, 10, 0), np.array([0.0, 0.1, 1.0])
    rates = recognition_rates(alone, taus, draws)
    compared = verification_rates(EVIDENCE.person_mated, EVIDENCE.person_non_mated, taus, DRAWS)
    told = recognition(alone, rates, compared.fmr, taus, draws)

    assert rates.fpir.at(2).value is None
    assert rates.fnir.value.tolist() == [1, 0, 0]
    assert told.sizes == []
    assert {at.tau for at in told.at_fpir} == {None}


def test_where_nobody_has_a_second_photo_there_is_no_fnir() -> None:
    rates = recognition_rates(searches([[0.2], [0.2]], size=2, person=[0, 1], who=[[1], [0]]), TAUS, DRAWS)

    assert rates.fnir.trials == 0
    assert rates.fnir.at(0).value is None
    assert rates.fpir.value[-1] == 1
