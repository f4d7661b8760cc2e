"""Copies of faces, as the augmentation of a run makes them, looked for among the faces themselves."""

from dataclasses import dataclass, field

import numpy as np

from training.metrics.distances import MAX_DISTANCE, squared_distances
from training.metrics.evidence import Comparisons
from training.metrics.paired import Compared
from training.metrics.types import Counts, Distances, Embeddings, Labels, Mask
from training.services.effort import USUAL, Effort
from training.services.held_out_faces import HeldOutFaces
from training.services.near_pairs import NearPairs, sorted_comparisons, weighed

PROBES_AT_ONCE = 256


def compare_probes(
    held_out: HeldOutFaces, probes: Embeddings, vectors: Embeddings, *, seed: int = 0, effort: Effort = USUAL
) -> Compared:
    """Compare the copy of every face with all faces of other photos.

    Memory is bounded: of very many comparisons the near ones are kept, and a sample of the others.

    Args:
        held_out: the faces.
        probes: of the copies of all held-out faces, as `vectors` are of the faces, by one version.
        vectors: (R, D) of all held-out faces.
        seed: of the samples.
        effort: how many comparisons are kept.
    """
    copies, photos = held_out.as_stored(probes), held_out.as_stored(vectors)
    return _Comparing(held_out, copies, photos, np.random.default_rng(seed), effort).compared()


@dataclass
class _Comparing:
    held_out: HeldOutFaces
    copies: Embeddings
    faces: Embeddings
    rng: np.random.Generator
    effort: Effort
    mated: list[tuple[Counts, Counts, Distances, Distances]] = field(default_factory=list)
    far: list[tuple[Counts, Counts, Distances]] = field(default_factory=list)

    def compared(self) -> Compared:
        most = self.effort.near + self.effort.far
        every = len(self.faces) ** 2
        near = NearPairs(limit=MAX_DISTANCE if every <= most else self._limit(), most=most)
        trials = np.zeros(len(self.held_out))
        for start in range(0, len(self.held_out), PROBES_AT_ONCE):
            rows = np.arange(start, min(start + PROBES_AT_ONCE, len(self.held_out)))
            distances = squared_distances(self.copies[rows], self.faces)
            is_own, is_other = self._kinds(rows)
            trials[rows] = np.count_nonzero(is_other, axis=1)
            self._keep_mated(rows, distances, is_own)
            self._draw_far(rows, distances, is_other)
            probe, face = np.nonzero(is_other & (distances <= near.limit))
            near.add(rows[probe], face, distances[probe, face])
        return Compared(mated=self._all_mated(), non_mated=self._all_non_mated(near, trials))

    def _kinds(self, rows: Counts) -> tuple[Mask, Mask]:
        """Return which faces each probe is compared with, of its own person and of others: (B, H) each."""
        people, photos = self.held_out.people, self.held_out.photos
        is_same = people[rows, None] == people[None, :]
        counts = photos[rows, None] != photos[None, :]
        return is_same & counts, ~is_same & counts

    def _limit(self) -> float:
        some = np.sort(self.rng.choice(len(self.faces), min(self.effort.pilot_probes, len(self.faces)), replace=False))
        distances = squared_distances(self.copies[some], self.faces)[self._kinds(some)[1]]
        share = self.effort.near / len(self.faces) ** 2
        return float(np.quantile(distances, share)) if len(distances) else MAX_DISTANCE

    def _keep_mated(self, rows: Counts, distances: Distances, is_own: Mask) -> None:
        """Keep those of a person with very many photos that are drawn, each for as many as it stands for."""
        most = max(1, self.effort.mated // len(self.faces))
        for row, (probe, chosen) in enumerate(zip(rows.tolist(), is_own, strict=True)):
            own = np.flatnonzero(chosen)
            if not len(own):
                continue
            kept = own if len(own) <= most else np.sort(self.rng.choice(own, most, replace=False))
            weights = np.full(len(kept), len(own) / len(kept))
            self.mated.append((np.full(len(kept), probe), kept, distances[row, kept], weights))

    def _draw_far(self, rows: Counts, distances: Distances, is_other: Mask) -> None:
        if len(self.faces) ** 2 <= self.effort.near + self.effort.far:
            return
        each = max(self.effort.far_of_a_probe, -(-self.effort.far // len(self.faces)))
        probe = np.repeat(np.arange(len(rows)), each)
        face = self.rng.integers(0, len(self.faces), len(probe))
        counts = is_other[probe, face]
        self.far.append((rows[probe[counts]], face[counts], distances[probe[counts], face[counts]]))

    def _all_mated(self) -> Comparisons:
        people = self.held_out.people
        nothing = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0))
        every = zip(nothing, *self.mated, strict=True)
        probes, faces, distances, weights = (np.concatenate(column) for column in every)
        return sorted_comparisons(
            people[probes], people[faces], distances, weights, self._by_person(people[probes], weights)
        )

    def _all_non_mated(self, near: NearPairs, trials: Distances) -> Comparisons:
        people, every = self.held_out.people, self._by_person(self.held_out.people, trials)
        probes, faces, distances = near.all()
        known = Comparisons(people[probes], people[faces], distances, np.ones(len(probes)), every)
        if not self.far:
            return sorted_comparisons(known.first, known.second, known.distances, known.weights, every)
        probes, faces, distances = (np.concatenate(column) for column in zip(*self.far, strict=True))
        beyond = distances > near.limit
        drawn = Comparisons(
            people[probes[beyond]], people[faces[beyond]], distances[beyond], np.ones(int(beyond.sum())), every
        )
        return weighed(known, drawn)

    def _by_person(self, people: Labels, weights: Distances) -> Distances:
        return np.bincount(people, weights, len(self.held_out.everybody)).astype(np.float64)
