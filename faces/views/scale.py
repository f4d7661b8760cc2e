"""A distance as a picture: a bar from 0 to beyond tau, a mark at tau, a dot at the distance."""

import math
from dataclasses import dataclass

from faces.services.thresholds import MAX_DISTANCE

SHOWN_TAUS = 3.0
"""The bar ends at so many times tau, or a little beyond the distance, whichever is farther."""

EDGE = 12.0
"""Percent from an end within which a label is moved inwards."""


@dataclass(frozen=True)
class Scale:
    """Places in percent of the bar; `end` is the distance at its right end."""

    tau: float
    distance: float | None
    end: float

    @property
    def tau_percent(self) -> float:
        """Where tau lies."""
        return round(100 * self.tau / self.end, 2)

    @property
    def distance_percent(self) -> float:
        """Where the distance lies; 0 where there is none."""
        return round(100 * min((self.distance or 0.0) / self.end, 1.0), 2)

    @property
    def is_match(self) -> bool:
        """Whether the distance lies within tau."""
        return self.distance is not None and self.distance <= self.tau

    @property
    def distance_edge(self) -> str:
        """Which end the distance's label has to be kept from: `left`, `right` or nothing."""
        return _edge(self.distance_percent)

    @property
    def tau_edge(self) -> str:
        """Which end tau's label has to be kept from."""
        return _edge(self.tau_percent)

    @property
    def beyond(self) -> float:
        """How far the distance lies from tau, whichever way."""
        return abs((self.distance or 0.0) - self.tau)


def _edge(percent: float) -> str:
    if percent < EDGE:
        return "left"
    return "right" if percent > 100 - EDGE else ""


def scale(tau: float, distance: float | None = None) -> Scale:
    """Choose how much of 0 to 4 the bar shows: tau and the distance with room around them, in steps of 0.05."""
    needed = max(SHOWN_TAUS * tau, 1.15 * (distance or 0.0), 0.1)
    return Scale(tau, distance, min(math.ceil(round(needed * 20, 6)) / 20, MAX_DISTANCE))
