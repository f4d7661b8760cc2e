"""Two encoder versions on the same people: what is better, by how much, and how sure that is."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from faces.services.intervals import Z_95
from training.metrics.evidence import Comparisons
from training.metrics.rates import PERCENTILES, of_few, short
from training.metrics.resampling import Draws
from training.metrics.types import Counts, Distances, Progress, ignore

NOTHING = 1e-9


class Outcome(StrEnum):
    """What comparing a version with another one on the same people says."""

    BETTER = "better"
    NO_CLEAR_DIFFERENCE = "no_clear_difference"
    WORSE = "worse"


@dataclass(frozen=True, slots=True)
class Change:
    """A rate of two versions; `difference` is after - before, with its 95 % interval."""

    before: float
    after: float
    difference: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Paired:
    """Verification by two versions on the same people.

    Attributes:
        fmr: at which TAR is told, each version at its own tau.
        tau_before, tau_after: the loosest that hold it; None where each tau has more.
        tar: the share of mated comparisons that match.
        eer: the equal error rate.
        mated, non_mated: how many comparisons there are.
        people: with mated comparisons.
    """

    fmr: float
    tau_before: float | None
    tau_after: float | None
    tar: Change
    eer: Change
    mated: int
    non_mated: int
    people: int

    @property
    def outcome(self) -> Outcome:
        """By TAR."""
        if self.tar.low > 0:
            return Outcome.BETTER
        return Outcome.WORSE if self.tar.high < 0 else Outcome.NO_CLEAR_DIFFERENCE

    def as_json(self) -> dict[str, Any]:
        """Return what is stored."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return what `as_json` gave."""
        return cls(**{**data, "tar": Change(**data["tar"]), "eer": Change(**data["eer"])})


@dataclass(frozen=True, eq=False)
class Compared:
    """The comparisons that one version made. Distances are of that version; people are the same rows in both."""

    mated: Comparisons
    non_mated: Comparisons


def paired(before: Compared, after: Compared, *, fmr: float, draws: Draws, progress: Progress = ignore) -> Paired:
    """Return how two versions do on the same people.

    The interval rests on resamples of people, the same ones for both versions. In each resample every version gets the
    tau that holds the FMR among these people, so that the doubt about tau is in it, too. Its ends are drawn apart as
    Student's t of so few people is wider than the normal distribution. Resamples know nothing of what was not seen, so
    the interval is at least as wide as that of two people of whom each version gets one more right, with as much of
    their comparisons as those have who changed, or all of them where nobody did (the adjustment of Bonett and Price
    2012, "Adjusted Wald confidence interval for a difference of binomial proportions based on paired data", by itself):
    that two versions did the same is no proof that they always will.

    Args:
        before: by the one version; at least one mated and one non-mated comparison.
        after: by the other one, of the same photos.
        fmr: the FMR of TAR.
        draws: (B, P) of `draws_of_people`.
        progress: told how many resamples were counted since the last call.

    Raises:
        ValueError: there is nothing to compare.
    """
    sides = [_Side.of(before), _Side.of(after)]
    everybody = np.ones(draws.shape[1], dtype=np.uint8)
    own = np.array([side.rates(everybody, fmr)[:2] for side in sides])  # (2 versions, TAR and EER)
    resampled = np.empty((len(draws), 2))
    for row, drawn in zip(resampled, draws, strict=True):
        one, other = (side.rates(drawn, fmr) for side in sides)
        row[:] = other[0] - one[0], other[1] - one[1]
        progress(1)
    people = before.mated.trials
    known = resampled[~np.isnan(resampled).any(axis=1)]
    taus = [side.rates(everybody, fmr)[2] for side in sides]
    swing = _swing(matches_of(before.mated, taus[0]), matches_of(after.mated, taus[1]), people)
    tar = _change(own[:, 0], known[:, 0], people, swing)
    eer = _change(own[:, 1], known[:, 1], people, swing / 2)  # the mean of FNMR, which swings so, and FMR
    return Paired(
        fmr=fmr,
        tau_before=taus[0],
        tau_after=taus[1],
        tar=tar,
        eer=eer,
        mated=round(before.mated.total),
        non_mated=round(before.non_mated.total),
        people=int(np.count_nonzero(people)),
    )


