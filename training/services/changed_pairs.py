"""Pairs of faces whose distance a training changed most, as a report keeps them: ids and distances, no embeddings."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from training.models import EvaluationReport

KEY = "changed_pairs"
"""Of `EvaluationReport.figures`, beside the fields of `Figures`."""

SHOWN = 12


@dataclass(frozen=True, slots=True)
class ChangedPair:
    """Two faces and how far they are apart, squared L2; ids of the database.

    Attributes:
        before: with the parent, or with the first of two versions.
        after: with the candidate, or with the second one.
    """

    first_face: int
    second_face: int
    is_mated: bool
    before: float
    after: float

    @property
    def change(self) -> float:
        """Negative where they came closer."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class ChangedPairs:
    """Pairs whose distance changed most; in each list the one that changed most comes first.

    Mated faces that came closer and non-mated ones that went apart are what a training is for.
    """

    mated_closer: list[ChangedPair] = field(default_factory=list)
    mated_apart: list[ChangedPair] = field(default_factory=list)
    non_mated_closer: list[ChangedPair] = field(default_factory=list)
    non_mated_apart: list[ChangedPair] = field(default_factory=list)

    @property
    def all(self) -> list[ChangedPair]:
        """All of them."""
        return [*self.mated_closer, *self.mated_apart, *self.non_mated_closer, *self.non_mated_apart]


def changed_pairs(report: EvaluationReport, *, shown: int = SHOWN) -> ChangedPairs:
    """Return the pairs of held-out faces that the training changed most; empty for a report without a comparison."""
    return _sorted_out(kept_pairs(report), shown)


def changed_between(first: EvaluationReport, second: EvaluationReport, *, shown: int = SHOWN) -> ChangedPairs:
    """Return the pairs that are farthest apart between two candidates that were judged by the same faces.

    Of the pairs that both reports keep: those that either training changed most, and those that were hardest for the
    parent. Empty where they have none in common.

    Args:
        first: whose candidate is `before`.
        second: whose candidate is `after`.
        shown: pairs in each list.
    """
    known = {_key(pair): pair for pair in kept_pairs(first)}
    both = [(known[_key(pair)], pair) for pair in kept_pairs(second) if _key(pair) in known]
    pairs = [ChangedPair(one.first_face, one.second_face, one.is_mated, one.after, two.after) for one, two in both]
    return _sorted_out(pairs, shown)


def as_json(pairs: Sequence[ChangedPair]) -> list[list[Any]]:
    """Return what a report keeps: rows of two faces, 1 for mated, and two distances."""
    return [
        [pair.first_face, pair.second_face, int(pair.is_mated), round(pair.before, 5), round(pair.after, 5)]
        for pair in pairs
    ]


def kept_pairs(report: EvaluationReport) -> list[ChangedPair]:
    """Return all pairs that a report keeps: those that changed most, and those that were hardest for the parent."""
    rows: list[list[Any]] = report.figures.get(KEY, [])
    return [ChangedPair(first, second, bool(mated), before, after) for first, second, mated, before, after in rows]


def _key(pair: ChangedPair) -> tuple[int, int]:
    return pair.first_face, pair.second_face


def _sorted_out(pairs: Sequence[ChangedPair], shown: int) -> ChangedPairs:
    """Return the pairs that changed most, of each kind and direction."""
    closer = sorted((pair for pair in pairs if pair.change < 0), key=lambda pair: pair.change)
    apart = sorted((pair for pair in pairs if pair.change > 0), key=lambda pair: -pair.change)
    return ChangedPairs(
        mated_closer=[pair for pair in closer if pair.is_mated][:shown],
        mated_apart=[pair for pair in apart if pair.is_mated][:shown],
        non_mated_closer=[pair for pair in closer if not pair.is_mated][:shown],
        non_mated_apart=[pair for pair in apart if not pair.is_mated][:shown],
    )
