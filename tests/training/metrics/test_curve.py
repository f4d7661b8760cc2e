"""FMR and FNMR over tau, against their definitions."""

import numpy as np
import pytest

from tests.training.metrics import loops
from training.metrics.curve import ErrorCurve


@pytest.mark.parametrize("seed", range(20))
def test_every_point_of_the_curve_has_the_rates_of_the_definition(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mated = (rng.integers(0, 9, size=rng.integers(1, 40)) / 8).tolist()  # coarse, so that distances repeat
    non_mated = (rng.integers(4, 24, size=rng.integers(1, 40)) / 8).tolist()
    curve = ErrorCurve.from_distances(mated, non_mated)

    assert curve.taus.tolist() == sorted({*mated, *non_mated})
    assert curve.fmr.tolist() == [loops.fmr(non_mated, tau) for tau in curve.taus]
    np.testing.assert_allclose(curve.fnmr, [loops.fnmr(mated, tau) for tau in curve.taus], atol=1e-15)
    for tau in np.arange(0, 33) / 8:
        point = curve.at(float(tau))
        assert point.fmr == loops.fmr(non_mated, tau)
        assert point.fnmr == pytest.approx(loops.fnmr(mated, tau), abs=1e-15)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("rate", [0.0, 0.01, 0.1, 0.5, 1.0])
def test_tau_at_an_fmr_is_the_loosest_distance_that_keeps_it(seed: int, rate: float) -> None:
    rng = np.random.default_rng(seed)
    mated = (rng.integers(0, 9, size=30) / 8).tolist()
    non_mated = (rng.integers(4, 24, size=50) / 8).tolist()
    keeping = [tau for tau in {*mated, *non_mated} if loops.fmr(non_mated, tau) <= rate]

    point = ErrorCurve.from_distances(mated, non_mated).at_fmr(rate)

    assert (point.tau if point else None) == max(keeping, default=None)


@pytest.mark.parametrize("seed", range(20))
def test_the_eer_is_where_the_two_rates_are_closest(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mated = (rng.integers(0, 16, size=25) / 8).tolist()
    non_mated = (rng.integers(8, 32, size=40) / 8).tolist()
    rates = [(loops.fmr(non_mated, tau), loops.fnmr(mated, tau)) for tau in sorted({*mated, *non_mated})]
    closest = min(rates, key=lambda pair: round(abs(pair[0] - pair[1]), 12))

    assert ErrorCurve.from_distances(mated, non_mated).eer == pytest.approx(sum(closest) / 2)


def test_a_distance_of_exactly_tau_is_a_match() -> None:
    curve = ErrorCurve.from_distances(mated=[0.25, 0.5], non_mated=[0.5, 1.0])

    at_tie = curve.at(0.5)
    assert (at_tie.fmr, at_tie.fnmr) == (0.5, 0.0)
    just_below = curve.at(float(np.nextafter(0.5, 0)))
    assert (just_below.fmr, just_below.fnmr) == (0.0, 0.5)


def test_an_fmr_that_is_met_exactly_counts_as_met() -> None:
    non_mated = [1.0 + i / 1000 for i in range(1000)]
    point = ErrorCurve.from_distances([0.5], non_mated).at_fmr(1e-3)

    assert point is not None
    assert (point.tau, point.fmr, point.tar) == (1.0, 1e-3, 1.0)


def test_no_tau_keeps_an_fmr_that_identical_photos_of_different_people_exceed() -> None:
    assert ErrorCurve.from_distances([0.0, 1.0], [0.0, 2.0]).at_fmr(0.1) is None


def test_perfectly_separate_distances_have_an_eer_of_zero_at_the_tightest_tau() -> None:
    curve = ErrorCurve.from_distances([0.25, 0.5], [1.0, 2.0])

    assert (curve.eer, curve.equal_error().tau) == (0.0, 0.5)


@pytest.mark.parametrize(("mated", "non_mated"), [([], [1.0]), ([1.0], [])])
def test_rates_of_nothing_are_refused(mated: list[float], non_mated: list[float]) -> None:
    with pytest.raises(ValueError, match="at least one mated and one non-mated"):
        ErrorCurve.from_distances(mated, non_mated)


@pytest.mark.parametrize("wrong", [-0.1, 4.5, float("nan")])
def test_what_is_no_distance_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="from 0 to 4"):
        ErrorCurve.from_distances([0.5, wrong], [1.0])
