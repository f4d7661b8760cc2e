"""Accuracy by the protocol of Labeled Faces in the Wild: tau is chosen on other people than it is judged on."""

from dataclasses import dataclass

import numpy as np

from training.metrics.curve import ErrorCurve
from training.metrics.types import Distances, Labels, Mask


@dataclass(frozen=True)
class FoldedAccuracy:
    """Accuracy over k folds (Huang et al. 2007, "Labeled Faces in the Wild", section 4).

    Attributes:
        accuracies: of each fold, at the tau that is best on all other folds.
        taus: those taus, in the same order.
    """

    accuracies: tuple[float, ...]
    taus: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean of the folds."""
        return float(np.mean(self.accuracies))

    @property
    def std(self) -> float:
        """The sample standard deviation between folds."""
        return float(np.std(self.accuracies, ddof=1))

    @property
    def standard_error(self) -> float:
        """The standard error of the mean, as LFW reports it."""
        return self.std / float(np.sqrt(len(self.accuracies)))


def best_tau(distances: Distances, is_mated: Mask) -> float:
    """Return the tau with the most right decisions; the tightest of several.

    Args:
        distances: (P,) of mated and non-mated comparisons.
        is_mated: (P,) which of them are mated.

    Raises:
        ValueError: one of the two kinds is missing.
    """
    curve = ErrorCurve.from_distances(distances[is_mated], distances[~is_mated])
    right = curve.mated_matches + (curve.non_mated - curve.non_mated_matches)  # (K,)
    taus = curve.taus
    if taus[0] > 0:  # then a tau of 0 matches nothing at all, which may be best
        taus, right = np.append(0.0, taus), np.append(curve.non_mated, right)
    return float(taus[np.argmax(right)])


def accuracy_at(tau: float, distances: Distances, is_mated: Mask) -> float:
    """Return the share of right decisions: matches among the mated, non-matches among the others."""
    return float(np.mean((distances <= tau) == is_mated))


def folded_accuracy(distances: Distances, is_mated: Mask, folds: Labels) -> FoldedAccuracy:
    """Judge each fold at the tau that is best on all the others.

    Args:
        distances: (P,) of all pairs.
        is_mated: (P,).
        folds: (P,) which fold each pair is in.

    Raises:
        ValueError: there are fewer than two folds, or all folds but one lack one kind of pair.
    """
    numbers = np.unique(folds)
    if len(numbers) < 2:
        raise ValueError("Accuracy over folds needs at least two folds.")
    taus, accuracies = [], []
    for number in numbers:
        judged = folds == number
        tau = best_tau(distances[~judged], is_mated[~judged])
        taus.append(tau)
        accuracies.append(accuracy_at(tau, distances[judged], is_mated[judged]))
    return FoldedAccuracy(accuracies=tuple(accuracies), taus=tuple(taus))
