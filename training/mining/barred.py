"""Pairs that are probably one person under two names: not to be pushed apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from training.metrics.types import Counts, Mask
from training.mining.neighbors import NOBODY, Neighbors


@dataclass(frozen=True, eq=False)
class BarredPairs:
    """Pairs of faces, and pairs of people (all faces of the one with all of the other), by their ids.

    Attributes:
        faces: (F, 2) int64, the smaller id first, each pair once, ascending.
        people: (Q, 2) int64, likewise.
    """

    faces: Counts
    people: Counts

    @classmethod
    def of(cls, *, faces: npt.ArrayLike = (), people: npt.ArrayLike = ()) -> BarredPairs:
        """Make it of pairs in any order: arrays or lists of two ids each."""
        return cls(_in_order(faces), _in_order(people))

    def __len__(self) -> int:
        """How many pairs there are of either kind."""
        return len(self.faces) + len(self.people)

    def matrix(self, faces: Counts, people: Counts) -> Mask:
        """Return which of B faces are not to be told apart: (B, B) bool, symmetric, never of one person.

        Args:
            faces: (B,) ids; a face may be there twice.
            people: (B,) ids of whose they are.
        """
        barred = self._face_lookup.matrix(faces) | self._person_lookup.matrix(people)
        barred &= people[:, None] != people[None, :]
        return barred

    def mask_neighbors(self, neighbors: Neighbors, faces: Counts, people: Counts) -> Neighbors:
        """Return the neighbors without the barred ones: the others move up, and nobody comes after them.

        Args:
            neighbors: of M faces.
            faces: (M,) ids.
            people: (M,) ids of whose they are.
        """
        if not len(self):
            return neighbors
        others = np.where(neighbors.rows == NOBODY, 0, neighbors.rows)
        barred = self._face_lookup.contains(np.broadcast_to(faces[:, None], others.shape), faces[others])
        barred |= self._person_lookup.contains(np.broadcast_to(people[:, None], others.shape), people[others])
        barred |= neighbors.rows == NOBODY
        order = np.argsort(barred, axis=1, kind="stable")
        moved = Neighbors(
            np.where(barred, NOBODY, neighbors.rows),
            np.where(barred, np.inf, neighbors.distances),
        )
        return replace(
            moved,
            rows=np.take_along_axis(moved.rows, order, axis=1),
            distances=np.take_along_axis(moved.distances, order, axis=1),
        )

    @cached_property
    def _face_lookup(self) -> _Lookup:
        return _Lookup(self.faces)

    @cached_property
    def _person_lookup(self) -> _Lookup:
        return _Lookup(self.people)


def _in_order(pairs: npt.ArrayLike) -> Counts:
    given = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    return np.unique(np.sort(given, axis=1), axis=0)


class _Lookup:
    """Whether a pair is among some pairs, by bisection: both of its ids must be known, and then their one key."""

    def __init__(self, pairs: Counts) -> None:
        self._ids, places = np.unique(pairs, return_inverse=True)
        places = np.sort(places.reshape(-1, 2), axis=1)
        self._keys = np.unique(places[:, 0] * len(self._ids) + places[:, 1])

    def contains(self, first: Counts, second: Counts) -> Mask:
        """Return for each pair, in whatever order, whether it is one of them; arrays of any one shape."""
        found = np.zeros(first.shape, dtype=np.bool_)
        if len(self._keys):
            both = self._knows(first) & self._knows(second)
            found[both] = self._has(np.searchsorted(self._ids, first[both]), np.searchsorted(self._ids, second[both]))
        return found

    def matrix(self, ids: Counts) -> Mask:
        """Return for each two of B ids whether they are such a pair: (B, B)."""
        found = np.zeros((len(ids), len(ids)), dtype=np.bool_)
        if len(self._keys):
            known = np.flatnonzero(self._knows(ids))
            places = np.searchsorted(self._ids, ids[known])
            found[np.ix_(known, known)] = self._has(places[:, None], places[None, :])
        return found

    def _knows(self, ids: Counts) -> Mask:
        places = np.minimum(np.searchsorted(self._ids, ids), len(self._ids) - 1)
        known: Mask = self._ids[places] == ids
        return known

    def _has(self, first: Counts, second: Counts) -> Mask:
        keys = np.minimum(first, second) * len(self._ids) + np.maximum(first, second)
        places = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        has: Mask = self._keys[places] == keys
        return has
