"""How good probabilities are, on people whom nothing was fitted to."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from training.metrics.judged import Judged
from training.metrics.resampling import draws_of_people
from training.metrics.types import Distances, Labels, Mask

EDGES = (0.0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
"""Of the bins of the reliability curve: closer together at the ends, where nearly all answers lie."""

RESAMPLES = 200

ROUNDING = 1e-12
"""A sum of weights may come out larger by this share than the same sum in another order."""


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
    losses = Losses.of(claimed, judged)
    drawn = np.array([losses.mean(weights) for weights in resampled_weights(judged, resamples, seed)])
    brier, log_loss, error = (
        _measured(value, column) for value, column in zip(losses.mean(judged.weights), drawn.T, strict=True)
    )
    right = float(judged.weights @ judged.is_right)
    bins = [_bin(index, claimed, judged, losses.places == index) for index in range(len(EDGES) - 1)]
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
    ranked = Ranked.of(scores, judged)
    true, score = ranked.at(rate, judged.weights)
    drawn = [ranked.at(rate, weights)[0] for weights in resampled_weights(judged, resamples, seed)]
    return AtFalse(rate, score, _measured(true, np.array(drawn)))


@dataclass(frozen=True, eq=False)
class Losses:
    """What each of E claims costs, and the bin it is in."""

    squares: Distances
    logs: Distances
    excess: Distances
    places: Labels

    @classmethod
    def of(cls, claimed: Distances, judged: Judged) -> Self:
        """Raises what `reliability` raises."""
        if not len(judged) or claimed.shape != judged.distances.shape:
            raise ValueError(f"{claimed.shape} probabilities do not fit {len(judged)} comparisons.")
        if not bool(np.all((claimed > 0) & (claimed < 1))):
            raise ValueError("A probability lies between 0 and 1, and is never certain.")
        excess = claimed - judged.is_right
        logs = -np.log(np.where(judged.is_right, claimed, 1 - claimed))
        places = np.searchsorted(EDGES[1:-1], claimed, side="right").astype(np.int64)
        return cls(excess**2, logs, excess, places)

    def mean(self, weights: Distances) -> tuple[float, float, float]:
        """Return the Brier score, the log loss and the calibration error under (E,) weights that sum to 1."""
        error = np.abs(np.bincount(self.places, weights * self.excess)).sum()
        return float(weights @ self.squares), float(weights @ self.logs), float(error)


@dataclass(frozen=True, eq=False)
class Ranked:
    """Comparisons in the order of their scores.

    Attributes:
        order: (E,) rows, the likeliest right first.
        ends: the place of the last of each score, in that order.
        scores: of those.
        is_right, is_mated: (E,) in that order.
    """

    order: Labels
    ends: Labels
    scores: Distances
    is_right: Mask
    is_mated: Mask

    @classmethod
    def of(cls, scores: Distances, judged: Judged) -> Self:
        """Sort, once for all resamples."""
        order = np.argsort(scores, kind="stable")
        ends = np.flatnonzero(np.append(np.diff(scores[order]) > 0, True))
        return cls(order, ends, scores[order][ends], judged.is_right[order], judged.is_mated[order])

    def at(self, rate: float, weights: Distances) -> tuple[float, float | None]:
        """Return the share of right answers among the mated, and the last score taken, with at most this false rate."""
        weights = weights[self.order]
        false = np.cumsum(np.where(self.is_mated, 0.0, weights))[self.ends]
        taken = int(np.searchsorted(false, rate * false[-1] * (1 + ROUNDING), side="right"))
        if not taken:
            return 0.0, None
        true = np.cumsum(np.where(self.is_right, weights, 0.0))[self.ends[taken - 1]]
        return float(true / weights[self.is_mated].sum()), float(self.scores[taken - 1])


def resampled_weights(judged: Judged, resamples: int, seed: int) -> Iterator[Distances]:
    """Yield the weights of comparisons among people drawn with replacement, still 1/2 of either kind."""
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


def limits(values: Distances) -> tuple[float, float]:
    """Return the 95 % interval of what was resampled."""
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


def _measured(value: float, drawn: Distances) -> Measured:
    """Return a value with its interval, and that it holds the value.

    Chance can only make a calibration error larger, so that of nearly every resample is.
    """
    low, high = limits(drawn)
    return Measured(value, min(low, value), max(high, value))


def _bin(index: int, claimed: Distances, judged: Judged, chosen: Mask) -> Bin:
    weights = judged.weights[chosen]
    share = float(weights.sum())
    claims, right = float(weights @ claimed[chosen]), float(weights @ judged.is_right[chosen])
    return Bin(
        low=EDGES[index],
        high=EDGES[index + 1],
        claimed=claims / share if share else None,
        seen=right / share if share else None,
        share=share,
        comparisons=int(chosen.sum()),
        people=len(np.union1d(judged.first[chosen], judged.second[chosen])),
    )
