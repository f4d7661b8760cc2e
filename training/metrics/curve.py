"""FMR and FNMR over tau."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from training.metrics.types import Counts, Distances


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """What one tau does (ISO/IEC 19795-1).

    Attributes:
        tau: a comparison is a match when its distance is at most this.
        fmr: false match rate, the share of non-mated comparisons that match.
        fnmr: false non-match rate, the share of mated comparisons that do not match.
    """

    tau: float
    fmr: float
    fnmr: float

    @property
    def tar(self) -> float:
        """True accept rate: the share of mated comparisons that match."""
        return 1.0 - self.fnmr


@dataclass(frozen=True, eq=False)
class ErrorCurve:
    """How many comparisons match at each tau where that number changes.

    Attributes:
        taus: (K,) float64, ascending, each once.
        mated_matches: (K,) int64, mated comparisons with distance <= tau.
        non_mated_matches: (K,) int64, non-mated comparisons with distance <= tau.
        mated: how many mated comparisons there are, at least 1.
        non_mated: how many non-mated comparisons there are, at least 1.
    """

    taus: Distances
    mated_matches: Counts
    non_mated_matches: Counts
    mated: int
    non_mated: int

    def __post_init__(self) -> None:
        """Refuse rates of nothing.

        Raises:
            ValueError: there are no mated or no non-mated comparisons.
        """
        if self.mated < 1 or self.non_mated < 1:
            raise ValueError(
                "Error rates need at least one mated and one non-mated comparison; "
                f"there are {self.mated} and {self.non_mated}."
            )

    @classmethod
    def from_distances(cls, mated: npt.ArrayLike, non_mated: npt.ArrayLike) -> Self:
        """Count exactly, at every distance that occurs.

        Args:
            mated: (A,) distances of comparisons of the same person.
            non_mated: (B,) distances of comparisons of different people.

        Raises:
            ValueError: one of the two is empty, or holds something that is no distance.
        """
        same, different = _distances(mated), _distances(non_mated)
        taus = np.unique(np.concatenate([same, different]))
        return cls(
            taus=taus,
            mated_matches=np.searchsorted(np.sort(same), taus, side="right").astype(np.int64),
            non_mated_matches=np.searchsorted(np.sort(different), taus, side="right").astype(np.int64),
            mated=len(same),
            non_mated=len(different),
        )

    @property
    def fmr(self) -> Distances:
        """(K,) false match rate at each tau, never falling."""
        return self.non_mated_matches / self.non_mated

    @property
    def fnmr(self) -> Distances:
        """(K,) false non-match rate at each tau, never rising."""
        return 1.0 - self.mated_matches / self.mated

    def at(self, tau: float) -> OperatingPoint:
        """Return the rates at any tau; nothing matches below the smallest of `taus`."""
        index = int(np.searchsorted(self.taus, tau, side="right")) - 1
        return self._point(index, tau)

    def at_fmr(self, rate: float) -> OperatingPoint | None:
        """Return the loosest tau of the curve whose FMR is at most `rate`; None where each of them has more."""
        index = int(np.searchsorted(self.fmr, rate, side="right")) - 1
        return self._point(index, float(self.taus[index])) if index >= 0 else None

    def equal_error(self) -> OperatingPoint:
        """Return the point where FMR and FNMR are closest, the tightest of several; the EER is their mean."""
        index = int(np.argmin(np.abs(self.fmr - self.fnmr)))
        return self._point(index, float(self.taus[index]))

    @property
    def eer(self) -> float:
        """The equal error rate."""
        point = self.equal_error()
        return (point.fmr + point.fnmr) / 2

    def _point(self, index: int, tau: float) -> OperatingPoint:
        if index < 0:
            return OperatingPoint(tau=tau, fmr=0.0, fnmr=1.0)
        return OperatingPoint(
            tau=tau,
            fmr=float(self.non_mated_matches[index]) / self.non_mated,
            fnmr=1.0 - float(self.mated_matches[index]) / self.mated,
        )


def _distances(values: npt.ArrayLike) -> Distances:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or not bool(np.all((array >= 0) & (array <= 4))):
        raise ValueError("Distances are a row of numbers from 0 to 4.")
    return array
