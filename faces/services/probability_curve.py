"""A probability as a function of a distance: what a pair classifier is made of."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import exp, log
from typing import Self

LEAST = 1e-3
"""Distances below it (the same picture, saved again) count as this one in the logarithm, which has no end there."""

FORMAT = 1
"""Raised when a parameter changes its meaning."""


@dataclass(frozen=True, slots=True)
class ProbabilityCurve:
    """p(d) = low + (high - low) / (1 + exp(-(intercept + distance d + log_distance log d))).

    A logistic curve in d and log d is what Bayes' rule gives where the distances of both kinds of comparison follow
    gamma distributions, as squared distances roughly do. `low` and `high` are how far it goes at most: however near
    two faces are, one may be under the wrong name.

    The two factors are at most 0, so a larger distance never has a larger probability.

    Attributes:
        intercept, distance, log_distance: of the logistic curve.
        low, high: limits of the probability, 0 < low < high < 1.
    """

    intercept: float
    distance: float
    log_distance: float
    low: float
    high: float

    def __post_init__(self) -> None:
        """Refuse what would not be a falling curve of probabilities.

        Raises:
            ValueError: a factor is above 0, or the limits are no probabilities in order.
        """
        if not (self.distance <= 0 and self.log_distance <= 0):
            raise ValueError(f"A probability falls with the distance; {self.distance}, {self.log_distance} rise.")
        if not 0 < self.low < self.high < 1:
            raise ValueError(f"The limits of a probability lie between 0 and 1, not {self.low} and {self.high}.")

    def at(self, distance: float) -> float:
        """Return the probability at a distance (squared L2, 0 to 4)."""
        log_odds = self.intercept + self.distance * distance + self.log_distance * log(max(distance, LEAST))
        # exp of what is far below zero is 0; of what is far above, an overflow.
        logistic = 1 / (1 + exp(-log_odds)) if log_odds >= 0 else exp(log_odds) / (1 + exp(log_odds))
        return self.low + (self.high - self.low) * logistic

    def as_json(self) -> dict[str, float]:
        """Return what is stored."""
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, float]) -> Self:
        """Return what `as_json` gave.

        Raises:
            ValueError: it was made by another format.
        """
        if data.get("format") != FORMAT:
            raise ValueError(f"The classifier has format {data.get('format')}; this version of Facet reads {FORMAT}.")
        return cls(**{name: float(value) for name, value in data.items() if name != "format"})
