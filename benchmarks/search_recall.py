"""Right or wrong: what a search answers beside the exact answer over the very vectors that are stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import faiss
import numpy as np
import numpy.typing as npt

from benchmarks.synthetic_gallery import Floats, Integers

TIE = 1e-6
"""Squared distance. Who is no farther than this beyond the nearest is as good an answer."""

RANKS = 10
SPARE = 20
"""Looked at beyond the ranks, as FAISS computes in single precision."""

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Answer:
    """What somebody answered about one probe: people, nearest first, and whether it was "nobody"."""

    people: Sequence[int]
    is_nobody: bool


@dataclass(frozen=True)
class Vectors:
    """The templates of a gallery: (P,) numbers in ascending order, and (P, D) as stored."""

    people: Integers
    vector: Floats

    def distances(self, probe: Floats, people: Sequence[int]) -> Doubles:
        """Squared, in double precision; infinite for somebody who is not there."""
        wanted = np.asarray(people, np.int64)
        rows = np.minimum(np.searchsorted(self.people, wanted), len(self.people) - 1)
        squared = ((self.vector[rows].astype(np.float64) - probe) ** 2).sum(axis=1)
        result: Doubles = np.where(self.people[rows] == wanted, squared, np.inf)
        return result


@dataclass(frozen=True)
class Exact:
    """The exact answer: (N, K) squared distances of the nearest people, ascending, and (N,) who is nearest."""

    distance: Doubles
    nearest: Integers

    @classmethod
    def of(cls, templates: Vectors, probes: Floats) -> Exact:
        """Found with FAISS, and measured again in double precision."""
        index = faiss.IndexFlatL2(probes.shape[1])
        index.add(templates.vector)
        some = min(RANKS + SPARE, len(templates.people))
        _, rows = index.search(probes, some)
        near = templates.vector[rows].astype(np.float64)
        distance = ((near - probes[:, None]) ** 2).sum(axis=2)
        order = np.argsort(distance, axis=1, kind="stable")
        first = np.take_along_axis(rows, order[:, :1], axis=1)[:, 0]
        ranked = np.take_along_axis(distance, order, axis=1)[:, :RANKS]
        return cls(ranked, templates.people[first])


def as_stored(probes: Floats) -> Floats:
    """(N, D) in half precision, which is what the database compares."""
    return probes.astype(np.float16).astype(np.float32)


@dataclass
class RecallCounts:
    """How answers stand to the exact ones. A person at the same distance as the right one is right.

    Attributes:
        asked: probes.
        within: of these, how many have somebody within tau.
        right_within: of those, how many are answered with the nearest person.
        wrong_nobody: of those, how many are answered with nobody.
        wrong_somebody: somebody is named where nobody is within tau.
        first: probes whose first candidate is the nearest person, however far.
        of_ten, ten: candidates among the ten nearest, and how many there could be.
    """

    asked: int = 0
    within: int = 0
    right_within: int = 0
    wrong_nobody: int = 0
    wrong_somebody: int = 0
    first: int = 0
    of_ten: int = 0
    ten: int = 0
    misses: list[float] = field(default_factory=list)

    def count(self, distances: Doubles, exact: Doubles, tau: float, *, is_nobody: bool) -> None:
        """Judge an answer.

        Args:
            distances: of the people that were answered, in their order.
            exact: of the nearest people, ascending.
            tau: what decides.
            is_nobody: whether the answer was nobody.
        """
        nearest = float(exact[0])
        is_first = bool(len(distances)) and float(distances[0]) <= nearest + TIE
        self.asked += 1
        self.first += is_first
        if nearest <= tau - TIE:
            self.within += 1
            self.right_within += is_first and not is_nobody
            self.wrong_nobody += is_nobody
            if not is_first:
                self.misses.append(nearest)
        elif nearest > tau + TIE:
            self.wrong_somebody += not is_nobody

    def count_ten(self, distances: Doubles, exact: Doubles) -> None:
        """Count how many of the ten nearest are among the answered people."""
        self.ten += len(exact)
        self.of_ten += int((distances[: len(exact)] <= exact[-1] + TIE).sum())

    @property
    def recall_at_1(self) -> float:
        """Of the probes with somebody within tau: the nearest person is named."""
        return self.right_within / self.within if self.within else 1.0

    @property
    def recall_at_1_without_tau(self) -> float:
        """Of all probes: the nearest person comes first."""
        return self.first / self.asked if self.asked else 1.0

    @property
    def recall_at_10(self) -> float:
        """Of the ten nearest people, how many are found."""
        return self.of_ten / self.ten if self.ten else 1.0
