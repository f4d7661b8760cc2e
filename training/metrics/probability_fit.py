"""From distances whose truth is known to a probability: fitted on some people, calibrated on others."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize

from faces.services.probability_curve import LEAST, ProbabilityCurve
from training.metrics.judged import Steps
from training.metrics.types import Distances

MOST_LAPSES = 0.25
"""The largest share of comparisons at either end that may be taken for wrong labels."""

STEEPEST = 1e6
"""The largest change of the log-odds with the (scaled) distance, where nothing else keeps it finite."""


def least_doubt(people: int) -> float:
    """Return what is left to doubt after so many people of whom none was seen to be wrong: 1 / (people + 2).

    Laplace's rule of succession. Pairs are not counted: those of one person are not independent.
    """
    return 1 / (people + 2)


def curve_at(curve: ProbabilityCurve, distances: Distances) -> Distances:
    """Return `curve.at` of each of (E,) distances."""
    values: Distances = curve.low + (curve.high - curve.low) * _logistic(_log_odds(curve, distances))
    return values


def fitted(steps: Steps, people: int) -> ProbabilityCurve:
    """Return the curve under which what was seen is likeliest; both factors are held at 0 or below.

    Where two kinds of distances do not overlap, no curve is steep enough. So each truth is doubted by `least_doubt`,
    as by Platt (1999, "Probabilistic outputs for support vector machines", section 2.2).

    Args:
        steps: of one part of the people.
        people: how many they are.
    """
    doubt = least_doubt(people)
    right = steps.right * (1 - doubt) + steps.wrong * doubt
    wrong = steps.wrong * (1 - doubt) + steps.right * doubt
    features = _features(steps.distances)  # (K, 2)
    center, scale = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-9)
    scaled = (features - center) / scale

    def loss(values: Distances) -> tuple[float, Distances]:
        log_odds = values[0] + scaled @ values[1:]
        value = right @ np.logaddexp(0, -log_odds) + wrong @ np.logaddexp(0, log_odds)
        slope = wrong * _logistic(log_odds) - right * _logistic(-log_odds)  # (K,)
        return float(value), np.append(slope.sum(), slope @ scaled)

    found = minimize(loss, np.zeros(3), jac=True, method="L-BFGS-B", bounds=[(None, None), *[(-STEEPEST, 0)] * 2])
    factors = found.x[1:] / scale
    return ProbabilityCurve(
        intercept=float(found.x[0] - factors @ center),
        distance=float(factors[0]),
        log_distance=float(factors[1]),
        low=doubt,
        high=1 - doubt,
    )


@dataclass(frozen=True, eq=False)
class _Odds:
    """The log-odds of a fitted curve at each step, scaled to a mean of 0 and a deviation of 1."""

    scaled: Distances
    mean: float
    deviation: float


def calibrated(curve: ProbabilityCurve, steps: Steps, people: int) -> ProbabilityCurve:
    """Return the curve with its place, its steepness and its limits set anew, by people whom it was not fitted on.

    Platt scaling with two lapses, as psychometric functions have them (Wichmann and Hill 2001, "The psychometric
    function: I", equation 1): 1 - high is the share of wrong answers however near the faces are (people who are there
    twice, photos under a wrong name), low that of right ones however far. Neither is set below `least_doubt`.

    Args:
        curve: fitted on other people.
        steps: of the people to calibrate on.
        people: how many they are.
    """
    doubt = least_doubt(people)
    odds = _scaled(_log_odds(curve, steps.distances))

    def loss(values: Distances) -> float:
        chance = values[2] + (1 - values[3] - values[2]) * _logistic(values[0] + values[1] * odds.scaled)
        return -float(steps.right @ np.log(chance) + steps.wrong @ np.log1p(-chance))

    limits = (doubt, max(doubt, MOST_LAPSES))
    bounds = [(None, None), (0, STEEPEST), limits, limits]
    found = minimize(loss, np.array([0, 1, doubt, doubt]), method="L-BFGS-B", bounds=bounds).x
    steeper = float(found[1]) / odds.deviation
    return replace(
        curve,
        intercept=float(found[0]) + steeper * (curve.intercept - odds.mean),
        distance=curve.distance * steeper,
        log_distance=curve.log_distance * steeper,
        low=float(found[2]),
        high=1 - float(found[3]),
    )


def _scaled(log_odds: Distances) -> _Odds:
    mean, deviation = float(log_odds.mean()), max(float(log_odds.std()), 1e-9)
    return _Odds((log_odds - mean) / deviation, mean, deviation)


def _features(distances: Distances) -> Distances:
    return np.column_stack([distances, np.log(np.maximum(distances, LEAST))])


def _log_odds(curve: ProbabilityCurve, distances: Distances) -> Distances:
    values: Distances = curve.intercept + _features(distances) @ np.array([curve.distance, curve.log_distance])
    return values


def _logistic(log_odds: Distances) -> Distances:
    values: Distances = 1 / (1 + np.exp(-np.clip(log_odds, -700, 700)))
    return values
