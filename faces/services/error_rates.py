"""Which error rate a tau stands for, in the comparison that it decides."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from faces.models import PairClassifier, Threshold

Compares = PairClassifier.Compares

MEASURED_AS: Mapping[PairClassifier.Compares, tuple[tuple[str, Threshold.ErrorRate], ...]] = {
    Compares.PERSON: (("fmr", Threshold.ErrorRate.FMR),),
    Compares.PHOTO: (("fmr_photo", Threshold.ErrorRate.FMR),),
    Compares.SEARCH: (("fpir", Threshold.ErrorRate.FPIR), ("fmr", Threshold.ErrorRate.FMR)),
}
"""What `Threshold.measured` calls the rates of each comparison, the one that says most first."""


@dataclass(frozen=True)
class ErrorRate:
    """An error rate that a tau stands for.

    Attributes:
        kind: FMR, or FPIR.
        value: 0 to 1.
        low, high: the 95 % interval; None where only a rate was asked for and none measured.
        gallery_size: the number of people that an FPIR holds for; None for an FMR.
        evidence: what it was measured on, in words; may be empty.
    """

    kind: Threshold.ErrorRate
    value: float
    low: float | None
    high: float | None
    gallery_size: int | None
    evidence: str


def error_rate_of(threshold: Threshold, compares: PairClassifier.Compares) -> ErrorRate | None:
    """Return the error rate of a tau in one kind of comparison; None where nobody measured it.

    What was measured at the tau comes before what it was asked for. A tau that was asked for by FMR says nothing of
    comparisons with a single photo: it was asked for those with a person.
    """
    for name, kind in MEASURED_AS[compares]:
        rate = threshold.measured.get(name)
        if rate is not None and rate.get("value") is not None:
            return _measured(threshold, kind, rate)
    kinds = {kind for _, kind in MEASURED_AS[compares]}
    if compares == Compares.PHOTO or threshold.error_rate is None or threshold.error_rate_kind not in kinds:
        return None
    kind = Threshold.ErrorRate(threshold.error_rate_kind)
    return ErrorRate(kind, threshold.error_rate, None, None, _size(threshold, kind), threshold.evidence)


def _measured(threshold: Threshold, kind: Threshold.ErrorRate, rate: Mapping[str, Any]) -> ErrorRate:
    return ErrorRate(kind, rate["value"], rate.get("low"), rate.get("high"), _size(threshold, kind), threshold.evidence)


def _size(threshold: Threshold, kind: Threshold.ErrorRate) -> int | None:
    if kind != Threshold.ErrorRate.FPIR:
        return None
    return threshold.gallery_size or threshold.measured.get("people")
