"""What one step of training sees."""

from dataclasses import dataclass

from training.metrics.types import Counts, Mask


@dataclass(frozen=True, eq=False)
class Batch:
    """B faces that meet in one step.

    Attributes:
        rows: (B,) int64, rows of the training set; a face may be there twice.
        people: (B,) int64, whose each is.
        triplets: (T, 3) int64, places in the batch: anchor, positive, negative, as they were mined; T may be 0.
        barred: (B, B) bool, symmetric: pairs of different people that must not be taken for negatives.
    """

    rows: Counts
    people: Counts
    triplets: Counts
    barred: Mask
