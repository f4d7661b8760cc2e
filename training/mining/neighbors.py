"""The nearest faces of other people."""

from dataclasses import dataclass

from training.metrics.types import Counts, Distances

NOBODY = -1
"""In the place of a neighbor that is not there."""


@dataclass(frozen=True, eq=False)
class Neighbors:
    """For each of M faces its nearest faces of other people, the nearest first.

    Attributes:
        rows: (M, k) int64, rows of the same M faces; NOBODY where there are fewer.
        distances: (M, k) float64 squared L2; infinite where there is nobody.
    """

    rows: Counts
    distances: Distances
