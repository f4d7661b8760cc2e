"""Arithmetic on many boxes at once: (N, 4) arrays of left, top, right, bottom, with width = right - left."""

from __future__ import annotations

from enum import Enum
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Boxes: TypeAlias = npt.NDArray[np.float32]
Scores: TypeAlias = npt.NDArray[np.float32]
Indices: TypeAlias = npt.NDArray[np.int64]

BLOCK = 512


class Overlap(Enum):
    """What the common area of two boxes is divided by."""

    UNION = "union"
    SMALLER = "smaller"


def areas(boxes: Boxes) -> npt.NDArray[np.float32]:
    """(N, 4) -> (N,)"""
    result: npt.NDArray[np.float32] = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return result


def overlaps(boxes: Boxes, others: Boxes, kind: Overlap) -> npt.NDArray[np.float32]:
    """(N, 4), (M, 4) -> (N, M), 0 to 1. Boxes must have a positive area."""
    width = np.minimum(boxes[:, None, 2], others[None, :, 2]) - np.maximum(boxes[:, None, 0], others[None, :, 0])
    height = np.minimum(boxes[:, None, 3], others[None, :, 3]) - np.maximum(boxes[:, None, 1], others[None, :, 1])
    common = np.maximum(width, 0) * np.maximum(height, 0)
    own, other = areas(boxes)[:, None], areas(others)[None, :]
    result: npt.NDArray[np.float32] = common / (
        own + other - common if kind is Overlap.UNION else np.minimum(own, other)
    )
    return result


def non_maximum_suppression(
    boxes: Boxes, scores: Scores, threshold: float, *, kind: Overlap = Overlap.UNION, groups: Indices | None = None
) -> Indices:
    """Greedy suppression: the best box stays and removes all others that overlap it by more than `threshold`.

    Of equal scores the earlier box comes first. With `groups`, (N,) integers, boxes remove only those of their own
    group. Returns the indices of the boxes that stay, best first.
    """
    order = np.argsort(-scores, kind="stable")
    kept: Indices = order[:0]
    for start in range(0, len(order), BLOCK):
        block = order[start : start + BLOCK]
        removed_before = _removals(boxes, groups, kept, block, threshold, kind).any(axis=0)
        block = block[~removed_before]
        removals = np.triu(_removals(boxes, groups, block, block, threshold, kind), 1)
        kept = np.concatenate([kept, block[_greedy(removals)]])
    return kept


def _removals(
    boxes: Boxes, groups: Indices | None, ones: Indices, others: Indices, threshold: float, kind: Overlap
) -> npt.NDArray[np.bool_]:
    """(N, M): whether one of `ones` removes one of `others`, as long as it stays itself."""
    removals: npt.NDArray[np.bool_] = overlaps(boxes[ones], boxes[others], kind) > threshold
    return removals if groups is None else removals & (groups[ones][:, None] == groups[others][None, :])


def _greedy(removals: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which of N boxes stay, best first, where row i says whom box i removes (upper triangle).

    Iterates "stays unless one that stays removes it". Each round settles at least one more box for good, and the
    fixed point is the greedy answer; a few rounds do.
    """
    stays: npt.NDArray[np.bool_] = np.ones(len(removals), dtype=np.bool_)
    while True:
        settled: npt.NDArray[np.bool_] = ~np.any(removals[stays], axis=0)
        if np.array_equal(settled, stays):
            return stays
        stays = settled


def regress(boxes: Boxes, offsets: npt.NDArray[np.float32]) -> Boxes:
    """Moves each edge by its offset, (N, 4), times the box's width or height."""
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    return boxes + offsets * np.stack([width, height, width, height], axis=1)


def to_squares(boxes: Boxes) -> Boxes:
    """Squares around the same centers, as large as the longer sides, on whole pixels."""
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    side = np.maximum(np.rint(np.maximum(width, height)), 1)
    left = np.rint((boxes[:, 0] + boxes[:, 2] - side) / 2)
    top = np.rint((boxes[:, 1] + boxes[:, 3] - side) / 2)
    return np.stack([left, top, left + side, top + side], axis=1).astype(np.float32)
