"""How well an encoder verifies: LFW's protocol over the pairs of a file, and error rates over all pairs of a folder."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.exceptions import TooFewComparisonsError
from training.metrics.curve import ErrorCurve, OperatingPoint
from training.metrics.distances import all_pairs_curve, row_distances
from training.metrics.folds import FoldedAccuracy, best_tau, folded_accuracy
from training.metrics.types import Distances, Labels, Mask, Progress, ignore
from training.services.pairs_file import Pair, PhotoName
from training.services.portraits import Portraits, photo_name

FMRS = (1e-2, 1e-3, 1e-4, 1e-5)


@dataclass(frozen=True)
class Excluded:
    """Pairs that could not be compared."""

    without_face: int
    missing: int


@dataclass(frozen=True, eq=False)
class ComparedPairs:
    """The pairs of the file that could be compared.

    Attributes:
        distances: (P,) squared L2.
        is_mated: (P,).
        folds: (P,).
        excluded: the other pairs.
    """

    distances: Distances
    is_mated: Mask
    folds: Labels
    excluded: Excluded


@dataclass(frozen=True, eq=False)
class PairsEvaluation:
    """The whole report.

    Attributes:
        accuracy: over the folds of the file.
        tau: with which most pairs of the file are decided rightly.
        pairs: error rates over the file's pairs.
        all_pairs: error rates over every two photos of the folder.
        compared: the distances behind the first three.
    """

    accuracy: FoldedAccuracy
    tau: float
    pairs: ErrorCurve
    all_pairs: ErrorCurve
    compared: ComparedPairs

    def at_fmrs(self) -> dict[float, OperatingPoint | None]:
        """Return what the loosest tau of each FMR does, over all pairs."""
        return {rate: self.all_pairs.at_fmr(rate) for rate in FMRS}

    @property
    def smallest_fmr(self) -> float:
        """The smallest FMR that so many comparisons can show: by the rule of three, none in n leaves room for 3/n."""
        return min(1.0, 3 / self.all_pairs.non_mated)


def places_of(portraits: Portraits) -> dict[PhotoName, int]:
    """Return which of the portraits each photo is that a file of pairs may name."""
    rows: dict[PhotoName, int] = {}
    for row, file in enumerate(portraits.files):
        if (name := photo_name(file)) is not None:
            rows.setdefault(name, row)
    return rows


def compare_pairs(pairs: Sequence[Pair], portraits: Portraits) -> ComparedPairs:
    """Measure the distance of every pair whose photos both show a face."""
    rows = places_of(portraits)
    there = {photo_name(file) for file in portraits.without_face} | set(rows)
    usable = [pair for pair in pairs if pair.first in rows and pair.second in rows]
    missing = sum(1 for pair in pairs if not (pair.first in there and pair.second in there))
    return ComparedPairs(
        distances=row_distances(
            portraits.embeddings[[rows[pair.first] for pair in usable]],
            portraits.embeddings[[rows[pair.second] for pair in usable]],
        ),
        is_mated=np.array([pair.is_mated for pair in usable], dtype=np.bool_),
        folds=np.array([pair.fold for pair in usable], dtype=np.int64),
        excluded=Excluded(without_face=len(pairs) - len(usable) - missing, missing=missing),
    )


def evaluate_pairs(pairs: Sequence[Pair], portraits: Portraits, *, progress: Progress = ignore) -> PairsEvaluation:
    """Judge an encoder by the pairs of a file and by all pairs of a folder.

    Args:
        pairs: what the file says; pairs with a photo that is not there or shows no face are left out and counted.
        portraits: the folder's photos.
        progress: told how many photos were compared with all others since the last call.

    Raises:
        TooFewComparisonsError: the pairs or the photos are too few for their rates to mean anything.
    """
    if not portraits.files:
        raise TooFewComparisonsError("No photo of the folder shows a face.")
    compared = compare_pairs(pairs, portraits)
    try:
        return PairsEvaluation(
            accuracy=folded_accuracy(compared.distances, compared.is_mated, compared.folds),
            tau=best_tau(compared.distances, compared.is_mated),
            pairs=ErrorCurve.from_distances(
                compared.distances[compared.is_mated], compared.distances[~compared.is_mated]
            ),
            all_pairs=all_pairs_curve(portraits.embeddings, portraits.people, progress=progress),
            compared=compared,
        )
    except ValueError as error:
        raise TooFewComparisonsError(
            f"There are too few pairs: {len(compared.distances)} of {len(pairs)} could be compared. {error}"
        ) from error
