"""What came of training runs, for pages and programs."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet

from training.metrics.paired import Outcome, Paired
from training.models import EvaluationReport, TrainingRun
from training.services.held_out_outcome import Judgement, judgement_of, outcome_words, paired_words


@dataclass(frozen=True)
class RunOutcome:
    """A run's candidate beside its parent, on the people who were held out.

    Attributes:
        report: the candidate's, without its figures where it is one of many.
        judgement: how the two compare.
    """

    report: EvaluationReport
    judgement: Judgement

    @property
    def verdict(self) -> str:
        """In a sentence."""
        return outcome_words(self.judgement)

    @property
    def is_better(self) -> bool:
        """Whether the candidate is clearly better."""
        return self.judgement.outcome is Outcome.BETTER

    @property
    def is_worse(self) -> bool:
        """Whether it is clearly worse."""
        return self.judgement.outcome is Outcome.WORSE

    @property
    def main(self) -> Paired:
        """What the run was for: photos made as poor as it trained for, or photos as they are."""
        return self.judgement.probes or self.judgement.plain

    @property
    def comparisons(self) -> list[tuple[str, Paired, str]]:
        """Each comparison: of what, its figures, and in words."""
        plain = self.judgement.plain
        if self.judgement.probes is None:
            return [("Photos as they are", plain, paired_words(plain))]
        probes = self.judgement.probes
        return [
            ("Poor copies among good photos", probes, paired_words(probes)),
            ("Photos as they are", plain, paired_words(plain)),
        ]


def outcomes_of(runs: Iterable[TrainingRun]) -> dict[int, RunOutcome]:
    """Return what came of those runs that were judged, by id. One query, and no figures."""
    reports = _judged().filter(training_run__in=[run.pk for run in runs]).defer("figures")
    found = {}
    for report in reports:
        judgement = judgement_of(report)
        if judgement is not None and report.training_run_id is not None:
            found[report.training_run_id] = RunOutcome(report, judgement)
    return found


def outcome_of(run: TrainingRun) -> RunOutcome | None:
    """Return what came of a run; None where it was not judged."""
    report = _judged().filter(training_run=run).first()
    judgement = judgement_of(report) if report is not None else None
    return RunOutcome(report, judgement) if report is not None and judgement is not None else None


def reports_of_runs() -> QuerySet[EvaluationReport]:
    """Return the reports on held-out people without their figures, as runs' `evaluation_reports` are prefetched."""
    return EvaluationReport.objects.filter(kind=EvaluationReport.Kind.HELD_OUT).defer("figures")


def judged_report(run: TrainingRun) -> EvaluationReport | None:
    """Return the candidate's report of a run whose reports were prefetched."""
    return next((each for each in run.evaluation_reports.all() if each.compared_with_id is not None), None)


def parent_report(run: TrainingRun) -> EvaluationReport | None:
    """Return the parent's report of a run whose reports were prefetched."""
    return next((each for each in run.evaluation_reports.all() if each.compared_with_id is None), None)


def parent_report_of(run: TrainingRun) -> EvaluationReport | None:
    """Return the parent's report on the same people."""
    return reports_of_runs().filter(training_run=run, compared_with__isnull=True).first()


def _judged() -> QuerySet[EvaluationReport]:
    reports = EvaluationReport.objects.filter(kind=EvaluationReport.Kind.HELD_OUT, compared_with__isnull=False)
    return reports.select_related("encoder_version", "compared_with")
