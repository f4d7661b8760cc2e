"""Evaluations: how often a gallery's answers are wrong, measured on its own photos."""

import re
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from faces.models import Gallery, Job
from faces.querysets import JobQuerySet
from faces.tasks import send_jobs
from faces.views.page import page, render_page, signed_in
from faces.views.paging import listing
from training.models import EvaluationReport
from training.services.confused_people import ConfusedPeople, confused_people
from training.services.definitions import DEFINITIONS
from training.services.held_out_beside import beside, judged_lines
from training.services.measured import Measured
from training.services.report_exports import export_report, form_of
from training.services.report_sections import Sections, sections_of
from training.services.reports import Line, find_report, gallery_reports, heading_of, is_newest, line_of, with_lines
from training.services.requesting import request_evaluation

PER_PAGE = 20
JUDGED_SHOWN = 10
PAIRS_SHOWN = 12
FARTHEST = 4.0

IS_ID = re.compile("[0-9]{1,18}")

FILE_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""What a report that is opened in a browser may do: be looked at."""


@dataclass(frozen=True)
class GalleryRow:
    """A gallery, what is known of it, and what is being measured."""

    gallery: Gallery
    line: Line | None
    job: Job | None


@page("training.view_evaluationreport")
def evaluation_list(request: HttpRequest) -> HttpResponse:
    """Show every gallery with its newest figures, and all reports, newest first."""
    asked_for = request.GET.get("gallery", "")
    all_galleries = Gallery.objects.order_by("name")
    only = all_galleries.filter(pk=int(asked_for)).first() if IS_ID.fullmatch(asked_for) else None
    galleries = [only] if only is not None else list(all_galleries)
    all_reports = with_lines(gallery_reports(gallery=only))
    newest = all_reports.order_by("gallery_id", "-id").distinct("gallery_id")
    lines = {report.gallery_id: line_of(report) for report in newest}
    jobs = {job.gallery_id: job for job in _under_way()}
    reports = listing(request, all_reports, per_page=PER_PAGE)
    return render_page(
        request,
        "training/evaluations/list.html",
        title="Evaluations",
        galleries=[GalleryRow(row, lines.get(row.pk), jobs.get(row.pk)) for row in galleries],
        lines=[line_of(report) for report in reports.rows],
        listing=reports,
        judged=judged_lines(gallery=only, limit=JUDGED_SHOWN),
        only=only,
    )


def _under_way() -> JobQuerySet[Job]:
    return Job.objects.unfinished().filter(kind=Job.Kind.EVALUATION)


@page("training.view_evaluationreport")
def evaluation_page(request: HttpRequest, report_id: int) -> HttpResponse:
    """Show one report: figures in words, curves, tables."""
    report = find_report(report_id)
    sections = sections_of(report)
    return render_page(
        request,
        "training/evaluations/detail.html",
        title="Evaluations",
        heading=heading_of(report),
        report=report,
        is_newest=is_newest(report),
        beside=beside(report),
        sections=sections,
        job=_under_way().filter(gallery=report.gallery).first(),
        definitions=DEFINITIONS,
        nearest=_nearest_people(report, sections),
    )


def _nearest_people(report: EvaluationReport, sections: Sections) -> ConfusedPeople:
    """Return the people who are most alike, whether or not a tau in force tells them apart."""
    measured = Measured(report, sections.figures, sections.figures.recognition.size)
    found = confused_people(measured, tau=FARTHEST, limit=PAIRS_SHOWN)
    return ConfusedPeople(count=len(found.pairs), pairs=found.pairs)


@page("training.view_evaluationreport")
def export(_request: HttpRequest, report_id: int, form: str) -> HttpResponse:
    """Answer one report as a file: `html`, `json` or `csv`."""
    made = export_report(find_report(report_id), form_of(form))
    return HttpResponse(
        made.text,
        content_type=made.media_type,
        headers={"Content-Disposition": made.disposition, "Content-Security-Policy": FILE_POLICY},
    )


@page("training.add_evaluationreport", methods=("POST",))
def measure(request: HttpRequest, gallery_id: int) -> HttpResponse:
    """Have a gallery's error rates measured."""
    gallery = get_object_or_404(Gallery.objects.select_related("encoder_version"), pk=gallery_id)
    job = request_evaluation(gallery=gallery, user=signed_in(request))
    send_jobs()
    messages.success(request, "A worker measures the error rates. Nothing is changed by it.")
    return redirect("pages:job", job.key)
