"""How well judged people are told apart, and what several runs say about it together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy import stats

from training.metrics.curve import ErrorCurve
from training.metrics.distances import squared_distances
from training.metrics.types import Counts, Embeddings

LOOSE, STRICT = 1e-2, 1e-3
"""FMR at which probes are judged, and the photos as they are."""


@dataclass(frozen=True)
class Figures:
    """Of one encoder with one set of judged people.

    Attributes:
        tar: share of mated comparisons of probes with photos that match where 1 % of the non-mated ones do.
        rank_1: share of probes that are nearest to their own person among the first photos of everybody.
        eer: of the same comparisons as `tar`.
        plain_tar: share of mated pairs of photos, as they are, that match where 0.1 % of the non-mated ones do.
    """

    tar: float
    rank_1: float
    eer: float
    plain_tar: float


def figures(gallery: Embeddings, probes: Embeddings, people: Counts, *, has_copies: bool) -> Figures:
    """Judge (J, D) embeddings of photos and (J, D) of the probes that belong to them.

    A probe is never compared with its own photo, and where probes are the photos each pair counts once.

    Args:
        gallery: of the photos, of unit length.
        probes: of their poor copies, or the same embeddings again.
        people: (J,) who it is.
        has_copies: whether probes are copies.
    """
    plain = _curve(gallery, gallery, people, once=True)
    probed = _curve(probes, gallery, people, once=False) if has_copies else plain
    return Figures(
        tar=_tar(probed, LOOSE), rank_1=rank_1(gallery, probes, people), eer=probed.eer, plain_tar=_tar(plain, STRICT)
    )


def rank_1(gallery: Embeddings, probes: Embeddings, people: Counts) -> float:
    """Share of the probes of second and further photos that are nearest to the first photo of their person."""
    _, firsts = np.unique(people, return_index=True)
    others = np.setdiff1d(np.arange(len(people)), firsts)
    if not len(others):
        raise ValueError("Nobody has a second photo to be looked for by.")
    nearest = squared_distances(probes[others], gallery[firsts]).argmin(axis=1)
    return float((people[firsts][nearest] == people[others]).mean())


def _curve(probes: Embeddings, gallery: Embeddings, people: Counts, *, once: bool) -> ErrorCurve:
    distances = squared_distances(probes, gallery)
    same = people[:, None] == people[None, :]
    counts = np.triu(np.ones(same.shape, dtype=np.bool_), 1) if once else ~np.eye(len(people), dtype=np.bool_)
    mated, non_mated = np.sort(distances[same & counts]), np.sort(distances[~same & counts])
    taus = np.unique(np.concatenate([mated, non_mated[:: max(1, len(non_mated) // 100_000)]]))
    return ErrorCurve(
        taus=taus,
        mated_matches=np.searchsorted(mated, taus, side="right").astype(np.int64),
        non_mated_matches=np.searchsorted(non_mated, taus, side="right").astype(np.int64),
        mated=len(mated),
        non_mated=len(non_mated),
    )


def _tar(curve: ErrorCurve, fmr: float) -> float:
    point = curve.at_fmr(fmr)
    return 0.0 if point is None else point.tar


@dataclass(frozen=True)
class Interval:
    """The mean of several runs' figures, and where the mean of many more would be with 95 % confidence.

    Attributes:
        mean: of the runs.
        low, high: by Student's t; the mean itself, twice, where there is a single run.
    """

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Interval:
        """Of at least one value."""
        mean = float(np.mean(values))
        if len(values) < 2:
            return cls(mean, mean, mean)
        half = float(stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / sqrt(len(values)))
        return cls(mean, mean - half, mean + half)


def first_to_reach(steps: Sequence[int], values: Sequence[float], wanted: float) -> int | None:
    """Return the first of some steps at which a value is at least the wanted one; None where none is."""
    return next((step for step, value in zip(steps, values, strict=True) if value >= wanted), None)
