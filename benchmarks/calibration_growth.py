"""From a small gallery to a large one: what its report says of the FPIR there, beside what is counted there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.calibration_faces import Crowd
from benchmarks.calibration_halves import FACTORY, FACTORY_FMR, Report
from benchmarks.calibration_rates import fmr, fpir


@dataclass(frozen=True)
class Projected:
    """One small gallery's word on the factory's tau of recognition in a large one.

    Attributes:
        size: people in the small gallery.
        n: people in the large one.
        projected, low, high: FPIR among n with its 95 % interval, as the report has it.
        by_formula: 1 - (1 - FMR)^n, with the small gallery's FMR.
        counted: FPIR among n of everybody there is.
    """

    size: int
    n: int
    projected: float
    low: float
    high: float
    by_formula: float
    counted: float

    @property
    def holds(self) -> bool:
        """Whether what was counted lies within what was projected."""
        return self.low <= self.counted <= self.high


def projections(crowd: Crowd, sizes: Sequence[int], *, draws: int) -> Iterator[Projected]:
    """Draw small galleries of each of the sizes, and ask their reports for nearly everybody."""
    tau = FACTORY["recognition"]
    n = crowd.people - 2  # the stranger, and whom the jackknife leaves out
    counted = fpir(crowd, tau, n).value
    for size in sizes:
        for seed in range(draws):
            chosen = np.zeros(crowd.people, dtype=np.bool_)
            chosen[np.random.default_rng(seed).permutation(crowd.people)[:size]] = True
            report = Report.on(crowd.among(chosen))
            rate = report.fpir_at(tau, n)
            yield Projected(
                size=size,
                n=n,
                projected=rate.value or 0.0,
                low=rate.low or 0.0,
                high=1.0 if rate.high is None else rate.high,
                by_formula=1 - (1 - (report.fmr_at(tau).value or 0.0)) ** n,
                counted=counted,
            )


@dataclass(frozen=True)
class Grown:
    """The factory's tau of recognition among n people: FPIR counted, and by the formula with the FMR counted."""

    n: int
    tau: float
    fmr: float
    stands_for: float
    counted: float
    formula: float


def grown(crowd: Crowd, sizes: Sequence[int]) -> Iterator[Grown]:
    """Keep tau, and let the gallery grow."""
    tau = FACTORY["recognition"]
    each = fmr(crowd, tau).value
    for n in sizes:
        if n <= crowd.people - 2:
            stands_for = 1 - (1 - FACTORY_FMR["recognition"]) ** n
            yield Grown(n, tau, each, stands_for, fpir(crowd, tau, n).value, 1 - (1 - each) ** n)