def matches_of(mated: Comparisons, tau: float | None) -> Distances:
    """Return how many of each person's mated comparisons match: (P,)."""
    within = np.zeros(len(mated.distances)) if tau is None else mated.weights * (mated.distances <= tau)
    return np.bincount(mated.first, within, len(mated.trials)).astype(np.float64)


def _swing(before: Distances, after: Distances, trials: Distances) -> float:
    """Return the root mean square of the share of a person's comparisons that changed, of people with a change."""
    has = trials > 0
    shares = (after[has] - before[has]) / trials[has]
    changed = shares[np.abs(shares) > NOTHING]
    return float(np.sqrt(np.mean(changed**2))) if len(changed) else 1.0


def _change(own: Distances, resampled: Distances, trials: Distances, swing: float) -> Change:
    """Return a difference with its interval; `trials` (P,) are the mated comparisons of each person."""
    value = float(own[1] - own[0])
    people = float(trials.sum() ** 2 / np.sum(trials**2))  # that many of equal weight (Kish 1965)
    unseen = Z_95 * np.sqrt(2.0) * swing / (people + 2)
    low, high = np.percentile(resampled, PERCENTILES) if len(resampled) else (-1.0, 1.0)
    wider = np.sqrt(of_few(max(round(people), 2)))
    below, above = max((value - low) * wider, unseen), max((high - value) * wider, unseen)
    return Change(
        before=short(own[0]),
        after=short(own[1]),
        difference=short(value),
        low=short(max(value - below, -1.0)),
        high=short(min(value + above, 1.0)),
    )


@dataclass(frozen=True, eq=False)
class _Side:
    """The comparisons of one version.

    Attributes:
        compared: nearest first.
        taus: (K,) every distance that occurs, ascending.
        mated, non_mated: (K,) how many comparisons there are up to each of `taus`.
    """

    compared: Compared
    taus: Distances
    mated: Counts
    non_mated: Counts

    @classmethod
    def of(cls, compared: Compared) -> Self:
        mated, non_mated = compared.mated.distances, compared.non_mated.distances
        if not len(mated) or not len(non_mated):
            raise ValueError("There is no mated or no non-mated comparison.")
        taus = np.unique(np.concatenate([mated, non_mated]))
        return cls(
            compared,
            taus,
            np.searchsorted(mated, taus, side="right").astype(np.int64),
            np.searchsorted(non_mated, taus, side="right").astype(np.int64),
        )

    def rates(self, drawn: npt.NDArray[np.uint8], fmr: float) -> tuple[float, float, float | None]:
        """Return TAR at an FMR, the EER and the tau of the former where each person counts so often; NaN for nothing.

        A non-mated comparison counts as often as the product says: see `resampling.count`.
        """
        mated, non_mated = self.compared.mated, self.compared.non_mated
        wide = drawn.astype(np.float32)  # products of small whole numbers: exact
        matches = _running(wide[mated.first] * mated.weights)
        false = _running(wide[non_mated.first] * wide[non_mated.second] * non_mated.weights)
        if matches[-1] <= 0 or false[-1] <= 0:
            return float("nan"), float("nan"), None
        matches /= matches[-1]
        false /= false[-1]
        within = int(np.searchsorted(false, fmr, side="right")) - 1  # so many of the non-mated may match
        place = int(np.searchsorted(self.non_mated, within, side="right")) - 1
        tar = 0.0 if place < 0 else float(matches[self.mated[place]])
        return tar, self._eer(matches, false), None if place < 0 else float(self.taus[place])

    def _eer(self, matches: Distances, false: Distances) -> float:
        """Return the mean of FMR and FNMR where they are closest: on one side of where they cross."""

        def lead(place: int) -> float:
            return float(false[self.non_mated[place]] - (1.0 - matches[self.mated[place]]))  # never falls

        low, high = 0, len(self.taus) - 1  # at the last one FMR is 1
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if lead(middle) >= 0 else (middle + 1, high)
        place = low - 1 if low and -lead(low - 1) <= lead(low) + NOTHING else low  # the tighter of two as close
        return float(false[self.non_mated[place]] + 1.0 - matches[self.mated[place]]) / 2


def _running(weights: Distances) -> Distances:
    """Return the sum of the first k, for k of 0, 1, ...: one more than there are."""
    return np.concatenate([[0.0], np.cumsum(weights, dtype=np.float64)])
