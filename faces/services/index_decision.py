"""Whether a gallery is searched through an index: decided from what is stored, by nobody's setting."""

from dataclasses import dataclass
from enum import Enum

BREAK_EVEN_ROWS = 10_000
"""Templates whose exact scan takes about as long as an answer through an index.

Measured with 128 numbers on two cores: an exact scan takes 0.12 µs a template on a quiet machine and 0.22 on a busy one
(2.8 ms for 10,000, 10.6 ms for 50,000); an index 0.25 µs for each template in the lists that are looked through, a
tenth of all or less, and some 0.3 ms for finding the lists. Longer vectors make both slower alike.
"""


class Action(Enum):
    """What is to be done about a gallery's index."""

    KEEP = "keep"
    BUILD = "build"
    DROP = "drop"


@dataclass(frozen=True)
class Sizes:
    """When an index is worth having, in templates.

    It must answer twice as fast as a scan before one is built, and is dropped when it is no faster any more. In
    between everything stays as it is, so that a gallery at the border does not go back and forth.

    Attributes:
        build_from: with this many a gallery gets an index.
        drop_below: with fewer it gives its index up.
        tail: the tail may have this many, or `tail_share` of what the index holds if that is more.
        tail_share: as said.
        dead_share: of what the index holds, this much may be deleted or replaced since.
    """

    build_from: int = 2 * BREAK_EVEN_ROWS
    drop_below: int = BREAK_EVEN_ROWS
    tail: int = BREAK_EVEN_ROWS
    tail_share: float = 0.05
    dead_share: float = 0.2

    def longest_tail(self, index_rows: int) -> int:
        """How many templates beyond an index of this many are scanned beside it without a new index."""
        return max(self.tail, int(self.tail_share * index_rows))


SIZES = Sizes()


@dataclass(frozen=True)
class Facts:
    """What decides about one gallery and encoder version.

    Attributes:
        tail: templates beyond the index, or all of them without one. Counting may stop where the answer is clear.
        has_index: whether there is an index that searches can use.
        index_rows: templates in the index when it was built.
        dead: of these, how many are deleted or replaced since.
    """

    tail: int
    has_index: bool = False
    index_rows: int = 0
    dead: int = 0

    @property
    def rows(self) -> int:
        """Templates of the gallery."""
        return self.tail + self.index_rows - self.dead

    @property
    def dead_share(self) -> float:
        """How much of the index is deleted or replaced, 0 to 1."""
        return self.dead / self.index_rows if self.index_rows else 0.0


@dataclass(frozen=True)
class Decision:
    """What is to be done, and why, in words for an admin."""

    action: Action
    reason: str


def decide(facts: Facts, *, sizes: Sizes = SIZES) -> Decision:
    """Decide about one gallery's index."""
    if not facts.has_index:
        return _decide_without(facts, sizes)
    if facts.rows < sizes.drop_below:
        return Decision(
            Action.DROP, f"Only {_templates(facts.rows)} are left; a scan of all is as fast, and misses nobody."
        )
    if facts.dead_share > sizes.dead_share:
        return Decision(
            Action.BUILD, f"{facts.dead_share:.0%} of the index are templates that were deleted or replaced since."
        )
    if facts.tail > sizes.longest_tail(facts.index_rows):
        return Decision(
            Action.BUILD,
            f"More than {sizes.longest_tail(facts.index_rows):,} templates are younger than the index"
            " and scanned beside it.",
        )
    return Decision(Action.KEEP, "The index is up to date.")


def _decide_without(facts: Facts, sizes: Sizes) -> Decision:
    if facts.rows >= sizes.build_from:
        return Decision(
            Action.BUILD, f"With {sizes.build_from:,} templates or more, an index answers faster than a scan of all."
        )
    return Decision(
        Action.KEEP,
        f"All {_templates(facts.rows)} are scanned exactly. From {sizes.build_from:,} on, an index is faster.",
    )


def _templates(count: int) -> str:
    return f"{count:,} template" if count == 1 else f"{count:,} templates"
