"""FMR and FNMR of a report: against loops, `ErrorCurve` and scikit-learn."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import det_curve, roc_auc_score, roc_curve

from tests.training import made
from tests.training.metrics import loops
from training.metrics.curve import ErrorCurve
from training.metrics.evidence import Comparisons
from training.metrics.resampling import draws_of_people
from training.metrics.tau_grid import tau_grid
from training.metrics.types import Distances
from training.metrics.verification import VerificationRates, histogram_of, verification, verification_rates

EVIDENCE = made.evidence(people=40, photos=3, seed=5)
TAUS = tau_grid(EVIDENCE, [])


def measured(mated: Comparisons, non_mated: Comparisons, taus: Distances = TAUS) -> VerificationRates:
    return verification_rates(mated, non_mated, taus, draws_of_people(len(EVIDENCE.people), 60, 0))


def comparisons(distances: list[float], *, people: int = 40, weight: float = 1.0, second: int = 1) -> Comparisons:
    count = len(distances)
    trials = np.zeros(people)
    trials[0] = count * weight
    return Comparisons(
        first=np.zeros(count, np.int64),
        second=np.full(count, second, np.int64),
        distances=np.array(distances, dtype=np.float64),
        weights=np.full(count, weight),
        trials=trials,
    )


@pytest.mark.parametrize("kind", ["person", "photo"])
def test_rates_over_tau_are_those_of_nested_loops(kind: str) -> None:
    mated, non_mated = getattr(EVIDENCE, f"{kind}_mated"), getattr(EVIDENCE, f"{kind}_non_mated")
    rates = measured(mated, non_mated)

    for index in range(0, len(TAUS), 9):
        tau = float(TAUS[index])
        assert rates.fmr.value[index] == pytest.approx(loops.fmr(non_mated.distances.tolist(), tau), abs=1e-12)
        assert rates.fnmr.value[index] == pytest.approx(loops.fnmr(mated.distances.tolist(), tau), abs=1e-12)


def test_every_rate_lies_in_its_interval_and_goes_one_way() -> None:
    rates = measured(EVIDENCE.person_mated, EVIDENCE.person_non_mated)

    for rate, way in ((rates.fmr, 1), (rates.fnmr, -1)):
        assert bool(np.all((rate.low <= rate.value + 1e-12) & (rate.value <= rate.high + 1e-12)))
        assert bool(np.all(way * np.diff(rate.value) >= -1e-12))
        assert bool(np.all(way * np.diff(rate.people) >= 0))


def test_points_of_the_roc_are_those_of_scikit_learn() -> None:
    mated, non_mated = EVIDENCE.photo_mated.distances, EVIDENCE.photo_non_mated.distances
    is_mated = np.concatenate([np.ones(len(mated)), np.zeros(len(non_mated))])
    scores = -np.concatenate([mated, non_mated])
    fpr, tpr, thresholds = roc_curve(is_mated, scores, drop_intermediate=False)
    every = np.unique(-thresholds[1:])  # the first one is infinite
    rates = measured(EVIDENCE.photo_mated, EVIDENCE.photo_non_mated, every)

    np.testing.assert_allclose(rates.fmr.value, fpr[1:], atol=1e-12)
    np.testing.assert_allclose(1 - rates.fnmr.value, tpr[1:], atol=1e-12)
    area = np.trapezoid(1 - np.append(1, rates.fnmr.value), np.append(0, rates.fmr.value))
    assert area == pytest.approx(roc_auc_score(is_mated, scores), abs=1e-12)


def test_points_of_the_det_curve_are_those_of_scikit_learn() -> None:
    mated, non_mated = EVIDENCE.person_mated.distances, EVIDENCE.person_non_mated.distances
    is_mated = np.concatenate([np.ones(len(mated)), np.zeros(len(non_mated))])
    fpr, fnr, thresholds = det_curve(is_mated, -np.concatenate([mated, non_mated]))
    taus = -thresholds[::-1]
    finite = np.isfinite(taus)
    rates = measured(EVIDENCE.person_mated, EVIDENCE.person_non_mated, taus[finite])

    np.testing.assert_allclose(rates.fmr.value, fpr[::-1][finite], atol=1e-12)
    np.testing.assert_allclose(rates.fnmr.value, fnr[::-1][finite], atol=1e-12)


def test_a_distance_of_exactly_tau_matches() -> None:
    taus = np.array([np.nextafter(0.5, 0), 0.5])
    rates = measured(comparisons([0.5], second=0), comparisons([0.5]), taus)

    assert rates.fmr.value.tolist() == [0, 1]
    assert rates.fnmr.value.tolist() == [1, 0]


def test_a_comparison_counts_for_all_that_it_stands_for() -> None:
    every = comparisons([0.1] * 6 + [0.9] * 30)
    kept = comparisons([0.1] * 6 + [0.9] * 3)
    kept = replace(kept, weights=np.array([1.0] * 6 + [10.0] * 3), trials=every.trials)
    taus = np.array([0.0, 0.1, 0.9])
    mated = comparisons([0.1], second=0)

    exact, sampled = measured(mated, every, taus).fmr, measured(mated, kept, taus).fmr

    assert sampled.value.tolist() == pytest.approx([0, 6 / 36, 1])
    assert sampled.trials == 36
    assert sampled.resampled.tolist() == [pytest.approx(row) for row in exact.resampled.tolist()]


def test_the_equal_error_rate_is_that_of_the_curve() -> None:
    curve = ErrorCurve.from_distances(EVIDENCE.person_mated.distances, EVIDENCE.person_non_mated.distances)
    taus = curve.taus
    rates = measured(EVIDENCE.person_mated, EVIDENCE.person_non_mated, taus)
    told = verification(rates, histogram_of(taus, taus, np.ones(len(taus))), taus)

    assert told.eer.value == pytest.approx(curve.eer, rel=1e-5)
    assert told.eer_tau == curve.equal_error().tau
    assert told.eer.low is not None
    assert told.eer.high is not None
    assert told.eer.low < curve.eer < told.eer.high


def test_at_each_fmr_stands_the_loosest_tau_that_holds_it() -> None:
    rates = measured(EVIDENCE.person_mated, EVIDENCE.person_non_mated)
    told = verification(rates, histogram_of(TAUS, TAUS, np.ones(len(TAUS))), TAUS)

    assert [at.asked for at in told.at_fmr] == [1e-2, 1e-3, 1e-4, 1e-5, 1e-6]
    for at in told.at_fmr:
        assert at.tau is not None
        assert at.false is not None
        assert at.false.value is not None
        assert at.missed is not None
        assert at.false.value <= at.asked
        index = TAUS.tolist().index(at.tau)
        assert at.missed.value == pytest.approx(rates.fnmr.value[index], rel=1e-5)
        assert rates.fmr.value[index + 1] > at.asked


def test_a_rate_that_even_the_tightest_tau_exceeds_has_no_tau() -> None:
    taus = np.array([0.0, 1.0])
    rates = measured(comparisons([0.1], second=0), comparisons([0.0] * 10), taus)
    told = verification(rates, histogram_of(taus, taus, np.ones(2)), taus)

    assert {(at.tau, at.false, at.missed) for at in told.at_fmr} == {(None, None, None)}


def test_without_comparisons_there_are_no_rates() -> None:
    told = verification(measured(comparisons([]), comparisons([])), histogram_of(TAUS[:0], TAUS[:0], TAUS[:0]), TAUS)

    assert (told.mated, told.non_mated) == (0, 0)
    assert told.eer.value is None
    assert told.fmr.trials == 0
    assert {at.tau for at in told.at_fmr} == {None}
    assert set(told.histogram.mated) == {0.0}


def test_histograms_are_shares_of_everything_on_common_edges() -> None:
    told = histogram_of(np.array([0.1, 0.2]), np.array([0.1, 1.6]), np.array([1.0, 3.0]))

    assert len(told.edges) == len(told.mated) + 1 == len(told.non_mated) + 1
    assert (told.edges[0], told.edges[-1]) == (0, 1.6)
    assert sum(told.mated) == pytest.approx(1)
    assert told.non_mated[-1] == 0.75
    assert told.non_mated[5] == 0.25  # 0.1 is where the sixth bar begins
    mated = histogram_of(np.array([0.1, 0.2]), np.array([1.6]), np.ones(1), np.array([9.0, 1.0])).mated
    assert (mated[5], mated[10]) == (0.9, 0.1)
