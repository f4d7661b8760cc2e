"""The figures of verification: FMR and FNMR over tau."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.metrics.events import Events
from training.metrics.evidence import Comparisons
from training.metrics.figures import AtRate, Histogram, Rate, Verification
from training.metrics.rates import Rates, people_beyond, people_within, rates
from training.metrics.resampling import Counted, Draws, count, resampled_sums
from training.metrics.tau_grid import index_for
from training.metrics.types import Distances, Progress, ignore

FALSE_MATCH_RATES = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
BARS = 80


@dataclass(frozen=True, eq=False)
class VerificationRates:
    """FMR and FNMR over tau: of faces with people, or with single faces."""

    fmr: Rates
    fnmr: Rates


def verification_rates(
    mated: Comparisons,
    non_mated: Comparisons,
    taus: Distances,
    draws: Draws,
    progress: Progress = ignore,
    *,
    resampled_trials: Distances | None = None,
) -> VerificationRates:
    """Return the share of non-mated comparisons that match, and of mated ones that do not (ISO/IEC 19795-1).

    Args:
        mated: comparisons of the same person.
        non_mated: comparisons of different people.
        taus: (T,) ascending.
        draws: the resamples.
        progress: told how many resamples were counted since the last call.
        resampled_trials: (B,) how many non-mated comparisons there are in each; where it is not known, what the
            comparisons that were kept stand for is summed up.
    """
    matches = count(Events.of_comparisons(mated), taus, draws)
    false_matches = count(Events.of_comparisons(non_mated), taus, draws, progress)
    tried = np.union1d(non_mated.first, non_mated.second)
    return VerificationRates(
        fmr=rates(
            false_matches,
            non_mated.total,
            _resampled_trials(false_matches, non_mated.total) if resampled_trials is None else resampled_trials,
            people_within(non_mated.first, non_mated.distances, taus),
            len(tried),
            of_pairs=True,
        ),
        fnmr=rates(
            matches,
            mated.total,
            resampled_sums(mated.trials, draws),
            people_beyond(mated.first, mated.distances, taus),
            int(np.sum(mated.trials > 0)),
            of_the_rest=True,
        ),
    )


def verification(measured: VerificationRates, histogram: Histogram, taus: Distances) -> Verification:
    """Return what a report says of verification."""
    fmr, fnmr = measured.fmr, measured.fnmr
    eer, index = _equal_error(fmr, fnmr)
    return Verification(
        mated=fnmr.trials,
        non_mated=fmr.trials,
        fmr=fmr.series(),
        fnmr=fnmr.series(),
        histogram=histogram,
        eer=eer,
        eer_tau=float(taus[index]),
        at_fmr=at_rates(fmr, fnmr, taus, FALSE_MATCH_RATES),
    )


def at_rates(false: Rates, missed: Rates, taus: Distances, asked: Sequence[float]) -> list[AtRate]:
    """Return, for each false rate, the loosest tau that holds it, and what is missed there."""
    answers = []
    for rate in asked:
        index = index_for(false.value, rate) if false.trials else None
        if index is None:
            answers.append(AtRate(asked=rate, tau=None, false=None, missed=None))
        else:
            answers.append(AtRate(asked=rate, tau=float(taus[index]), false=false.at(index), missed=missed.at(index)))
    return answers


def histogram_of(
    mated: Distances, non_mated: Distances, weights: Distances, mated_weights: Distances | None = None
) -> Histogram:
    """Return the two histograms on common edges; zeros where there is nothing. `weights` are those of `non_mated`."""
    largest = max((float(found.max()) for found in (mated, non_mated) if len(found)), default=4.0)
    edges = np.linspace(0.0, max(largest, 1e-6), BARS + 1)
    return Histogram(
        edges=[float(f"{edge:.6g}") for edge in edges],
        mated=_shares(mated, np.ones(len(mated)) if mated_weights is None else mated_weights, edges),
        non_mated=_shares(non_mated, weights, edges),
    )


def _shares(distances: Distances, weights: Distances, edges: Distances) -> list[float]:
    counts, _ = np.histogram(distances, bins=edges, weights=weights)
    total = float(counts.sum())
    return [float(f"{count / total:.6g}") if total else 0.0 for count in counts]


def _resampled_trials(counted: Counted, trials: float) -> Distances:
    """Return how many comparisons there are in each resample: (B,).

    Events stand for all comparisons, near and far, so their sum does, but for what sampling adds by chance.
    """
    return np.asarray(counted.resampled_total * (trials / counted.total if counted.total else 0.0))


def _equal_error(fmr: Rates, fnmr: Rates) -> tuple[Rate, int]:
    """Return the EER and where it is: the tightest tau at which FMR and FNMR are closest; the EER is their mean.

    The interval is the mean of their two, which is right where both are wrong together and too wide otherwise; errors
    and people are those of the kind that has fewer.
    """
    index = int(np.argmin(np.abs(fmr.value - fnmr.value)))
    false, missed = fmr.at(index), fnmr.at(index)
    if false.value is None or missed.value is None:
        return Rate(None, None, None, 0.0, 0.0, 0), index
    fewer = false if false.people < missed.people else missed
    low, high = ((getattr(false, end) + getattr(missed, end)) / 2 for end in ("low", "high"))
    return Rate((false.value + missed.value) / 2, low, high, fewer.errors, fewer.trials, fewer.people), index
