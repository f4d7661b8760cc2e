"""From distances whose truth is known to a probability: fitted on some people, calibrated on others."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from faces.services.probability_curve import LEAST, ProbabilityCurve
from training.metrics.judged import Steps
from training.metrics.types import Distances

MOST_LAPSES = 0.25
"""The largest share of comparisons at either end that may be taken for wrong labels."""

STEEPEST = 1e3
"""The largest change of the log-odds over one standard deviation of the distances."""

TINY = 1e-12


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

    Its limits are lapses, as psychometric functions have them (Wichmann and Hill 2001, "The psychometric function: I",
    equation 1): 1 - high is the share of wrong answers however near the faces are (people who are there twice, photos
    under a wrong name), low that of right ones however far. Neither is set below `least_doubt`, so that nothing is
    certain where the two kinds of distances do not overlap.

    Args:
        steps: of one part of the people.
        people: how many they are.
    """
    found = _likeliest(_features(steps.distances), steps, least_doubt(people))
    distance, log_distance = found.factors
    return ProbabilityCurve(found.intercept, distance, log_distance, found.low, found.high)


def calibrated(curve: ProbabilityCurve, steps: Steps, people: int) -> ProbabilityCurve:
    """Return the curve with its place, its steepness and its limits set anew, by people whom it was not fitted on.

    Platt scaling (Platt 1999, "Probabilistic outputs for support vector machines", section 2) with lapses: how d and
    log d weigh against each other stays as it was fitted.

    Args:
        curve: fitted on other people.
        steps: of the people to calibrate on.
        people: how many they are.
    """
    against = -_log_odds(curve, steps.distances)[:, None]  # rises with the distance, as a factor at most 0 asks
    found = _likeliest(against, steps, least_doubt(people))
    steeper = -found.factors[0]
    return ProbabilityCurve(
        intercept=found.intercept + steeper * curve.intercept,
        distance=steeper * curve.distance,
        log_distance=steeper * curve.log_distance,
        low=found.low,
        high=found.high,
    )


@dataclass(frozen=True)
class _Likeliest:
    intercept: float
    factors: tuple[float, ...]
    low: float
    high: float


def _likeliest(features: Distances, steps: Steps, doubt: float) -> _Likeliest:
    """Return the logistic curve between two limits that makes what was seen at (K, F) features likeliest."""
    center, scale = features.mean(axis=0), np.maximum(features.std(axis=0), TINY)
    scaled = (features - center) / scale

    def loss(values: Distances) -> tuple[float, Distances]:
        low, gap = values[-2], 1 - values[-2] - values[-1]
        logistic = _logistic(values[0] + scaled @ values[1:-2])
        chance = low + gap * logistic
        slope = steps.wrong / (1 - chance) - steps.right / chance  # (K,) of the loss over the chance
        by_odds = slope * gap * logistic * (1 - logistic)
        gradient = [by_odds.sum(), *(by_odds @ scaled), slope @ (1 - logistic), -(slope @ logistic)]
        return -float(steps.right @ np.log(chance) + steps.wrong @ np.log1p(-chance)), np.array(gradient)

    count = features.shape[1]
    lapse = (doubt, max(doubt, MOST_LAPSES))
    bounds = [(None, None), *[(-STEEPEST, 0.0)] * count, lapse, lapse]
    start = np.array([0.0, *[-1.0] * count, doubt, doubt])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 1000, "ftol": TINY}).x
    factors = found[1:-2] / scale
    return _Likeliest(
        intercept=float(found[0] - factors @ center),
        factors=tuple(factors.tolist()),
        low=float(found[-2]),
        high=1 - float(found[-1]),
    )


def _features(distances: Distances) -> Distances:
    return np.column_stack([distances, np.log(np.maximum(distances, LEAST))])


def _log_odds(curve: ProbabilityCurve, distances: Distances) -> Distances:
    values: Distances = curve.intercept + _features(distances) @ np.array([curve.distance, curve.log_distance])
    return values


def _logistic(log_odds: Distances) -> Distances:
    values: Distances = 1 / (1 + np.exp(-np.clip(log_odds, -700, 700)))
    return values
