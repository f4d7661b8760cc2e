"""Who meets whom: batches that grow from a face by the people who are nearest to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from training.metrics.types import Counts, Mask
from training.mining.neighbors import NOBODY, Neighbors

BRANCHES = 3
"""People whom one person brings along, before it is the turn of those to bring others."""

SPREAD = 0.1
"""Of the logarithm of distances, by which who comes first is left to chance: other people meet in each epoch."""

SINGLES_SHARE = 0.5
"""Of a batch for people with a single photo at most: they are negatives, and teach nothing about who is the same."""


@dataclass(frozen=True, eq=False)
class Crowd:
    """M faces, person by person.

    Attributes:
        owner: (M,) whose each face is, as a number from 0 to Q.
        order: (M,) the faces, by person.
        begins: (Q + 1,) where each person's faces begin in `order`.
    """

    owner: Counts
    order: Counts
    begins: Counts

    @classmethod
    def of(cls, people: Counts) -> Self:
        """Make it of whose each face is."""
        owner = np.unique(people, return_inverse=True)[1].astype(np.int64)
        sizes = np.bincount(owner)
        begins = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        return cls(owner, np.argsort(owner, kind="stable"), begins)

    @property
    def is_single(self) -> Mask:
        """(M,) whether each face is the only one of its person."""
        single: Mask = (np.diff(self.begins) == 1)[self.owner]
        return single

    def faces_of(self, person: int) -> Counts:
        """Return the faces of a person."""
        return self.order[self.begins[person] : self.begins[person + 1]]


class Turns:
    """Faces in rounds: each has its turn once a round, in an order of chance, unless it was seen in it already."""

    def __init__(self, faces: Counts, crowd: Crowd, seen: Counts, rng: np.random.Generator) -> None:
        """Take the faces, and how often each of all M was seen, which the caller goes on counting."""
        self._faces = faces
        self._owner = crowd.owner
        self._seen = seen
        self._rng = rng
        self._waiting: list[int] = []  # the last one is the next
        self._passed_over: list[int] = []
        self.round = 0

    def __len__(self) -> int:
        """How many faces have turns."""
        return len(self._faces)

    def take(self, present: Mask) -> int | None:
        """Return the next face whose person is not present, or None where everybody is; present is (Q,).

        Who is passed over keeps the turn, for the next batch.
        """
        while True:
            while self._waiting:
                face = self._waiting.pop()
                if self._seen[face] >= self.round:
                    continue
                if not present[self._owner[face]]:
                    return face
                self._passed_over.append(face)
            if present[self._owner[self._faces]].all():
                return None
            self._begin_round()

    def end_batch(self) -> None:
        """Let those who were passed over come first."""
        self._waiting += reversed(self._passed_over)
        self._passed_over = []

    def _begin_round(self) -> None:
        fresh = np.setdiff1d(self._faces, self._passed_over)
        self.round = max(self.round, int(self._seen[fresh].min())) + 1
        self._waiting = self._rng.permutation(fresh[self._seen[fresh] < self.round]).tolist()


class Gatherer:
    """Makes one batch after the other; see `plan_epoch`."""

    def __init__(
        self,
        crowd: Crowd,
        neighbors: Neighbors | None,
        *,
        batch: int,
        each: int,
        has_copies: bool,
        random_share: float,
        rng: np.random.Generator,
    ) -> None:
        """Begin an epoch.

        Args:
            crowd: whose faces are whose.
            neighbors: of all faces; None for people by chance.
            batch: faces in a batch.
            each: faces of a person in a batch, at most.
            has_copies: whether a face may be in a batch twice where its person has too few.
            random_share: of a batch, for people by chance.
            rng: where chance comes from.
        """
        self._crowd = crowd
        self._neighbors = neighbors
        self._batch = batch
        self._each = each
        self._has_copies = has_copies
        self._grown = 0 if neighbors is None else batch - round(random_share * batch)
        self._rng = rng
        self._seen = np.zeros(len(crowd.owner), dtype=np.int64)
        self._is_single = crowd.is_single
        self._several = Turns(np.flatnonzero(~self._is_single), crowd, self._seen, rng)
        self._singles = Turns(np.flatnonzero(self._is_single), crowd, self._seen, rng)
        self._most_singles = round(SINGLES_SHARE * batch) if len(self._several) else batch
        self._present = np.zeros(len(crowd.begins) - 1, dtype=np.bool_)
        self._begin()

    def gather(self) -> Counts:
        """Return the faces of the next batch: (B,) of 0 to M, person by person."""
        self._begin()
        bringing = 0
        while len(self._places) < self._batch:
            if bringing < len(self._members) and len(self._places) < self._grown:
                for face in self._brought_by(self._members[bringing]):
                    if not (self._is_single[face] and self._has_enough_singles):
                        self._enter(face)
                bringing += 1
            elif (turn := self._next_turn()) is not None:
                self._enter(turn)
            else:
                break
        self._several.end_batch()
        self._singles.end_batch()
        return np.array(self._places, dtype=np.int64)

    def _begin(self) -> None:
        self._present[:] = False
        self._places: list[int] = []
        self._members: list[Counts] = []
        self._singles_in = 0

    @property
    def _has_enough_singles(self) -> bool:
        return self._singles_in >= self._most_singles

    def _next_turn(self) -> int | None:
        """Whose turn it is: mostly as many singles as there are, but the first is somebody with several photos."""
        single_first = bool(self._places) and self._rng.random() < len(self._singles) / len(self._seen)
        for turns in (self._singles, self._several) if single_first else (self._several, self._singles):
            if turns is self._singles and self._has_enough_singles:
                continue
            if (face := turns.take(self._present)) is not None:
                return face
        return None

    def _brought_by(self, faces: Counts) -> list[int]:
        """The faces nearest to those of a person, of some people who are not in yet; the nearest more probably."""
        if self._neighbors is None:
            return []
        near = self._neighbors.rows[faces].ravel()
        distances = self._neighbors.distances[faces].ravel()
        free = (near != NOBODY) & ~self._present[self._crowd.owner[near]] & (self._seen[near] < self._several.round)
        if self._has_enough_singles:
            free &= ~self._is_single[near]
        near, distances = near[free], distances[free]
        near = near[np.argsort(distances * np.exp(SPREAD * self._rng.standard_normal(len(near))), kind="stable")]
        firsts = np.unique(self._crowd.owner[near], return_index=True)[1]
        brought: list[int] = near[np.sort(firsts)[:BRANCHES]].tolist()
        return brought

    def _enter(self, face: int) -> None:
        """Let a person in with this face and others, as far as there is room."""
        room = self._batch - len(self._places)
        if room == 0:
            return
        photos = self._photos_with(face)
        slots = min(self._each, 2 * len(photos)) if self._has_copies else len(photos)
        places = np.resize(photos, min(slots, room))
        self._places += places.tolist()
        photos = photos[:room]
        self._members.append(photos)
        self._seen[photos] += 1
        self._present[self._crowd.owner[face]] = True
        self._singles_in += len(places) * bool(self._is_single[face])

    def _photos_with(self, face: int) -> Counts:
        """Return a face and others of its person, `each` at most; those seen least, and by chance among equals."""
        others = self._crowd.faces_of(int(self._crowd.owner[face]))
        others = others[others != face]
        order = np.argsort(self._seen[others] + self._rng.random(len(others)))
        return np.concatenate([[face], others[order[: self._each - 1]]])
