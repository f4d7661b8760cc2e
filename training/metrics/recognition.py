"""The figures of recognition: FPIR and FNIR over tau, ranks, and other gallery sizes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.metrics.events import false_positives, share_reached
from training.metrics.evidence import Searches
from training.metrics.figures import AtSize, Recognition
from training.metrics.missed import Missed, fnir_among, missed_among, missed_when_grown, ranks_among
from training.metrics.projection import projected
from training.metrics.rates import Rates, people_within, rates, shortened
from training.metrics.resampling import Draws, count, resampled_sums
from training.metrics.types import Distances, Labels, Progress, ignore
from training.metrics.verification import at_rates, histogram_of

FALSE_POSITIVE_RATES = (0.1, 0.03, 0.01, 0.003, 0.001)
SMALLER = (100, 500, 1_000, 5_000, 10_000, 50_000, 100_000)
LARGER = (2, 10, 100)

WELL_BELOW = 0.9
"""A size so near to that of the gallery would only say the same again."""

LEAST_DECIDED = 0.9
"""A smaller gallery is only told of where the nearest others that are known decide a search this far: f(K)."""


@dataclass(frozen=True, eq=False)
class RecognitionRates:
    """FPIR and FNIR over tau of one gallery."""

    fpir: Rates
    fnir: Rates


def recognition_rates(
    searches: Searches, taus: Distances, draws: Draws, progress: Progress = ignore
) -> RecognitionRates:
    """Return FPIR(N - 1, tau) and FNIR(N, R=1, tau) by leaving out the probe's person and photo (ISO/IEC 19795-1)."""
    return RecognitionRates(
        fpir=fpir_among(searches, searches.gallery_size, taus, draws, progress),
        fnir=fnir_among(searches, searches.gallery_size, taus, draws),
    )


def fpir_among(searches: Searches, gallery: int, taus: Distances, draws: Draws, progress: Progress = ignore) -> Rates:
    """Return FPIR over tau with a gallery of so many people."""
    nearest = searches.others[:, 0] if searches.others.shape[1] else np.full(len(searches.person), np.inf)
    others = searches.gallery_size - 1
    return rates(
        count(false_positives(searches, gallery), taus, draws, progress),
        float(len(searches.person)) if others > 0 else 0.0,
        _resampled(searches.person, draws),
        people_within(searches.person, nearest, taus),
        len(np.unique(searches.person)),
        of_pairs=True,
    )


def recognition(
    searches: Searches,
    measured: RecognitionRates,
    fmr: Rates,
    taus: Distances,
    draws: Draws,
    progress: Progress = ignore,
) -> Recognition:
    """Return what a report says of recognition; `fmr` is that of the comparison with people's templates."""
    mated = searches.own[searches.is_mated]
    nearest = searches.others[:, 0] if searches.others.shape[1] else np.empty(0)
    nearest = nearest[np.isfinite(nearest)]
    ranks = ranks_among(searches, searches.gallery_size, draws)
    return Recognition(
        size=searches.gallery_size,
        mated=float(len(mated)),
        non_mated=measured.fpir.trials,
        fpir=measured.fpir.series(),
        fnir=measured.fnir.series(),
        histogram=histogram_of(mated, nearest, np.ones(len(nearest))),
        ranks=ranks.series(),
        at_fpir=at_rates(measured.fpir, measured.fnir, taus, FALSE_POSITIVE_RATES),
        sizes=_sizes(searches, measured.fpir, Missed(measured.fnir, ranks), fmr, taus, draws, progress),
    )


def smaller_sizes(searches: Searches) -> Sequence[int]:
    """Return the sizes well below that of the gallery that its searches say something about."""
    others, known = searches.gallery_size - 1, searches.others.shape[1]
    return [
        size
        for size in SMALLER
        if size < WELL_BELOW * others and share_reached(known, others, size)[-1] >= LEAST_DECIDED
    ]


def _sizes(
    searches: Searches,
    fpir: Rates,
    missed: Missed,
    fmr: Rates,
    taus: Distances,
    draws: Draws,
    progress: Progress,
) -> list[AtSize]:
    if not fpir.trials:
        return []
    size, smaller = searches.gallery_size, smaller_sizes(searches)
    half, whole = (_of_probes(searches, n, taus, draws, progress) for n in ((size - 1) / 2, size - 1))
    found = {
        n: (fpir_among(searches, n, taus, draws, progress), missed_among(searches, n, taus, draws)) for n in smaller
    }
    found[size] = fpir, missed
    for times in LARGER:
        grown = missed_when_grown(searches, missed, taus, draws, times)
        found[times * size] = projected(fpir, half, whole, times), grown
    return [_at_size(n, *rates_of, fmr, is_projected=n > size) for n, rates_of in found.items()]


def _at_size(size: int, fpir: Rates, missed: Missed, fmr: Rates, *, is_projected: bool) -> AtSize:
    alike = -np.expm1(size * np.log1p(-np.minimum(fmr.value, 1.0 - 1e-12)))
    return AtSize(
        size=size,
        is_projected=is_projected,
        fpir=fpir.series(),
        fnir=missed.fnir.series(),
        ranks=missed.ranks.series(),
        upper=shortened(np.maximum(fpir.value, alike)),
    )


def _of_probes(searches: Searches, gallery: float, taus: Distances, draws: Draws, progress: Progress) -> Distances:
    """Return FPIR with probes alone resampled, as it is and in each resample: (1 + B, T)."""
    found = count(false_positives(searches, gallery).of_first(), taus, draws, progress)
    probes = _resampled(searches.person, draws)
    return np.vstack([found.value / len(searches.person), found.resampled / np.maximum(probes, 1.0)[:, None]])


def _resampled(person: Labels, draws: Draws) -> Distances:
    """Return how many probes there are in each resample: (B,)."""
    return resampled_sums(np.bincount(person, minlength=draws.shape[1]).astype(np.float64), draws)
