"""The taus of a report, and the choice of one by its error rate."""

import numpy as np
import pytest

from tests.training import made
from training.metrics.curve import ErrorCurve
from training.metrics.figures import Series
from training.metrics.tau_grid import tau_for, tau_grid


def series(value: list[float], *, trials: float = 100) -> Series:
    return Series(value=value, low=value, high=value, people=[0] * len(value), trials=trials)


def test_taus_ascend_from_nothing_to_everything_and_hold_those_in_force() -> None:
    evidence = made.evidence()
    taus = tau_grid(evidence, [0.123456789, 0.5])

    assert bool(np.all(np.diff(taus) > 0))
    assert taus[0] == 0
    assert taus[-1] == max(evidence.photo_non_mated.distances.max(), evidence.photo_mated.distances.max())
    assert {0.123456789, 0.5} <= set(taus.tolist())
    assert 200 < len(taus) < 600


@pytest.mark.parametrize("asked", 10.0 ** -np.arange(0.5, 4.5, 0.5))
def test_the_loosest_tau_that_holds_an_fmr_is_among_them(asked: float) -> None:
    evidence = made.evidence()
    taus = tau_grid(evidence, [])
    curve = ErrorCurve.from_distances(evidence.person_mated.distances, evidence.person_non_mated.distances)
    fmr = [curve.at(tau).fmr for tau in taus.tolist()]

    found, best = tau_for(series(fmr), taus.tolist(), asked), curve.at_fmr(asked)

    assert found is not None
    assert best is not None
    assert curve.at(found).fmr == best.fmr  # as many matches as any tau may have that holds it
    assert curve.at(found).fmr <= asked


def test_there_is_a_tau_for_each_fpir_that_its_searches_can_tell() -> None:
    evidence = made.evidence()
    taus = tau_grid(evidence, [])
    nearest = np.sort(evidence.searches.others[:, 0])

    for errors in (1, 3, 12, 60):
        counted = [int(np.sum(nearest <= tau)) for tau in taus]
        assert max(found for found in counted if found <= errors) >= errors * 10**-0.1


def test_equal_distances_are_passed_together() -> None:
    fmr, taus = [0.0, 0.01, 0.01, 0.5], [0.0, 0.1, 0.2, 0.3]

    assert tau_for(series(fmr), taus, 0.01) == 0.2
    assert tau_for(series(fmr), taus, 0.49) == 0.2
    assert tau_for(series(fmr), taus, 0.009) == 0.0
    assert tau_for(series(fmr), taus, 1) == 0.3


def test_no_tau_holds_a_rate_that_all_exceed_and_none_that_was_never_tried() -> None:
    assert tau_for(series([0.02, 0.5]), [0.0, 1.0], 0.01) is None
    assert tau_for(series([0.0, 0.0], trials=0), [0.0, 1.0], 0.01) is None


def test_people_without_any_comparison_have_taus_all_the_same() -> None:
    taus = tau_grid(made.evidence(people=1, photos=1), [0.4])

    assert taus[0] == 0
    assert 0.4 in taus
