"""Binary classifiers of a pair of faces, for the study of probabilities: what they look at, and how they are fitted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from training.metrics.judged import Judged
from training.metrics.probability_fit import calibrated, curve_at, fitted, least_doubt

Floats: TypeAlias = npt.NDArray[np.float64]
Vectors: TypeAlias = npt.NDArray[np.float32]
Features: TypeAlias = Callable[[Vectors, Vectors], Vectors]

EMBEDDINGS, HIDDEN = "embeddings", "what they are made of: the averages behind the last ReLU"
PAIRS_AT_ONCE = 50_000
STRENGTHS = (1e-3, 1e-2, 1e-1, 1.0)
"""Inverse strengths of the penalty that are tried; which is best is seen on people who were not fitted to."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of faces: whose truth is in `judged`; `one` and `other` (E,) are rows of `vectors`.

    Attributes:
        vectors: (M, D) embeddings, and under `HIDDEN` what they are made of, where that is at hand.
    """

    judged: Judged
    vectors: Mapping[str, Vectors]
    one: npt.NDArray[np.int64]
    other: npt.NDArray[np.int64]


class Model(Protocol):
    """A way to tell probabilities."""

    def fit(self, pairs: Pairs, held_out: Pairs) -> None:
        """Learn from the first part of the people; what has to be chosen is chosen by `held_out`, of that part too."""

    def calibrate(self, pairs: Pairs) -> None:
        """Learn from the second part what a score means."""

    def probabilities(self, pairs: Pairs) -> Floats:
        """(E,) within (0, 1)."""


def absolute(first: Vectors, second: Vectors) -> Vectors:
    """|f1 - f2| of each number: (E, D)."""
    features: Vectors = np.abs(first - second)
    return features


def squared(first: Vectors, second: Vectors) -> Vectors:
    """(f1 - f2)² of each number: weighted and summed up they are a squared L2 distance whose axes count differently."""
    features: Vectors = np.square(first - second)
    return features


def absolute_and_squared(first: Vectors, second: Vectors) -> Vectors:
    """Both: (E, 2 D)."""
    return np.hstack([absolute(first, second), squared(first, second)])


def chi_squared(first: Vectors, second: Vectors) -> Vectors:
    """(f1 - f2)² / (f1 + f2) of each number, 0 where both are 0: (E, D).

    Taigman et al. 2014, "DeepFace", section 4.1, which sums them up weighted. It is made for features of 0 or more, as
    they leave a ReLU; where the sum can be 0 or negative it is no distance.

    Raises:
        ValueError: a feature is negative.
    """
    negative = float(np.mean(first < 0) + np.mean(second < 0)) / 2
    if negative:
        raise ValueError(f"χ² is defined for features of 0 or more; {100 * negative:.0f} % of these are negative.")
    total = first + second
    features: Vectors = np.divide(np.square(first - second), total, out=np.zeros_like(total), where=total > 0)
    return features


def chi_squared_of_halves(first: Vectors, second: Vectors) -> Vectors:
    """χ² of the positive and of the negative parts, each 0 or more: (E, 2 D). Not DeepFace's, but defined."""
    return chi_squared(*(np.hstack([np.maximum(side, 0), np.maximum(-side, 0)]) for side in (first, second)))


