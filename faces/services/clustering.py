"""Average linkage over the links of a nearest-neighbor graph: which faces are probably one person's.

The two groups whose faces lie nearest to each other on average are joined first, and so on while that average is at
most tau (UPGMA: Sokal and Michener, "A statistical method for evaluating systematic relationships", 1958). Of unit
vectors the mean squared distance between groups A and B is 2 - 2 (sum of A . sum of B) / (|A| |B|), so a group is kept
as a sum, and nothing is ever N x N. A chain of look-alikes does not become one person, as it does where single
distances decide. Two groups whose average is within tau have a pair of faces within tau; so links up to tau suffice.
"""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Vectors: TypeAlias = npt.NDArray[np.float32]
Links: TypeAlias = npt.NDArray[np.int64]


@dataclass
class Group:
    """Faces that are taken for one person's.

    Attributes:
        members: numbers of the faces.
        photos: numbers of their photos; two faces of one photo are two people.
        origins: earlier groups that these faces were in.
        refused: earlier groups that some of these faces were taken out of.
    """

    members: list[int]
    photos: set[int]
    origins: set[int] = field(default_factory=set)
    refused: set[int] = field(default_factory=set)

    def may_join(self, other: "Group", closed: frozenset[int]) -> bool:
        """Whether the two may be one person's; a closed earlier group is joined by faces, but by no other group."""
        if not self.photos.isdisjoint(other.photos):
            return False
        if not (self.origins.isdisjoint(other.refused) and self.refused.isdisjoint(other.origins)):
            return False
        is_closed = not closed.isdisjoint(self.origins | other.origins)
        return not (is_closed and self.origins and other.origins)

    def take(self, other: "Group") -> None:
        """Make the faces of another group this one's."""
        self.members += other.members
        self.photos |= other.photos
        self.origins |= other.origins
        self.refused |= other.refused


def join(
    groups: Sequence[Group],
    sums: Vectors,
    links: Links,
    *,
    tau: float,
    closed: Iterable[int] = (),
) -> list[int]:
    """Join groups by average linkage. Of two that are joined, the one that stands first takes the faces of the other.

    Args:
        groups: G of them; changed in place.
        sums: (G, D) the sum of each group's unit vectors; changed in place.
        links: (L, 2) pairs of groups that may be near enough; each pair once, in any order.
        tau: squared L2, the largest mean distance between the faces of two groups that are joined.
        closed: earlier groups that are not joined with others.

    Returns:
        The groups that are left, ascending. The same input gives the same answer.
    """
    joining = _Joining(groups, sums, links, tau, frozenset(closed))
    joining.run()
    return [index for index, stamp in enumerate(joining.stamps) if stamp != GONE]


GONE = -1


class _Joining:
    """A heap of pairs, nearest first; a pair is out of date once one of its groups has changed."""

    def __init__(
        self, groups: Sequence[Group], sums: Vectors, links: Links, tau: float, closed: frozenset[int]
    ) -> None:
        self.groups = groups
        self.sums = sums
        self.tau = tau
        self.closed = closed
        self.sizes = np.array([len(group.members) for group in groups], dtype=np.float32)  # (G,)
        self.stamps = [0] * len(groups)
        self.linked: list[set[int]] = [set() for _ in groups]
        self.heap: list[tuple[float, int, int, int, int]] = []
        for first, second in links.tolist():
            self.linked[first].add(second)
            self.linked[second].add(first)
        for index in range(len(groups)):
            self._offer(index, [other for other in self.linked[index] if other > index])
        heapq.heapify(self.heap)

    def run(self) -> None:
        """Join what is nearest until nothing within tau is left."""
        while self.heap:
            _, first, second, *stamps = heapq.heappop(self.heap)
            is_present = stamps == [self.stamps[first], self.stamps[second]]
            if is_present and self.groups[first].may_join(self.groups[second], self.closed):
                self._join(first, second)

    def _join(self, first: int, second: int) -> None:
        self.groups[first].take(self.groups[second])
        self.sums[first] += self.sums[second]
        self.sizes[first] += self.sizes[second]
        self.stamps[first] += 1
        self.stamps[second] = GONE
        for other in self.linked[second]:
            self.linked[other].discard(second)
            self.linked[other].add(first)
        self.linked[first] |= self.linked[second]
        self.linked[first] -= {first, second}
        self.linked[second] = set()
        self._offer(first, sorted(self.linked[first]), is_heap=True)

    def _offer(self, index: int, others: Sequence[int], *, is_heap: bool = False) -> None:
        if not others:
            return
        places = np.array(others)
        products = self.sums[places] @ self.sums[index] / (self.sizes[places] * self.sizes[index])
        distances = 2 - 2 * products  # (len(others),)
        for other, distance in zip(others, distances.tolist(), strict=True):
            if distance <= self.tau:
                first, second = min(index, other), max(index, other)
                pair = (distance, first, second, self.stamps[first], self.stamps[second])
                if is_heap:
                    heapq.heappush(self.heap, pair)
                else:
                    self.heap.append(pair)
