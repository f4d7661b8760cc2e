"""Open-set recognition (1:N), judged by leaving one photo out."""

from dataclasses import dataclass

import numpy as np

from faces.services.intervals import Share, share
from training.metrics.distances import squared_distances
from training.metrics.types import Counts, Distances, Embeddings, Labels, Mask, Progress, ignore


@dataclass(frozen=True, eq=False)
class LeaveOneOut:
    """Every enrolled face searched for once, its own photo left out of the gallery.

    Attributes:
        people: (M,) whose face each probe is.
        own: (M,) distance to the nearest other photo of the same person; infinite where there is none.
        other: (M,) distance to the nearest face of anybody else; infinite where there is nobody.
        gallery_size: N, the people who are enrolled.
    """

    people: Labels
    own: Distances
    other: Distances
    gallery_size: int

    @property
    def is_mated(self) -> Mask:
        """(M,) whether the gallery still holds the probe's person."""
        return np.isfinite(self.own)

    def rank_1(self) -> Share:
        """Return how often the nearest person is the right one, whatever the distance; a tie counts as wrong."""
        return share(int(np.sum((self.own < self.other)[self.is_mated])), int(np.sum(self.is_mated)))

    def fnir(self, tau: float) -> Share:
        """Return FNIR(N, R=1, tau): mated searches that do not return the right person first and within tau.

        False negative identification rate of ISO/IEC 19795-1: of searches whose person is enrolled.
        """
        missed = self.is_mated & ~((self.own < self.other) & (self.own <= tau))
        return share(int(np.sum(missed)), int(np.sum(self.is_mated)))

    def fpir(self, tau: float) -> Share:
        """Return FPIR(N - 1, tau): non-mated searches that return anybody within tau.

        False positive identification rate of ISO/IEC 19795-1: of searches whose person is not enrolled; here each
        probe with all faces of its own person left out.
        """
        return share(int(np.sum(self.other <= tau)), len(self.other))


def leave_one_out(
    embeddings: Embeddings,
    people: Labels,
    photos: Labels,
    *,
    block: int = 256,
    progress: Progress = ignore,
) -> LeaveOneOut:
    """Search for every face among all faces of other photos; a person's nearest face stands for the person.

    Args:
        embeddings: (M, D) of all enrolled faces.
        people: (M,) whose they are.
        photos: (M,) which photo shows them; faces of the probe's own photo are never found.
        block: probes at a time; memory is `block` rows of M distances.
        progress: told how many probes were searched since the last call.

    Raises:
        ValueError: shapes do not fit, or there is no face.
    """
    if embeddings.ndim != 2 or not len(embeddings):
        raise ValueError(f"Embeddings have the shape (M, D) with M at least 1, not {embeddings.shape}.")
    if people.shape != embeddings.shape[:1] or photos.shape != embeddings.shape[:1]:
        raise ValueError(f"{embeddings.shape} embeddings, {people.shape} people and {photos.shape} photos do not fit.")
    order = np.argsort(people, kind="stable")
    starts = _starts_of_runs(people[order])
    column_of = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(order))))  # (M,), in the sorted order
    own, other = np.empty(len(order)), np.empty(len(order))
    for start in range(0, len(order), block):
        probes = order[start : start + block]  # (B,)
        distances = squared_distances(embeddings[probes], embeddings[order])  # (B, M)
        distances[photos[probes][:, None] == photos[order][None, :]] = np.inf
        nearest = np.minimum.reduceat(distances, starts, axis=1)  # (B, N)
        rows, columns = np.arange(len(probes)), column_of[start : start + block]
        own[probes] = nearest[rows, columns]
        nearest[rows, columns] = np.inf
        other[probes] = nearest.min(axis=1)
        progress(len(probes))
    return LeaveOneOut(people=people, own=own, other=other, gallery_size=len(starts))


def _starts_of_runs(values: Labels) -> Counts:
    return np.flatnonzero(np.append(True, values[1:] != values[:-1])).astype(np.int64)
