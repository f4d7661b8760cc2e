"""How far a quality foretells errors: the error rate as the faces of worst quality are dropped."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.metrics.types import Counts, Mask


@dataclass(frozen=True, slots=True)
class DiscardPoint:
    """What is left once a share of the faces is dropped.

    Attributes:
        dropped: the share of faces that was asked for, 0 to 1.
        faces: how many faces are left.
        comparisons: how many of the comparisons are left: those whose faces both are.
        errors: how many of these go wrong.
    """

    dropped: float
    faces: int
    comparisons: int
    errors: int

    @property
    def rate(self) -> float | None:
        """The share of the remaining comparisons that go wrong; None where none remains."""
        return self.errors / self.comparisons if self.comparisons else None


def error_versus_discard(
    quality: npt.ArrayLike, pairs: Counts, is_error: Mask, dropped: Sequence[float]
) -> list[DiscardPoint]:
    """Return the error rate without the worst faces, for each share of them.

    After Grother & Tabassi 2007, "Performance of biometric quality measures" (error versus reject), and
    ISO/IEC 29794-1 (error versus discard characteristic): a comparison is as good as the worse of its two faces, and
    the tau that decided `is_error` stays where it was. The share counts faces, because faces are what a gate refuses;
    of M faces the floor(share * M) worst go. Faces of equal quality go in an order that is random, but the same each
    time: the order in which photos were read shall not pass for a quality.

    Args:
        quality: (M,), bigger is better.
        pairs: (P, 2) indices of the two faces of each comparison.
        is_error: (P,) whether the comparison goes wrong: FNMR for mated, FMR for non-mated pairs.
        dropped: shares of the faces, 0 to 1.

    Raises:
        ValueError: shapes do not fit, a quality is not finite, or a share is none.
    """
    values = np.asarray(quality, dtype=np.float64)
    if values.ndim != 1 or not bool(np.isfinite(values).all()):
        raise ValueError("Qualities are a row of finite numbers, one a face.")
    if pairs.ndim != 2 or pairs.shape[1] != 2 or is_error.shape != pairs.shape[:1]:
        raise ValueError(f"Pairs are (P, 2) with (P,) errors, not {pairs.shape} with {is_error.shape}.")
    if any(not 0 <= share <= 1 for share in dropped):
        raise ValueError(f"Shares of faces lie between 0 and 1, not {list(dropped)}.")
    ranks = np.empty(len(values), dtype=np.int64)  # 0 is the first to go
    ranks[_worst_first(values)] = np.arange(len(values))
    goes_at = ranks[pairs].min(axis=1) if len(pairs) else np.empty(0, dtype=np.int64)
    every, wrong = np.sort(goes_at), np.sort(goes_at[is_error])
    points = []
    for share in dropped:
        gone = int(share * len(values))
        points.append(
            DiscardPoint(
                dropped=share,
                faces=len(values) - gone,
                comparisons=len(every) - int(np.searchsorted(every, gone)),
                errors=len(wrong) - int(np.searchsorted(wrong, gone)),
            )
        )
    return points


def _worst_first(quality: npt.NDArray[np.float64]) -> Counts:
    shuffled = np.random.default_rng(0).random(len(quality))
    order: Counts = np.lexsort([shuffled, quality])
    return order
