"""From embeddings to rates, for the accuracy benchmark: pure functions of arrays.

A photo in which no face was found matches nobody: it counts in every rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self, TypeAlias

import numpy as np
import numpy.typing as npt

from training.metrics.curve import ErrorCurve
from training.metrics.distances import MAX_DISTANCE, all_pairs_curve, row_distances, squared_distances
from training.metrics.folds import FoldedAccuracy, folded_accuracy
from training.metrics.identification import LeaveOneOut
from training.metrics.types import Counts, Distances, Embeddings, Labels, Mask

FloatRow: TypeAlias = npt.NDArray[np.float64]

BLOCK = 256
DIMENSION = 128
"""Of those who find no face at all."""


@dataclass(frozen=True, eq=False)
class Portraits:
    """M photos of one person each, as one contestant sees them.

    Attributes:
        people: (M,) who is meant to be in the photo.
        embeddings: (M, D) of unit length; zeros where no face was found.
        quality: (M,) 0 to 1; 1 from contestants that know no quality.
    """

    people: Labels
    embeddings: Embeddings
    quality: FloatRow

    @classmethod
    def gathered(cls, people: Labels, faces: Sequence[tuple[Embeddings, float] | None]) -> Self:
        """Of one (embedding, quality) a photo, None where no face was found. The embeddings may have any length."""
        dimension = next((len(face[0]) for face in faces if face is not None), DIMENSION)
        embeddings = np.zeros((len(faces), dimension), np.float32)
        quality = np.zeros(len(faces))
        for index, face in enumerate(faces):
            if face is not None:
                embeddings[index] = face[0] / np.linalg.norm(face[0])
                quality[index] = face[1]
        return cls(people, embeddings, quality)

    def __len__(self) -> int:
        return len(self.people)

    def __getitem__(self, chosen: Counts | Mask) -> Portraits:
        return Portraits(self.people[chosen], self.embeddings[chosen], self.quality[chosen])

    @property
    def is_found(self) -> Mask:
        found: Mask = np.any(self.embeddings, axis=1)
        return found


def accuracy_of_pairs(portraits: Portraits, first: Counts, second: Counts, folds: Labels) -> FoldedAccuracy:
    """LFW's protocol; `first` and `second` are (P,) rows of `portraits`, `folds` (P,)."""
    one, other = portraits[first], portraits[second]
    distances = row_distances(one.embeddings, other.embeddings)
    distances[~(one.is_found & other.is_found)] = MAX_DISTANCE
    return folded_accuracy(distances, one.people == other.people, folds)


def all_pairs(portraits: Portraits) -> ErrorCurve:
    """Every photo against every other one."""
    found = portraits[portraits.is_found]
    curve = all_pairs_curve(found.embeddings, found.people)
    mated = _pairs_within(portraits.people)
    return replace(curve, mated=mated, non_mated=len(portraits) * (len(portraits) - 1) // 2 - mated)


def _pairs_within(people: Labels) -> int:
    _, counts = np.unique(people, return_counts=True)
    return int((counts * (counts - 1) // 2).sum())


def probes_against(references: Portraits, probes: Portraits) -> ErrorCurve:
    """Photo i of `probes` is mated with photo i of `references`, and non-mated with those of everybody else."""
    distances = squared_distances(probes.embeddings, references.embeddings)
    distances[~(probes.is_found[:, None] & references.is_found[None, :])] = MAX_DISTANCE
    return ErrorCurve.from_distances(
        np.diagonal(distances), distances[probes.people[:, None] != references.people[None, :]]
    )


def tar_at_fmr(curve: ErrorCurve, rate: float) -> tuple[float, float]:
    """(TAR, tau) at the loosest tau with at most this FMR; (0, 0) where each tau has more."""
    point = curve.at_fmr(rate)
    return (point.tar, point.tau) if point else (0.0, 0.0)


def first_of_each(people: Labels, most: int) -> Counts:
    """The rows of each person's first `most` photos, in order."""
    order = np.argsort(people, kind="stable")
    starts = np.flatnonzero(np.append(True, people[order][1:] != people[order][:-1]))
    rank = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    return np.sort(order[rank < most]).astype(np.int64)


def searches_for_templates(embeddings: Embeddings, people: Labels, weights: FloatRow) -> LeaveOneOut:
    """Each face is searched for among one template a person: the mean of all their embeddings, to unit length.

    The searched face itself has no part in its person's template. `own` is infinite where nothing is left of it.

    Args:
        embeddings: (M, D) of unit length.
        people: (M,).
        weights: (M,) of each embedding in the mean, positive.
    """
    names, owner = np.unique(people, return_inverse=True)
    weighted = embeddings * weights[:, None]
    sums = np.zeros((len(names), embeddings.shape[1]))
    np.add.at(sums, owner, weighted)
    counts = np.bincount(owner)
    rest = np.where((counts[owner] > 1)[:, None], sums[owner] - weighted, 1.0)  # (M, D); 1.0 where it is unused
    own = np.where(counts[owner] > 1, row_distances(embeddings, _units(rest)), np.inf)
    other = _nearest_other(embeddings, people, _units(sums), names)
    return LeaveOneOut(people=people, own=own, other=other, gallery_size=len(names))


def searches_for_one_photo(embeddings: Embeddings, people: Labels) -> LeaveOneOut:
    """Each face is searched for where everybody has one photo enrolled: the first, and its own person the next one.

    The next photo of a person's last is the first. `own` is infinite for people with one photo.
    """
    order = np.argsort(people, kind="stable")
    starts = np.flatnonzero(np.append(True, people[order][1:] != people[order][:-1]))
    ends = np.append(starts[1:], len(order))
    following = np.arange(1, len(order) + 1)
    following[ends - 1] = starts
    mate = np.empty(len(order), np.int64)
    mate[order] = order[following]
    own = np.where(mate == np.arange(len(order)), np.inf, row_distances(embeddings, embeddings[mate]))
    other = _nearest_other(embeddings, people, embeddings[order[starts]], people[order[starts]])
    return LeaveOneOut(people=people, own=own, other=other, gallery_size=len(starts))


def _nearest_other(embeddings: Embeddings, people: Labels, enrolled: Embeddings, names: Labels) -> Distances:
    """(M,) of each embedding, (M, D), to the nearest of the (N, D) enrolled of other people."""
    nearest = np.empty(len(embeddings))
    for start in range(0, len(embeddings), BLOCK):
        probes = slice(start, start + BLOCK)
        distances = squared_distances(embeddings[probes], enrolled)
        distances[people[probes, None] == names] = np.inf
        nearest[probes] = distances.min(axis=1)
    return nearest


def _units(vectors: FloatRow) -> FloatRow:
    units: FloatRow = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return units


def tau_at_fpir(searches: LeaveOneOut, rate: float) -> float:
    """The loosest tau with which at most this share of searches for people who are not enrolled returns anybody."""
    nearest: Distances = np.sort(searches.other)
    allowed = int(rate * len(nearest))
    return float(np.nextafter(nearest[allowed], 0)) if allowed < len(nearest) else MAX_DISTANCE


def fnir_at_fpir(searches: LeaveOneOut, rate: float, counted: Mask) -> float:
    """FNIR(N, R=1, tau) at the tau of this FPIR, over those of the mated searches that are `counted`, (M,)."""
    judged = replace(searches, own=np.where(counted, searches.own, np.inf))
    value = judged.fnir(tau_at_fpir(searches, rate)).value
    return float("nan") if value is None else value
