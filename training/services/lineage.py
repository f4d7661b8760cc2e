"""Where an encoder version comes from: from which versions, by which training runs, and how good each was found."""

from collections.abc import Iterator
from dataclasses import dataclass

from faces.models import EncoderVersion
from training.models import EvaluationReport, TrainingRun
from training.services.held_out_beside import BADGES, NAMES
from training.services.held_out_outcome import Judgement, judgement_of, judgement_sentences, outcome_words
from training.services.reports import Line, gallery_reports, line_of, with_lines

MOST = 50
"""Ancestors that are followed."""


@dataclass(frozen=True, slots=True)
class Ancestor:
    """One version of the line.

    Attributes:
        run: what made it; None for one that came from elsewhere.
        report: on the people who were held out from that run; None without one.
        judgement: how it compares with its parent, by that report.
    """

    version: EncoderVersion
    run: TrainingRun | None
    report: EvaluationReport | None
    judgement: Judgement | None

    @property
    def verdict(self) -> str:
        """In a sentence; empty without a judgement."""
        return outcome_words(self.judgement) if self.judgement is not None else ""

    @property
    def words(self) -> list[str]:
        """What was compared, in words and numbers."""
        return list(judgement_sentences(self.judgement)) if self.judgement is not None else []

    @property
    def badge(self) -> tuple[str, str]:
        """Kind and words of a badge; empty without a judgement."""
        if self.judgement is None:
            return "", ""
        return BADGES[self.judgement.outcome], NAMES[self.judgement.outcome]


def lineage_of(version: EncoderVersion) -> Iterator[Ancestor]:
    """Yield a version and what it was made from, one after the other, back to one that was not trained here."""
    each: EncoderVersion | None = version
    for _ in range(MOST):
        if each is None:
            return
        run = TrainingRun.objects.filter(candidate=each).select_related("gallery", "parent").first()
        report = _report_of(each, run) if run is not None else None
        yield Ancestor(each, run, report, judgement_of(report) if report is not None else None)
        each = each.parent


def newest_of_galleries(version: EncoderVersion) -> list[Line]:
    """Return the newest report of each gallery that was measured with a version, in a line each."""
    reports = with_lines(gallery_reports().filter(encoder_version=version))
    return [line_of(report) for report in reports.order_by("gallery_id", "-id").distinct("gallery_id")]


def _report_of(version: EncoderVersion, run: TrainingRun) -> EvaluationReport | None:
    reports = EvaluationReport.objects.filter(training_run=run, encoder_version=version, compared_with__isnull=False)
    return reports.defer("figures").first()