class LinearModel:
    """Logistic regression on features of the pair, then Platt's scaling of its score (Platt 1999)."""

    def __init__(self, features: Features, *, of: str = EMBEDDINGS) -> None:
        """`features` of two (E, D) arrays of these vectors."""
        self._features, self._vectors = features, of
        self._platt = LogisticRegression(C=1e6)
        self._pipeline: Pipeline | None = None
        self._doubt = 0.0

    def fit(self, pairs: Pairs, held_out: Pairs) -> None:
        """Choose the penalty by the log loss on people held out, then learn from all."""
        losses = [self._loss(self._fitted([pairs], strength), held_out) for strength in STRENGTHS]
        self._pipeline = self._fitted([pairs, held_out], STRENGTHS[int(np.argmin(losses))])

    def calibrate(self, pairs: Pairs) -> None:
        """Fit place and slope of the score."""
        weights = pairs.judged.weights * len(pairs.judged)
        self._platt.fit(self._scores(self._pipeline, pairs)[:, None], pairs.judged.is_right, sample_weight=weights)
        self._doubt = least_doubt(pairs.judged.people(mated=True))

    def probabilities(self, pairs: Pairs) -> Floats:
        """No more certain than the people allow whom it was calibrated on."""
        claimed: Floats = self._platt.predict_proba(self._scores(self._pipeline, pairs)[:, None])[:, 1]
        return self._doubt + (1 - 2 * self._doubt) * claimed

    def _fitted(self, parts: list[Pairs], strength: float) -> Pipeline:
        features = np.concatenate([self._of(pairs, slice(None)) for pairs in parts])
        truth = np.concatenate([pairs.judged.is_right for pairs in parts])
        weights = np.concatenate([pairs.judged.weights * len(pairs.judged) for pairs in parts])
        pipeline = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=300, tol=1e-3))
        return pipeline.fit(features, truth, logisticregression__sample_weight=weights)

    def _loss(self, pipeline: Pipeline, pairs: Pairs) -> float:
        scores = self._scores(pipeline, pairs)
        return float(pairs.judged.weights @ np.logaddexp(0, np.where(pairs.judged.is_right, -scores, scores)))

    def _scores(self, pipeline: Pipeline | None, pairs: Pairs) -> Floats:
        assert pipeline is not None
        starts = range(0, len(pairs.judged), PAIRS_AT_ONCE)
        blocks = [self._of(pairs, slice(start, start + PAIRS_AT_ONCE)) for start in starts]
        return np.concatenate([pipeline.decision_function(block) for block in blocks]).astype(np.float64)

    def _of(self, pairs: Pairs, rows: slice) -> Vectors:
        vectors = pairs.vectors[self._vectors]
        return self._features(vectors[pairs.one[rows]], vectors[pairs.other[rows]])


class Distance(LinearModel):
    """Logistic regression on the distance alone: nothing else than Platt's scaling."""

    def __init__(self) -> None:
        """Its one feature is made without the embeddings."""
        super().__init__(squared)

    def fit(self, pairs: Pairs, held_out: Pairs) -> None:
        """Learn nothing: a scaling of the score would be undone."""

    def _scores(self, pipeline: Pipeline | None, pairs: Pairs) -> Floats:
        return -pairs.judged.distances


class Isotonic:
    """The falling steps nearest to what was seen on the second part (Zadrozny and Elkan 2002)."""

    def fit(self, pairs: Pairs, held_out: Pairs) -> None:
        """Learn nothing."""

    def calibrate(self, pairs: Pairs) -> None:
        """Pool neighbors in the wrong order, until there are none."""
        doubt = least_doubt(pairs.judged.people(mated=True))
        self._steps = IsotonicRegression(y_min=doubt, y_max=1 - doubt, increasing=False, out_of_bounds="clip")
        judged = pairs.judged
        self._steps.fit(judged.distances, judged.is_right, sample_weight=judged.weights)

    def probabilities(self, pairs: Pairs) -> Floats:
        """Constant within a step."""
        claimed: Floats = self._steps.predict(pairs.judged.distances)
        return claimed


class Served:
    """What the platform does: a falling curve of the distance and its logarithm, then scaling with two lapses."""

    def fit(self, pairs: Pairs, held_out: Pairs) -> None:
        """Nothing has to be chosen by those held out, so both are learned from."""
        people = pairs.judged.people(mated=True) + held_out.judged.people(mated=True)
        self._curve = fitted(pairs.judged.steps(), people)

    def calibrate(self, pairs: Pairs) -> None:
        """By the second part."""
        self._curve = calibrated(self._curve, pairs.judged.steps(), pairs.judged.people(mated=True))

    def probabilities(self, pairs: Pairs) -> Floats:
        """By the distance alone."""
        return curve_at(self._curve, pairs.judged.distances)


MODELS: Mapping[str, Callable[[], Model]] = {
    "distance, logistic": Distance,
    "distance, isotonic": Isotonic,
    "distance, as served": Served,
    "|f1 - f2|": lambda: LinearModel(absolute),
    "(f1 - f2)², weighted L2": lambda: LinearModel(squared),
    "both": lambda: LinearModel(absolute_and_squared),
    "DeepFace's weighted χ²": lambda: LinearModel(chi_squared),
    "χ² of positive and negative parts": lambda: LinearModel(chi_squared_of_halves),
}
PLAIN = "distance, logistic"
HIDDEN_MODELS: Mapping[str, Callable[[], Model]] = {
    PLAIN: Distance,
    "|f1 - f2|": lambda: LinearModel(absolute),
    "last ReLU: |f1 - f2|": lambda: LinearModel(absolute, of=HIDDEN),
    "last ReLU: weighted L2": lambda: LinearModel(squared, of=HIDDEN),
    "last ReLU: DeepFace's weighted χ²": lambda: LinearModel(chi_squared, of=HIDDEN),
}
"""Where χ² is defined."""
