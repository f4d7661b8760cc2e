"""Whether the probabilities are those that the distances were drawn with."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from faces.services.probability_curve import LEAST, ProbabilityCurve
from training.metrics.judged import Steps
from training.metrics.probability_fit import calibrated, curve_at, fitted, least_doubt
from training.metrics.types import Distances

TRUTH = ProbabilityCurve(intercept=2.0, distance=-9.0, log_distance=-2.5, low=0.004, high=0.98)
EVERYBODY = 10**6
"""So many that nothing is left to doubt."""


def drawn(seed: int, count: int = 200_000, truth: ProbabilityCurve = TRUTH) -> Steps:
    """Distances of 0 to 1.5, right as often as the truth says."""
    rng = np.random.default_rng(seed)
    distances = rng.uniform(0.0, 1.5, size=count)
    is_right = rng.uniform(size=count) < curve_at(truth, distances)
    places = np.floor(distances * 1000).astype(int)
    right, wrong = np.bincount(places[is_right], minlength=1500), np.bincount(places[~is_right], minlength=1500)
    return Steps((np.arange(1500) + 0.5) / 1000, right / count, wrong / count)


def grid() -> Distances:
    return np.linspace(0.0, 1.5, 301)


def test_what_was_drawn_by_a_curve_gives_the_curve_back() -> None:
    curve = calibrated(fitted(drawn(0), EVERYBODY), drawn(1), EVERYBODY)
    np.testing.assert_allclose(curve_at(curve, grid()), curve_at(TRUTH, grid()), atol=0.012)
    assert curve.high == pytest.approx(TRUTH.high, abs=0.004)
    assert curve.low == pytest.approx(TRUTH.low, abs=0.004)


def test_calibrating_on_other_people_moves_the_curve_to_them() -> None:
    nearer = ProbabilityCurve(intercept=-3.0, distance=-9.0, log_distance=-2.5, low=0.004, high=0.98)
    curve = calibrated(fitted(drawn(0), EVERYBODY), drawn(1, truth=nearer), EVERYBODY)
    np.testing.assert_allclose(curve_at(curve, grid()), curve_at(nearer, grid()), atol=0.012)


def test_a_fit_without_limits_is_the_logistic_regression_of_scikit_learn() -> None:
    steps = drawn(2, truth=ProbabilityCurve(intercept=2.0, distance=-9.0, log_distance=-2.5, low=1e-9, high=1 - 1e-9))
    ours = fitted(steps, EVERYBODY)
    features = np.column_stack([steps.distances, np.log(np.maximum(steps.distances, LEAST))])
    twice = np.concatenate([features, features])
    truth = np.repeat([1, 0], len(features))
    theirs = LogisticRegression(C=1e9, tol=1e-8, max_iter=10_000).fit(
        twice, truth, sample_weight=np.concatenate([steps.right, steps.wrong]) * 1e4
    )
    expected = theirs.predict_proba(features)[:, 1]
    np.testing.assert_allclose(curve_at(ours, steps.distances), expected, atol=2e-3)


def test_a_larger_distance_never_has_a_larger_probability_even_where_it_was_seen_to() -> None:
    steps = drawn(3)
    upside_down = Steps(steps.distances, steps.wrong, steps.right)
    for seen in (steps, upside_down):
        values = curve_at(calibrated(fitted(seen, 100), seen, 100), np.linspace(0.0, 4.0, 2001))
        assert np.all(np.diff(values) <= 0)


@pytest.mark.parametrize("people", [30, 300])
def test_kinds_that_do_not_overlap_give_no_more_certainty_than_the_people_allow(people: int) -> None:
    apart = Steps(np.array([0.1, 0.11, 0.9, 1.0]), np.array([0.25, 0.25, 0, 0]), np.array([0, 0, 0.25, 0.25]))
    curve = calibrated(fitted(apart, people), apart, people)
    values = curve_at(curve, np.array([0.0, 0.1, 1.0, 4.0]))
    assert values[:2] == pytest.approx(1 - 1 / (people + 2), abs=1e-3)
    assert values[2:] == pytest.approx(1 / (people + 2), abs=1e-3)
    assert np.all((values >= least_doubt(people)) & (values <= 1 - least_doubt(people)))


def test_one_value_and_many_are_the_same() -> None:
    distances = np.concatenate([grid(), [0.0, LEAST / 2, LEAST, 4.0]])
    np.testing.assert_allclose(curve_at(TRUTH, distances), [TRUTH.at(d) for d in distances.tolist()], rtol=1e-12)
