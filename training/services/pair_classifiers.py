"""The probabilities of a gallery: pair classifiers fitted, calibrated and measured on three disjoint parts of people.

What is served is a falling function of the distance, as the study of `benchmarks.pair_probability` found nothing in the
two embeddings that tells more than their distance does.
"""

from dataclasses import asdict, dataclass
from typing import TypeAlias

import numpy as np
from django.db import transaction

from faces.models import EncoderVersion, Gallery, PairClassifier
from faces.services.probability import PRIOR
from training.metrics.evidence import Evidence
from training.metrics.figures import ENOUGH_PEOPLE
from training.metrics.judged import Judged
from training.metrics.probability_fit import calibrated, curve_at, fitted
from training.metrics.reliability import reliability, true_at_false
from training.metrics.types import Distances, Labels, Mask

FORMAT = 1
"""Of the figures; raised when one changes its meaning."""

PARTS = ("fitted", "calibrated", "measured")
RULE_OF_THREE = 3
"""Of fewer than 3 / rate comparisons none may be false and the rate still be higher."""

NO_BETTER = "On people it was not made with it was no better than to claim the same of everything."

Compares: TypeAlias = PairClassifier.Compares
Parts: TypeAlias = tuple[Judged, Judged, Judged]

FALSE_RATES = {Compares.PERSON: 1e-3, Compares.PHOTO: 1e-3, Compares.SEARCH: 1e-2}
"""FMR, and of searches FPIR: a gallery has as many comparisons as pairs of people, but no more searches than faces."""

EVENTS = {
    Compares.PERSON: "The face is of the person with whose template it is compared.",
    Compares.PHOTO: "Both faces are of one person.",
    Compares.SEARCH: "The nearest person is the right one, where the probe's person is enrolled as often as not.",
}


@dataclass(frozen=True)
class _Made:
    """What becomes a row."""

    is_calibrated: bool
    parameters: dict[str, float]
    figures: dict[str, object]
    people: int
    note: str = ""


def fit_classifiers(
    *, gallery: Gallery, encoder_version: EncoderVersion, evidence: Evidence, seed: int = 0
) -> list[PairClassifier]:
    """Put the gallery's probabilities in force, one classifier each for the three things that are compared.

    People are split by chance, those who have mated comparisons and those who have not each in three parts of the same
    size: a curve is fitted to the first part, calibrated on the second, and measured on the third, which has no part in
    the curve. Comparisons of people of two parts are left out; searches belong to the probe's part.

    With fewer than `ENOUGH_PEOPLE` people with mated comparisons in any part there is no probability, and the row says
    so: by the rule of 30 a share seen among fewer is off by more than a third of itself. Nor is there one where it was
    no better than to claim the same of everything.

    The classifier of searches holds at the size that the gallery has now: among more people, the nearest one of a
    stranger is nearer, and an evaluation later says so.

    Args:
        gallery: whose evidence it is; the classifiers are for it alone.
        encoder_version: whose distances they are.
        evidence: of an evaluation. Nothing of it is stored but counts and rates.
        seed: of the split and the intervals.
    """
    made = {compares: _made(compares, evidence, seed) for compares in Compares}
    with transaction.atomic():
        return [
            PairClassifier.objects.create(
                gallery=gallery, encoder_version=encoder_version, compares=compares, **vars(values)
            )
            for compares, values in made.items()
        ]


def _made(compares: Compares, evidence: Evidence, seed: int) -> _Made:
    first, second, third = parts = _parts(compares, evidence, seed)
    counts = [_counts(name, part) for name, part in zip(PARTS, parts, strict=True)]
    figures: dict[str, object] = {
        "format": FORMAT,
        "event": EVENTS[compares],
        "prior": PRIOR,
        "gallery_size": evidence.searches.gallery_size,
        "seed": seed,
        "parts": counts,
    }
    people = sum(_people(part) for part in parts)
    fewest = min(part.people(mated=True) for part in parts)
    if fewest < ENOUGH_PEOPLE or not all(part.people(mated=False) for part in parts):
        return _Made(is_calibrated=False, parameters={}, figures=figures, people=people, note=_too_few(parts))
    curve = fitted(first.steps(), first.people(mated=True))
    curve = calibrated(curve, second.steps(), second.people(mated=True))
    claimed = curve_at(curve, third.distances)
    measured = reliability(claimed, third, seed=seed)
    figures |= {"reliability": asdict(measured), "at_false_rate": _at_false_rate(compares, third, claimed, seed)}
    if measured.brier.value >= measured.constant_brier:
        return _Made(is_calibrated=False, parameters={}, figures=figures, people=people, note=NO_BETTER)
    return _Made(is_calibrated=True, parameters=curve.as_json(), figures=figures, people=people)


def _parts(compares: Compares, evidence: Evidence, seed: int) -> Parts:
    """Return the comparisons within each of three parts of the people."""
    mated = {
        Compares.PERSON: evidence.person_mated.first,
        Compares.PHOTO: evidence.photo_mated.first,
        Compares.SEARCH: evidence.searches.person[evidence.searches.is_mated],
    }
    part_of = _split(len(evidence.people), np.unique(mated[compares]), np.random.default_rng(seed))
    first, second, third = (_judged(compares, evidence, part_of == number) for number in range(len(PARTS)))
    return first, second, third


def _judged(compares: Compares, evidence: Evidence, among: Mask) -> Judged:
    match compares:
        case Compares.PERSON:
            return Judged.of_comparisons(evidence.person_mated, evidence.person_non_mated, among)
        case Compares.PHOTO:
            return Judged.of_comparisons(evidence.photo_mated, evidence.photo_non_mated, among)
        case Compares.SEARCH:
            return Judged.of_searches(evidence.searches, among)


def _split(people: int, with_mated: Labels, rng: np.random.Generator) -> Labels:
    """Return of each of P people the part, 0 to 2; those with mated comparisons and the others divided alike."""
    part_of = np.zeros(people, dtype=np.int64)
    for kind in (with_mated, np.setdiff1d(np.arange(people), with_mated)):
        part_of[rng.permutation(kind)] = np.arange(len(kind)) % len(PARTS)
    return part_of


def _people(part: Judged) -> int:
    return len(np.union1d(part.first, part.second))


def _counts(name: str, part: Judged) -> dict[str, object]:
    return {
        "name": name,
        "people": _people(part),
        "people_mated": part.people(mated=True),
        "mated": int(part.is_mated.sum()),
        "non_mated": int((~part.is_mated).sum()),
    }


def _at_false_rate(compares: Compares, part: Judged, claimed: Distances, seed: int) -> dict[str, object] | None:
    """Return what the distance and the probability find where a false rate is held; None where nobody can say."""
    rate = FALSE_RATES[compares]
    if np.sum(~part.is_mated) < RULE_OF_THREE / rate:
        return None
    scores = {"distance": part.distances, "probability": -claimed}
    return {name: asdict(true_at_false(score, part, rate, seed=seed)) for name, score in scores.items()}


def _too_few(parts: Parts) -> str:
    people = sum(part.people(mated=True) for part in parts)
    each = ENOUGH_PEOPLE
    return (
        f"Only {people} people were compared with another photo of their own. A probability needs {len(PARTS) * each}: "
        f"{each} to fit it, {each} others to calibrate it, and {each} more to see whether it holds."
    )
