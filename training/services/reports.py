"""Evaluation reports of galleries and of people who were held out, as they are looked for and read."""

from dataclasses import dataclass
from typing import Any

from django.db.models import F, QuerySet
from django.db.models.functions import JSONObject

from faces.exceptions import ConflictError, NotFoundError
from faces.models import Gallery
from training.metrics.figures import AtRate, Figures, Rate
from training.models import EvaluationReport

STRANGERS = 0.01
"""The FPIR that a line about a report is for."""

IMPOSTORS = 0.001
"""The FMR that a line about a report is for."""


SHOWN = (EvaluationReport.Kind.GALLERY.value, EvaluationReport.Kind.HELD_OUT.value)
"""Kinds of reports that can be read one by one."""


@dataclass(frozen=True, slots=True)
class Line:
    """A report in a line: what is missed where false rates are held that most galleries are asked for."""

    report: EvaluationReport
    size: int
    recognition: AtRate | None
    verification: AtRate | None


def gallery_reports(*, gallery: Gallery | None = None) -> QuerySet[EvaluationReport]:
    """Return the reports of galleries, newest first, without their figures."""
    reports = shown_reports().filter(kind=EvaluationReport.Kind.GALLERY)
    return reports if gallery is None else reports.filter(gallery=gallery)


def shown_reports() -> QuerySet[EvaluationReport]:
    """Return all reports that can be read one by one, newest first, without their figures.

    Those of galleries, and those of training runs on the people who were held out.
    """
    reports = EvaluationReport.objects.filter(kind__in=SHOWN, gallery__isnull=False)
    return reports.select_related("gallery", "encoder_version", "job", "training_run", "compared_with").defer("figures")


def with_lines(reports: QuerySet[EvaluationReport]) -> QuerySet[EvaluationReport]:
    """Have the database cut out of each report's figures what `line_of` needs; they are large."""
    part = JSONObject(
        size=F("figures__recognition__size"),
        at_fpir=F("figures__recognition__at_fpir"),
        at_fmr=F("figures__person__at_fmr"),
    )
    return reports.annotate(line=part)


def line_of(report: EvaluationReport) -> Line:
    """Return a report of `with_lines` in a line."""
    part: dict[str, Any] = getattr(report, "line")  # noqa: B009 - the database adds it
    return Line(
        report=report,
        size=part["size"] or 0,
        recognition=_at(part["at_fpir"], STRANGERS),
        verification=_at(part["at_fmr"], IMPOSTORS),
    )


def _at(rows: list[dict[str, Any]] | None, asked: float) -> AtRate | None:
    row = next((row for row in rows or [] if abs(row["asked"] - asked) < asked / 10), None)
    if row is None:
        return None
    false, missed = (Rate(**row[name]) if row[name] else None for name in ("false", "missed"))
    return AtRate(asked=row["asked"], tau=row["tau"], false=false, missed=missed)


def find_report(report_id: int) -> EvaluationReport:
    """Return a report of a gallery or a training run with everything that is shown of it.

    Raises:
        NotFoundError: there is none.
    """
    report = shown_reports().defer(None).filter(pk=report_id).first()
    if report is None:
        raise NotFoundError(f"There is no evaluation {report_id}.", evaluation=report_id)
    return report


def newest_report(gallery: Gallery) -> EvaluationReport:
    """Return the newest report of a gallery.

    Raises:
        NotFoundError: it was never measured.
    """
    report = gallery_reports(gallery=gallery).defer(None).first()
    if report is None:
        raise NotFoundError(
            f"Gallery “{gallery.slug}” was never measured. Run `manage.py evaluate --gallery {gallery.slug}` first.",
            gallery=gallery.slug,
        )
    return report


def read_figures(report: EvaluationReport) -> Figures:
    """Return a report's figures.

    Raises:
        ConflictError: another version of Facet made them.
    """
    try:
        return Figures.from_json(report.figures)
    except ValueError as error:
        raise ConflictError(f"{error} Measure the gallery again.", evaluation=report.pk) from error


def is_newest(report: EvaluationReport) -> bool:
    """Return whether a gallery was not measured since; a report of a training run is always the newest of its run."""
    if report.kind != EvaluationReport.Kind.GALLERY:
        return True
    later = EvaluationReport.objects.filter(kind=report.kind, gallery=report.gallery_id, pk__gt=report.pk)
    return not later.exists()


def heading_of(report: EvaluationReport) -> str:
    """Return what a report is called."""
    if report.training_run_id is not None:
        return f"People who were held out from training run {report.training_run_id}"
    return f"Error rates of “{report.gallery}”"
