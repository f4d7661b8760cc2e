"""The probabilities that were made with an evaluation report, as pages and files show them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q

from faces.models import PairClassifier
from training.models import EvaluationReport
from training.services.charts import Axis, Chart, Kind, Line, rounded
from training.services.report_words import one_in, percent

READS = 1
"""The format of a classifier's figures that is understood here."""

NAMES = {"person": "FMR", "photo": "FMR", "search": "FPIR"}


@dataclass(frozen=True, slots=True)
class Score:
    """One number that says how good a probability is, with its interval in words."""

    name: str
    value: str
    interval: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Probability:
    """One pair classifier.

    Attributes:
        people: how many people it was made from and measured on, in words.
        event: of what it is the probability.
        beats: whether it tells more than the distance alone, in a sentence; empty where that is not known.
        chart: the reliability curve; None where nothing was measured.
    """

    classifier: PairClassifier
    people: str
    event: str
    scores: list[Score]
    beats: str
    chart: Chart | None


def classifiers_of(report: EvaluationReport) -> list[PairClassifier]:
    """Return the classifiers that were made with a report: the first since, and before the next report.

    None are made with a report of people who were held out from training.
    """
    if report.kind != EvaluationReport.Kind.GALLERY:
        return []
    same = Q(gallery=report.gallery_id, encoder_version=report.encoder_version_id)
    reports = EvaluationReport.objects.filter(same, kind=report.kind, pk__gt=report.pk)
    later = reports.order_by("pk").values("created_at")[:1]
    since = PairClassifier.objects.filter(same, created_at__gte=report.created_at)
    made = since.alias(next_report=later).filter(Q(next_report=None) | Q(created_at__lt=F("next_report")))
    return list(made.order_by("compares", "pk").distinct("compares"))


def probabilities(classifiers: list[PairClassifier]) -> list[Probability]:
    """Return classifiers in words, in the order of `PairClassifier.Compares`."""
    order = list(PairClassifier.Compares.values)
    return [_probability(row) for row in sorted(classifiers, key=lambda row: order.index(row.compares))]


def _probability(classifier: PairClassifier) -> Probability:
    figures: Mapping[str, Any] = classifier.figures if classifier.figures.get("format") == READS else {}
    measured: Mapping[str, Any] | None = figures.get("reliability")
    parts = [f"{part['people']:,} {part['name']}" for part in figures.get("parts", [])]
    return Probability(
        classifier=classifier,
        people=", ".join(parts),
        event=figures.get("event", ""),
        scores=_scores(measured) if measured else [],
        beats=_beats(NAMES[classifier.compares], figures.get("at_false_rate")),
        chart=_chart(classifier, measured) if measured else None,
    )


def _scores(measured: Mapping[str, Any]) -> list[Score]:
    constant = f"{measured['constant_brier']:.4f}"
    meanings = {
        "brier": ("Brier score", f"the mean squared error; 0 is best, claiming the same of everything has {constant}"),
        "log_loss": ("Log loss", "what being sure and wrong costs; 0 is best"),
        "calibration_error": ("Calibration error", "how far what is claimed lies from what is seen, on average"),
    }
    return [
        Score(
            name=name,
            value=f"{measured[key]['value']:.4f}",
            interval=f"{measured[key]['low']:.4f} to {measured[key]['high']:.4f}",
            meaning=meaning,
        )
        for key, (name, meaning) in meanings.items()
    ]


def _beats(name: str, at_false: Mapping[str, Any] | None) -> str:
    if at_false is None:
        return ""
    distance, claimed = at_false["distance"]["true"], at_false["probability"]["true"]
    said = (
        f"Where {name} is held at {one_in(at_false['distance']['rate'])}, the probability finds "
        f"{percent(claimed['value'])} ({percent(claimed['low'])} to {percent(claimed['high'])}) of the right answers, "
        f"the distance alone {percent(distance['value'])} ({percent(distance['low'])} to {percent(distance['high'])})."
    )
    if claimed["low"] > distance["value"]:
        return f"{said} It beats the distance alone."
    if claimed["high"] < distance["value"]:
        return f"{said} It is worse than the distance alone."
    return f"{said} It does not beat the distance alone: it says what a distance means, and tells no more than it."


def _chart(classifier: PairClassifier, measured: Mapping[str, Any]) -> Chart:
    bins = [each for each in measured["bins"] if each["claimed"] is not None and each["seen"] is not None]
    line = Line(
        name="What was right",
        short="Right",
        color=2,
        x=rounded(each["claimed"] for each in bins),
        y=rounded(each["seen"] for each in bins),
        notes=[f"{percent(each['share'])} of the answers" for each in bins],
    )
    return Chart(
        key=f"probability-{classifier.compares}",
        title="Reliability curve",
        text="Of the answers of which a probability was claimed, so many were right, among people it was not made "
        "with. A probability that means what it says lies on the dashed line; where few answers lie, chance does much.",
        x=Axis("Claimed", Kind.RATE, 0, 1),
        y=Axis("Right", Kind.RATE, 0, 1),
        lines=[line, Line("Claimed and right are the same", "Perfect", 6, [0, 1], [0, 1], is_dashed=True)],
    )
