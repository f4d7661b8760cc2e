"""tau set on one half of the people by the platform's own metrics, and what it does to the other half."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Self

import numpy as np

from benchmarks.calibration_evidence import evidence_of
from benchmarks.calibration_faces import Crowd
from benchmarks.calibration_rates import Known, fmr, fnmr, fpir, random_galleries, tau_by_formula
from faces.services.encoders import FACTORY_TAUS
from training.metrics.figures import Figures, Rate, Series
from training.metrics.measuring import figures_of
from training.metrics.tau_grid import tau_for
from training.services.rates_at_size import fpir_at_size
from training.services.report_words import rate_at, rate_of

FACTORY = {str(factory.use): factory.tau for factory in FACTORY_TAUS}
FACTORY_FMR = {str(factory.use): factory.fmr for factory in FACTORY_TAUS}


@dataclass(frozen=True)
class Row:
    """One tau: what was asked for, and what was measured on people who had no part in it.

    Attributes:
        n: people in the gallery; 1 for verification.
        way: how tau was found: "report", "formula" or "factory".
        tau: squared distance.
        asked: FPIR, or FMR; of the factory tau what it stands for at this size by the formula.
        measured: the same on the other half, over many random galleries.
        low, high: 95 % interval of `measured`, from leaving people out of both halves: of the one that tau was set on,
            and of the one that it was measured on.
        other_low, other_high: the same with tau taken for given, from people of the other half alone.
        predicted_low, predicted_high: what the report on the first half says of its tau.
        missed: FNIR, or FNMR, of the other half.
        people: how many of the other half were taken for somebody.
        holds: whether `asked` lies from `low` to `high`.
    """

    domain: str
    use: str
    n: int
    way: str
    tau: float
    asked: float
    measured: float
    low: float
    high: float
    other_low: float
    other_high: float
    predicted_low: float | None
    predicted_high: float | None
    missed: float
    people: int
    holds: bool

    @property
    def is_predicted(self) -> bool:
        """Whether the rate that was measured lies within what the report said."""
        if self.predicted_low is None or self.predicted_high is None:
            return False
        return self.predicted_low <= self.measured <= self.predicted_high

    def as_json(self) -> dict[str, object]:
        """With the names that the rate has in its use."""
        row = asdict(self)
        names = ("fpir", "fnir") if self.use == "recognition" else ("fmr", "fnmr")
        asked, measured, missed = (row.pop(name) for name in ("asked", "measured", "missed"))
        return row | {f"{names[0]}_asked": asked, f"{names[0]}_measured": measured, names[1]: missed}


@dataclass(frozen=True)
class Halves:
    """People split in two: the admin's gallery, on which tau is set, and the others, on whom it is measured."""

    domain: str
    first: Crowd
    second: Crowd
    galleries: int
    seed: int

    @classmethod
    def of(cls, domain: str, crowd: Crowd, *, seed: int, galleries: int) -> Self:
        """Split at random."""
        chosen = np.zeros(crowd.people, dtype=np.bool_)
        chosen[np.random.default_rng(seed).permutation(crowd.people)[: crowd.people // 2]] = True
        return cls(domain, crowd.among(chosen), crowd.among(~chosen), galleries, seed)

    def rows(self, sizes: Sequence[int], *, asked: float, asked_fmr: float) -> Iterator[Row]:
        """Yield the rows of the report's own taus: recognition at each size, and verification."""
        report = Report.on(self.first)
        for size in sizes:
            tau, rate = report.tau_for_fpir(asked, size)
            yield self._recognition("report", size, tau, asked, rate)
        tau, rate = report.tau_for_fmr(asked_fmr)
        yield self._verification("report", tau, asked_fmr, rate)

    def rivals(self, sizes: Sequence[int], *, asked: float) -> Iterator[Row]:
        """Yield what becomes of other taus: the formula's, which takes strangers for alike, and the factory's."""
        tau, each = FACTORY["recognition"], FACTORY_FMR["recognition"]
        for size in sizes:
            yield self._recognition("formula", size, tau_by_formula(asked, self.first, size), asked)
            yield self._recognition("factory", size, tau, 1 - (1 - each) ** size)
        yield self._verification("factory", FACTORY["verification"], FACTORY_FMR["verification"])

    def _recognition(self, way: str, size: int, tau: float, asked: float, rate: Rate | None = None) -> Row:
        searched = random_galleries(self.second, tau, size, galleries=self.galleries, seed=self.seed)
        here, there = fpir(self.first, tau, size), fpir(self.second, tau, size)
        return self._row("recognition", way, size, tau, asked, (here, there), (searched.fpir, searched.fnir), rate)

    def _verification(self, way: str, tau: float, asked: float, rate: Rate | None = None) -> Row:
        here, there = fmr(self.first, tau), fmr(self.second, tau)
        measured = (there.value, fnmr(self.second, tau).value)
        return self._row("verification", way, 1, tau, asked, (here, there), measured, rate)

    def _row(
        self,
        use: str,
        way: str,
        size: int,
        tau: float,
        asked: float,
        known: tuple[Known, Known],
        measured: tuple[float, float],
        rate: Rate | None,
    ) -> Row:
        here, there = known
        # The factory's tau was set on neither half.
        low, high = there.interval(and_also=0.0 if way == "factory" else here.spread)
        other_low, other_high = there.interval()
        return Row(
            domain=self.domain,
            use=use,
            n=size,
            way=way,
            tau=tau,
            asked=asked,
            measured=measured[0],
            low=low,
            high=high,
            other_low=other_low,
            other_high=other_high,
            predicted_low=rate.low if rate else None,
            predicted_high=rate.high if rate else None,
            missed=measured[1],
            people=there.people,
            holds=low <= asked <= high,
        )


@dataclass(frozen=True)
class Report:
    """What an evaluation of a gallery says, as far as it is asked here."""

    figures: Figures

    @classmethod
    def on(cls, crowd: Crowd) -> Self:
        """Evaluate."""
        return cls(figures_of(evidence_of(crowd.album), tau=FACTORY, fields={}))

    def tau_for_fpir(self, asked: float, size: int) -> tuple[float, Rate]:
        """Return the loosest tau that holds an FPIR among so many people, and what the report says of it.

        Raises:
            ValueError: none holds it.
        """
        return self._loosest(fpir_at_size(self.figures, size), asked)

    def tau_for_fmr(self, asked: float) -> tuple[float, Rate]:
        """Return the loosest tau that holds an FMR in verification against people, and what the report says of it.

        Raises:
            ValueError: none holds it.
        """
        return self._loosest(self.figures.person.fmr, asked)

    def fpir_at(self, tau: float, size: int) -> Rate:
        """Return what the report says of the FPIR of a tau among so many people."""
        return rate_at(fpir_at_size(self.figures, size), self.figures.taus, tau)

    def fmr_at(self, tau: float) -> Rate:
        """Return what the report says of the FMR of a tau in verification against people."""
        return rate_at(self.figures.person.fmr, self.figures.taus, tau)

    def _loosest(self, series: Series, asked: float) -> tuple[float, Rate]:
        tau = tau_for(series, self.figures.taus, asked)
        if tau is None:
            raise ValueError(f"No tau has a rate of {asked:g} at most.")
        return tau, rate_of(series, self.figures.taus.index(tau))
