"""How well weights do that are being trained, told after each epoch: one number for a curve, quickly."""

from dataclasses import dataclass

import numpy as np

from training.metrics.curve import ErrorCurve
from training.metrics.distances import GRID, MAX_DISTANCE, squared_distances
from training.metrics.figures import ENOUGH_PEOPLE
from training.metrics.types import Counts, Embeddings, Labels

BINS = int(MAX_DISTANCE / GRID) + 1

FALSE_MATCH_RATES = (1e-3, 1e-2)
"""Those that TAR may be told at, the wanted one first."""


@dataclass(frozen=True, slots=True)
class WatchedFigures:
    """Verification of faces with single faces of other photos.

    Attributes:
        eer: the equal error rate; None without mated or non-mated comparisons.
        tar: the share of mated comparisons that match at the loosest tau that holds `fmr`; None where `fmr` is.
        fmr: the smallest of `FALSE_MATCH_RATES` that so many comparisons can show; None where they show neither.
        mated, non_mated: how many comparisons there are.
    """

    eer: float | None
    tar: float | None
    fmr: float | None
    mated: int
    non_mated: int


def watched_figures(probes: Embeddings, gallery: Embeddings, people: Labels, *, block: int = 512) -> WatchedFigures:
    """Compare every probe with every face of the gallery but its own.

    Rates are exact at each step of `GRID` of tau.

    Args:
        probes: (M, D) of unit length, perhaps of poorer copies of the faces of `gallery`.
        gallery: (M, D) of unit length, of the same faces in the same order.
        people: (M,) whose they are.
        block: probes at a time; memory is so many rows of M distances.

    Raises:
        ValueError: shapes do not fit.
    """
    if probes.shape != gallery.shape or people.shape != gallery.shape[:1]:
        raise ValueError(f"{probes.shape} probes and {gallery.shape} faces of {people.shape} people do not fit.")
    mated, non_mated = _matches_by_bin(probes, gallery, people, block)
    mated_count, non_mated_count = int(mated.sum()), int(non_mated.sum())
    if not mated_count or not non_mated_count:
        return WatchedFigures(None, None, None, mated_count, non_mated_count)
    used = np.flatnonzero(mated + non_mated)
    curve = ErrorCurve(
        taus=(used * GRID).astype(np.float64),
        mated_matches=np.cumsum(mated)[used],
        non_mated_matches=np.cumsum(non_mated)[used],
        mated=mated_count,
        non_mated=non_mated_count,
    )
    fmr = smallest_fmr(pairs_of_people(people), FALSE_MATCH_RATES)
    return WatchedFigures(curve.eer, _tar(curve, fmr), fmr, mated_count, non_mated_count)


def pairs_of_people(people: Labels) -> int:
    """Return how many pairs of faces of different people there are, each pair once."""
    _, faces = np.unique(people, return_counts=True)
    total = len(people)
    return int(total * (total - 1) - np.sum(faces * (faces - 1))) // 2


def smallest_fmr(pairs: int, rates: tuple[float, ...]) -> float | None:
    """Return the first rate at which so many pairs would have as many errors as say something; None for none of them.

    By the rule of 30 with comparisons, not people, so that it depends on how many there are and not on what the weights
    do: a curve over epochs, or two versions beside each other, are at one FMR.
    """
    return next((rate for rate in rates if pairs * rate >= ENOUGH_PEOPLE), None)


def _tar(curve: ErrorCurve, fmr: float | None) -> float | None:
    if fmr is None:
        return None
    point = curve.at_fmr(fmr)
    return point.tar if point is not None else 0.0  # each tau lets more in: nobody may be accepted


def _matches_by_bin(probes: Embeddings, gallery: Embeddings, people: Labels, block: int) -> tuple[Counts, Counts]:
    """Return how many mated and non-mated distances lie in ((k - 1) * GRID, k * GRID], for each k: (BINS,) each."""
    mated, every = np.zeros(BINS, dtype=np.int64), np.zeros(BINS, dtype=np.int64)
    for start in range(0, len(probes), block):
        rows = np.arange(start, min(start + block, len(probes)))
        scaled = squared_distances(probes[rows], gallery) / GRID
        bins = np.ceil(scaled, out=scaled).astype(np.int64)
        counts = np.ones(bins.shape, dtype=np.bool_)
        counts[np.arange(len(rows)), rows] = False
        same = counts & (people[rows, None] == people[None, :])
        every += np.bincount(bins[counts], minlength=BINS)
        mated += np.bincount(bins[same], minlength=BINS)
    return mated, every - mated
