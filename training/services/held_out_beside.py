"""What a report of held-out people says beside its figures: how candidate and parent compare, in rows and charts."""

from collections.abc import Iterator
from dataclasses import dataclass

from faces.models import Gallery
from training.metrics.figures import Figures, Verification
from training.metrics.paired import Change, Outcome, Paired
from training.models import EvaluationReport, TrainingRun
from training.services.charts import Chart
from training.services.held_out_outcome import (
    Judgement,
    change_words,
    judgement_of,
    judgement_sentences,
    outcome_words,
    rates_words,
)
from training.services.report_charts import FALSE, MISSED, against, log_axis
from training.services.report_words import one_in
from training.services.reports import read_figures, shown_reports

BADGES = {Outcome.BETTER: "good", Outcome.NO_CLEAR_DIFFERENCE: "warn", Outcome.WORSE: "bad"}
NAMES = {
    Outcome.BETTER: "better",
    Outcome.NO_CLEAR_DIFFERENCE: "no clear difference",
    Outcome.WORSE: "worse",
}


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One rate of both versions; `words` is the difference with its interval."""

    name: str
    change: Change
    words: str


@dataclass(frozen=True, slots=True)
class Beside:
    """Parent and candidate of a training run on the people who were held out.

    Attributes:
        run: the training run.
        parent, candidate: the reports; None where one was deleted.
        judgement: how they compare; None where they do not.
        verdict: it in a sentence, `badge` the kind of its badge and `name` the words in it.
        sentences: what was compared, in words and numbers.
        rows: the same as a table.
        charts: of both in one.
    """

    run: TrainingRun
    parent: EvaluationReport | None
    candidate: EvaluationReport | None
    judgement: Judgement | None
    verdict: str
    badge: str
    name: str
    sentences: list[str]
    rows: list[ChangeRow]
    charts: list[Chart]


@dataclass(frozen=True, slots=True)
class JudgedLine:
    """A candidate's report in a line: verdict and the difference that it is for."""

    report: EvaluationReport
    badge: str
    name: str
    words: str


def judged_lines(*, gallery: Gallery | None = None, limit: int) -> list[JudgedLine]:
    """Return the newest candidates' reports, without their figures."""
    reports = shown_reports().filter(kind=EvaluationReport.Kind.HELD_OUT, compared_with__isnull=False)
    if gallery is not None:
        reports = reports.filter(gallery=gallery)
    lines = []
    for report in reports[:limit]:
        judgement = judgement_of(report)
        if judgement is not None:
            compared = judgement.probes or judgement.plain
            words = f"TAR at FMR {one_in(compared.fmr)}: {rates_words(compared.tar)}, {change_words(compared.tar)}"
            lines.append(JudgedLine(report, BADGES[judgement.outcome], NAMES[judgement.outcome], words))
    return lines


def beside(report: EvaluationReport) -> Beside | None:
    """Return how a report of held-out people compares with that of the other version; None for another report.

    Raises:
        ConflictError: another version of Facet made the figures.
    """
    run = report.training_run
    if report.kind != EvaluationReport.Kind.HELD_OUT or run is None:
        return None
    both = EvaluationReport.objects.filter(training_run=run, kind=report.kind).select_related("encoder_version")
    parent = both.filter(compared_with=None).first()
    candidate = both.exclude(compared_with=None).first()
    judgement = judgement_of(candidate) if candidate is not None else None
    outcome = judgement.outcome if judgement is not None else None
    return Beside(
        run=run,
        parent=parent,
        candidate=candidate,
        judgement=judgement,
        verdict=outcome_words(judgement) if judgement is not None else "",
        badge=BADGES[outcome] if outcome is not None else "",
        name=NAMES[outcome] if outcome is not None else "",
        sentences=list(judgement_sentences(judgement)) if judgement is not None else [],
        rows=list(_rows(judgement)) if judgement is not None else [],
        charts=_charts(parent, candidate) if parent is not None and candidate is not None else [],
    )


def _rows(judgement: Judgement) -> Iterator[ChangeRow]:
    kinds: list[tuple[str, Paired]] = [("photos as they are", judgement.plain)]
    if judgement.probes is not None:
        kinds.append(("poor copies among photos as they are", judgement.probes))
    for name, compared in kinds:
        rate = f"TAR at FMR {one_in(compared.fmr)}: {name}"
        yield ChangeRow(rate, compared.tar, change_words(compared.tar))
        yield ChangeRow(f"EER: {name}", compared.eer, change_words(compared.eer))


def _charts(parent: EvaluationReport, candidate: EvaluationReport) -> list[Chart]:
    before, after = read_figures(parent), read_figures(candidate)
    return [
        _det(before, after, before.photo, after.photo, key="photo", whom="a single photo"),
        _det(before, after, before.person, after.person, key="person", whom="a person"),
    ]


def _det(before: Figures, after: Figures, old: Verification, new: Verification, *, key: str, whom: str) -> Chart:
    return Chart(
        key=f"beside-{key}",
        title=f"Both versions, compared with {whom} (DET)",
        text="The same people and photos. Each point is one tau: further left fewer different people are accepted, "
        "further down fewer right ones are refused. The lower curve is the better one.",
        x=log_axis("FMR: different people accepted", [old.fmr, new.fmr]),
        y=log_axis("FNMR: the same person refused", [old.fnmr, new.fnmr]),
        lines=[
            against(before.taus, old.fmr, old.fnmr, name="The parent", short="FNMR", color=FALSE),
            against(after.taus, new.fmr, new.fnmr, name="The candidate", short="FNMR", color=MISSED),
        ],
    )
