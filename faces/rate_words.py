"""Error rates in words that need no statistics."""

from faces.models import PairClassifier, Threshold
from faces.services.error_rates import ErrorRate

COMPARISONS = {
    PairClassifier.Compares.PERSON: "a face with the photos of another person",
    PairClassifier.Compares.PHOTO: "the faces of two different people",
    PairClassifier.Compares.SEARCH: "a face with the photos of another person",
}


def rate_words(rate: ErrorRate | None, compares: PairClassifier.Compares) -> str:
    """Return what a tau lets through in one kind of comparison, as a sentence."""
    if rate is None:
        return f"How often tau lets a comparison of {COMPARISONS[compares]} pass as a match was not measured."
    if rate.kind == Threshold.ErrorRate.FPIR:
        people = f"{rate.gallery_size:,}" if rate.gallery_size else "an unknown number of"
        said = f"{one_in(rate.value)} strangers is taken for somebody, in a gallery of {people} people"
    else:
        said = f"{one_in(rate.value)} comparisons of {COMPARISONS[compares]} passes as a match"
    if rate.low is None or rate.high is None:
        return f"{said}; that is what tau was asked for."
    on = f" Measured on: {rate.evidence}." if rate.evidence else ""
    return f"{said}, as measured; between {_between(rate.high)} and {_between(rate.low)} at 95 %.{on}"


def one_in(rate: float) -> str:
    """Return a rate as "1 in 1,000"."""
    return "None of the measured" if rate == 0 else f"1 in {round(1 / rate):,}"


def _between(rate: float) -> str:
    return "none" if rate == 0 else f"1 in {round(1 / rate):,}"
