"""How good probabilities are, on people whom nothing was fitted to."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from training.metrics.judged import Judged
from training.metrics.resampling import draws_of_people
from training.metrics.types import Distances, Labels, Mask

EDGES = (0.0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
"""Of the bins of the reliability curve: closer together at the ends, where nearly all answers lie."""

RESAMPLES = 200

Resampled: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measured:
    """A number with its 95 % interval from resampling people."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Bin:
    """The comparisons of which a probability of `low` to `high` (below it; the last bin holds 1) was claimed.

    Attributes:
        claimed: the mean of what was claimed; None in a bin of nothing, as is `seen`.
        seen: the share that was right.
        share: of all comparisons, both kinds counting the same.
        comparisons, people: how many of each.
    """

    low: float
    high: float
    claimed: float | None
    seen: float | None
    share: float
    comparisons: int
    people: int


@dataclass(frozen=True, slots=True)
class AtFalse:
    """What is found where a false rate is held: `score` is the last that is taken, None where none can be."""

    rate: float
    score: float | None
    true: Measured


@dataclass(frozen=True, slots=True)
class Reliability:
    """How good the probabilities of some comparisons are.

    Attributes:
        brier: the mean squared difference from the truth (Brier 1950); 0 is best.
        log_loss: the mean negative logarithm of what was claimed of the truth; 0 is best.
        calibration_error: the mean difference of claimed and seen over the bins, by their shares (Naeini et al. 2015).
        constant_brier: of claiming the same of everything, the share that is right.
        bins: the reliability curve.
    """

    brier: Measured
    log_loss: Measured
    calibration_error: Measured
    constant_brier: float
    bins: list[Bin]


def reliability(claimed: Distances, judged: Judged, *, resamples: int = RESAMPLES, seed: int = 0) -> Reliability:
    """Judge what was claimed (E,) of comparisons whose truth is known.

    Intervals: people are drawn with replacement, and a comparison counts as often as both of its people were drawn.

    Raises:
        ValueError: there is no comparison, or a probability is not within (0, 1).
    """
    if not len(judged) or claimed.shape != judged.distances.shape:
        raise ValueError(f"{claimed.shape} probabilities do not fit {len(judged)} comparisons.")
    if not bool(np.all((claimed > 0) & (claimed < 1))):
        raise ValueError("A probability lies between 0 and 1, and is never certain.")
    truth = judged.is_right.astype(np.float64)
    squares, logs = (claimed - truth) ** 2, -np.log(np.where(judged.is_right, claimed, 1 - claimed))
    places = np.clip(np.searchsorted(EDGES, claimed, side="right") - 1, 0, len(EDGES) - 2)

    def rates(weights: Distances) -> tuple[float, float, float]:
        return float(weights @ squares), float(weights @ logs), _calibration_error(claimed - truth, places, weights)

    drawn = np.array([rates(weights) for weights in resampled_weights(judged, resamples, seed)]).T
    brier, log_loss, error = (
        Measured(value, *_limits(column, value)) for value, column in zip(rates(judged.weights), drawn, strict=True)
    )
    right = float(judged.weights @ truth)
    bins = [_bin(index, claimed, judged, places == index) for index in range(len(EDGES) - 1)]
    return Reliability(brier, log_loss, error, right * (1 - right), bins)


def true_at_false(
    scores: Distances, judged: Judged, rate: float, *, resamples: int = RESAMPLES, seed: int = 0
) -> AtFalse:
    """Return how many right answers are found where at most `rate` of the non-mated comparisons are taken for right.

    Args:
        scores: (E,), smaller for what is likelier right; of one score all or none are taken.
        judged: what they are scores of.
        rate: an FMR, or in searches an FPIR.
        resamples, seed: as for `reliability`.
    """
    order = np.argsort(scores, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(scores[order]) > 0, True))  # the last of each score
    is_right, is_mated = judged.is_right[order], judged.is_mated[order]

    def at(weights: Distances) -> tuple[float, int]:
        false = np.cumsum(np.where(is_mated, 0, weights))[ends]
        taken = int(np.searchsorted(false, rate * false[-1] * (1 + 1e-12), side="right"))
        if not taken:
            return 0.0, -1
        true = np.cumsum(np.where(is_right, weights, 0))[ends[taken - 1]]
        return float(true / weights[is_mated].sum()), int(ends[taken - 1])

    value, last = at(judged.weights[order])
    low, high = _limits(
        np.array([at(weights[order])[0] for weights in resampled_weights(judged, resamples, seed)]), value
    )
    score = float(scores[order][last]) if last >= 0 else None
    return AtFalse(rate, score, Measured(value, low, high))


def resampled_weights(judged: Judged, resamples: int, seed: int) -> Iterator[Distances]:
    """Yield the weights of comparisons among people drawn with replacement, still 1/2 of either kind; see above."""
    people, rows = np.unique(np.concatenate([judged.first, judged.second]), return_inverse=True)
    first, second = rows[: len(judged)], rows[len(judged) :]
    alike = first == second
    for times in draws_of_people(len(people), resamples, seed):
        weights = judged.weights * times[first] * np.where(alike, 1, times[second])
        for kind in (judged.is_mated, ~judged.is_mated):
            total = weights[kind].sum()
            if total > 0:
                weights[kind] *= judged.weights[kind].sum() / total
        yield weights


def _calibration_error(excess: Distances, places: Labels, weights: Distances) -> float:
    return float(np.abs(np.bincount(places, weights * excess)).sum())


def _limits(values: Resampled, fallback: float) -> tuple[float, float]:
    if not len(values):
        return fallback, fallback
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


def _bin(index: int, claimed: Distances, judged: Judged, chosen: Mask) -> Bin:
    share = float(judged.weights[chosen].sum())
    means = [
        float(judged.weights[chosen] @ values[chosen]) / share if share else None
        for values in (claimed, judged.is_right)
    ]
    people = len(np.union1d(judged.first[chosen], judged.second[chosen]))
    return Bin(EDGES[index], EDGES[index + 1], means[0], means[1], share, int(chosen.sum()), people)
