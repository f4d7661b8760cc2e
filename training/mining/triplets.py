"""Anchor, positive and negative: which kinds there are, and which ones are learned from."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from training.metrics.types import Counts, Distances, Mask

NEGATIVES_A_PAIR = 3
"""Of each anchor and positive, at most: once a batch is embedded, triplets cost nearly nothing."""

_AT_ONCE = 1 << 20
"""Pairs times negatives that are looked at together."""
_NO_NEGATIVE = -1
_RANDOM = -2


class TripletKind(IntEnum):
    """By the squared distances of its anchor; FaceNet (Schroff et al. 2015), section 3.2.

    EASY: d(a, n) >= d(a, p) + alpha, nothing is left to learn. HARD: d(a, n) <= d(a, p). SEMI_HARD: between.
    """

    EASY = 0
    SEMI_HARD = 1
    HARD = 2


@dataclass(frozen=True)
class Shares:
    """Of the negatives; 1 together."""

    hard: float
    semi_hard: float
    random: float


def kinds(positive: Distances, negative: Distances, alpha: float) -> npt.NDArray[np.int8]:
    """Return the `TripletKind` of triplets with these d(a, p) and d(a, n), arrays that broadcast."""
    is_hard = negative <= positive
    is_easy = (negative >= positive + alpha) & ~is_hard
    return np.where(is_hard, TripletKind.HARD, np.where(is_easy, TripletKind.EASY, TripletKind.SEMI_HARD)).astype(
        np.int8
    )


def choose_triplets(
    distances: Distances,
    people: Counts,
    *,
    listed: Mask,
    barred: Mask,
    alpha: float,
    shares: Shares,
    rng: np.random.Generator,
    each: int = NEGATIVES_A_PAIR,
) -> Counts:
    """Choose negatives for every anchor and positive among B faces.

    What kind of negative a pair gets is drawn by the shares; which one of that kind, by chance, but one of the anchor's
    list comes before one that merely happens to be there. Where a hard one was drawn and there is none, a semi-hard one
    takes its place. Where there is no semi-hard one the pair goes without: to fall back on the hardest harms.

    Args:
        distances: (B, B) squared L2.
        people: (B,) whose each is.
        listed: (B, B) whether a face (column) is in the list of neighbors of another one (row).
        barred: (B, B) which are not to be negatives of each other.
        alpha: the margin.
        shares: of the kinds.
        rng: where chance comes from.
        each: how many negatives are drawn for a pair; one that is drawn twice counts once.

    Returns:
        (T, 3) int64: anchor, positive, negative, as rows of `distances`; ascending.
    """
    same = people[:, None] == people[None, :]
    allowed = ~same & ~barred
    chosen = [np.empty((0, 3), dtype=np.int64)]
    for anchors, positives in _portions(same):
        kind = kinds(distances[anchors, positives][:, None], distances[anchors], alpha)  # (A, B)
        kind[~allowed[anchors]] = _NO_NEGATIVE
        for _ in range(each):
            negatives = _drawn(kind, listed[anchors], shares, rng)
            found = negatives >= 0
            chosen.append(np.stack([anchors[found], positives[found], negatives[found]], axis=1))
    return np.unique(np.concatenate(chosen), axis=0)


def _portions(same: Mask) -> Iterator[tuple[Counts, Counts]]:
    """Yield anchors and positives: every ordered pair of one person's faces once."""
    anchors, positives = np.nonzero(same & ~np.eye(len(same), dtype=np.bool_))
    size = max(1, _AT_ONCE // max(1, len(same)))
    for start in range(0, len(anchors), size):
        yield anchors[start : start + size], positives[start : start + size]


def _drawn(kind: npt.NDArray[np.int8], listed: Mask, shares: Shares, rng: np.random.Generator) -> Counts:
    """Return a negative for each row of (A, B) kinds: (A,) columns, or -1."""
    draw = rng.random(len(kind))
    wanted = np.where(draw < shares.hard, TripletKind.HARD, TripletKind.SEMI_HARD)
    wanted[draw >= 1 - shares.random] = _RANDOM
    wanted[(wanted == TripletKind.HARD) & ~(kind == TripletKind.HARD).any(axis=1)] = TripletKind.SEMI_HARD
    by_chance = (wanted == _RANDOM)[:, None]
    fits = np.where(by_chance, kind != _NO_NEGATIVE, kind == wanted[:, None])
    rank = rng.random(kind.shape) + (listed & ~by_chance)
    rank[~fits] = -1
    columns: Counts = np.where(fits.any(axis=1), rank.argmax(axis=1), -1)
    return columns
