"""Open-set recognition (1:N), judged by leaving one photo out."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from encoder.templates import Values, templates
from faces.services.intervals import Share, share
from training.metrics.distances import row_distances, squared_distances
from training.metrics.types import Counts, Distances, Embeddings, Labels, Mask, Progress, ignore

FACES_AT_ONCE = 50_000
"""Of which templates without one photo are made at a time: 50 MB for 128 numbers each."""


@dataclass(frozen=True, eq=False)
class LeaveOneOut:
    """Every enrolled face searched for once, its own photo left out of the gallery.

    Attributes:
        people: (M,) whose face each probe is.
        own: (M,) distance to the same person, as other photos show them; infinite where there is none.
        other: (M,) distance to the nearest of all other people; infinite where there is nobody.
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
    qualities: Values,
    *,
    block: int = 256,
    progress: Progress = ignore,
) -> LeaveOneOut:
    """Search for every face among people's templates, as recognition does.

    The template of the probe's own person is made anew of the faces in other photos, outliers found anew. Those of
    other people stay as they are, with what they owe to the probe's photo where that shows several people.

    Args:
        embeddings: (M, D) of all enrolled faces.
        people: (M,) whose they are.
        photos: (M,) which photo shows them.
        qualities: (M,) scores, 0 to 1.
        block: probes at a time; memory is `block` rows of N distances, and `FACES_AT_ONCE` embeddings.
        progress: told how many probes were searched since the last call.

    Raises:
        ValueError: shapes do not fit, or there is no face.
    """
    _check(embeddings, people, photos)
    everybody = templates(embeddings, people, qualities)
    column_of = np.searchsorted(everybody.people, people)
    rest, is_mated = templates_without_photo(embeddings, people, photos, qualities)
    own, other = np.where(is_mated, row_distances(embeddings, rest), np.inf), np.empty(len(people))
    for start in range(0, len(people), block):
        rows = slice(start, start + block)
        distances = squared_distances(embeddings[rows], everybody.vectors)  # (B, N)
        distances[np.arange(len(distances)), column_of[rows]] = np.inf
        other[rows] = distances.min(axis=1)
        progress(len(distances))
    return LeaveOneOut(people=people, own=own, other=other, gallery_size=len(everybody.people))


def templates_without_photo(
    embeddings: Embeddings, people: Labels, photos: Labels, qualities: Values, *, is_probe: Mask | None = None
) -> tuple[Distances, Mask]:
    """Return of each face (M, D) the template of its person's faces in other photos, and (M,) whether there is any.

    The arguments are those of `leave_one_out`. Rows are zeros where there is none, and where `is_probe` (M,) is given
    and says that none is wanted.
    """
    vectors, is_mated = np.zeros(embeddings.shape), np.zeros(len(people), dtype=np.bool_)
    wanted = np.ones(len(people), dtype=np.bool_) if is_probe is None else is_probe
    for probes, faces in _faces_without_photo(people, photos, wanted):
        rest = templates(embeddings[faces], probes, qualities[faces])
        vectors[rest.people] = rest.vectors
        is_mated[rest.people] = True
    return vectors, is_mated


def _faces_without_photo(people: Labels, photos: Labels, wanted: Mask) -> Iterator[tuple[Counts, Counts]]:
    """Yield (probe, face of the same person in another photo), two arrays of rows, all of a probe's in one portion."""
    order = np.argsort(people, kind="stable")
    for faces in np.split(order, _starts_of_runs(people[order])[1:]):
        probes = faces[wanted[faces]]
        at_once = max(1, FACES_AT_ONCE // len(faces))
        for start in range(0, len(probes) if len(faces) > 1 else 0, at_once):
            portion = probes[start : start + at_once]
            probe, face = np.nonzero(photos[portion][:, None] != photos[faces][None, :])
            if len(probe):
                yield portion[probe], faces[face]


def leave_one_out_by_faces(
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
    _check(embeddings, people, photos)
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


def _check(embeddings: Embeddings, people: Labels, photos: Labels) -> None:
    if embeddings.ndim != 2 or not len(embeddings):
        raise ValueError(f"Embeddings have the shape (M, D) with M at least 1, not {embeddings.shape}.")
    if people.shape != embeddings.shape[:1] or photos.shape != embeddings.shape[:1]:
        raise ValueError(f"{embeddings.shape} embeddings, {people.shape} people and {photos.shape} photos do not fit.")


def _starts_of_runs(values: Labels) -> Counts:
    return np.flatnonzero(np.append(True, values[1:] != values[:-1])).astype(np.int64)
