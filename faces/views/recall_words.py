"""Recall in words and as a picture: a bar that ends at 100 %, the interval on it, a mark at the goal."""

import math
from dataclasses import dataclass

from faces.services.intervals import Share
from faces.services.recall import Recall

STARTS = (0.9995, 0.999, 0.998, 0.995, 0.99, 0.98, 0.95, 0.9, 0.8, 0.5)
"""Where the bar may begin: the largest that leaves room below interval and goal. Below the last one it begins at 0."""

ROOM = 1.25
"""How much longer the bar is than what it must show."""

EDGE = 14.0
"""Percent from an end within which a label is moved inwards."""


@dataclass(frozen=True)
class RecallBar:
    """Places in percent of the bar's width; the bar runs from the share `start` to 1."""

    start: float
    goal: float
    low: float
    high: float
    value: float

    @property
    def width(self) -> float:
        """Of the interval; never too narrow to be seen."""
        return max(round(self.high - self.low, 2), 0.8)

    @property
    def goal_edge(self) -> str:
        """Which end the goal's label has to be kept from: `left`, `right` or nothing."""
        if self.goal < EDGE:
            return "left"
        return "right" if self.goal > 100 - EDGE else ""


def recall_bar(measured: Share, goal: float) -> RecallBar | None:
    """Return the picture of a recall beside its goal; None where nothing was measured."""
    if measured.value is None or measured.low is None or measured.high is None:
        return None
    needed = 1 - ROOM * (1 - min(measured.low, goal))
    start = next((start for start in STARTS if start <= needed), 0.0)

    def place(value: float) -> float:
        return round(100 * (value - start) / (1 - start), 2)

    return RecallBar(start, place(goal), place(measured.low), place(measured.high), place(measured.value))


def percent(share: float, *, decimals: int = 2) -> str:
    """Return a share as percent, cut and not rounded: what is not all is never shown as 100 %."""
    scale = 10**decimals
    cut = math.floor(share * 100 * scale + 1e-6) / scale
    return f"{cut:.{decimals}f}".rstrip("0").rstrip(".") + " %"


@dataclass(frozen=True)
class Verdict:
    """What a measured recall means for the goal: the kind of a badge, and words."""

    kind: str
    words: str


def verdict(recall: Recall, goal: float) -> Verdict:
    """Compare a recall with its goal, as far as its interval allows."""
    if recall.share.value is None or recall.share.low is None:
        return Verdict("", "not measured yet")
    if recall.misses(goal):
        return Verdict("bad", "below the goal")
    if recall.share.low >= goal:
        return Verdict("good", "reaches the goal")
    if recall.share.value >= goal:
        return Verdict("good", "reaches the goal, as far as can be told yet")
    return Verdict("warn", "too few answers to tell")


def recall_sentence(recall: Recall) -> str:
    """Return a recall with its interval and what it was counted on."""
    measured = recall.share
    if measured.value is None or measured.low is None or measured.high is None:
        return "Nothing was measured with the present index yet."
    answers = "answer was the exact one" if measured.total == 1 else "answers were the exact ones"
    return (
        f"{percent(measured.value)} of {measured.total:,} {answers}; "
        f"95 % interval {percent(measured.low)} to {percent(measured.high)}."
    )
