"""The same probes asked through an index and exactly, at one and the same moment of the database."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from django.db import connection, transaction

from faces.services.nearest import Neighbor, Route, nearest_people

SAME_DISTANCE = 1e-6
"""Squared distances this close are equal: which of two such people comes first is no miss."""

TIME_LIMIT_MS = 20_000
"""For one statement; a comparison that takes longer is given up."""


@dataclass(frozen=True)
class Tally:
    """How many answers were compared, and what came of it; `somebody`: how many have, exactly, somebody within tau."""

    asked: int = 0
    agreed: int = 0
    wrong_nobody: int = 0
    somebody: int = field(default=0, compare=False)

    def __add__(self, other: "Tally") -> "Tally":
        """Count both."""
        return Tally(
            self.asked + other.asked,
            self.agreed + other.agreed,
            self.wrong_nobody + other.wrong_nobody,
            self.somebody + other.somebody,
        )


def compare(
    route: Route, probes: Sequence[npt.NDArray[np.float32]], *, tau: float, without: Sequence[int] = ()
) -> Tally:
    """Ask an index again, ask exactly, and compare the answers.

    Both look at one snapshot: what is enrolled or deleted meanwhile makes no difference between them. The caller must
    not be in a transaction.

    Args:
        route: the index and how it is asked.
        probes: (D,) each.
        tau: squared L2; up to it somebody is a match.
        without: as for `nearest_people`.
    """
    if not probes:
        return Tally()
    exactly = replace(route, index_name="", index_up_to=0, lists_searched=0)
    with _snapshot():
        through_index = nearest_people(route, probes, limit=1, without=without)
        exact = nearest_people(exactly, probes, limit=1, without=without)
    return sum((judge(found, true, tau=tau) for found, true in zip(through_index, exact, strict=True)), Tally())


def judge(found: Sequence[Neighbor], exact: Sequence[Neighbor], *, tau: float) -> Tally:
    """Compare the answer through the index with the exact one.

    They agree where both are nobody, or the same person within tau, or two people within tau at an equal distance.
    """
    is_match = bool(found) and found[0].distance <= tau
    should_match = bool(exact) and exact[0].distance <= tau
    if not (is_match and should_match):
        return Tally(1, int(is_match == should_match), int(should_match and not is_match), int(should_match))
    is_same = found[0].person_id == exact[0].person_id or abs(found[0].distance - exact[0].distance) <= SAME_DISTANCE
    return Tally(1, int(is_same), 0, 1)


@contextmanager
def _snapshot() -> Iterator[None]:
    """A transaction that reads the database as it is when it begins, and takes no longer than it may."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute(f"SET LOCAL statement_timeout = {TIME_LIMIT_MS}")
        yield
