"""Evaluations: how often a gallery's answers are wrong, measured on its own photos."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from faces.models import Gallery, Job
from faces.services.working import request_work
from faces.tasks import send_jobs
from faces.views.page import page, render_page, signed_in
from faces.views.paging import listing
from training.models import EvaluationReport
from training.services.report_charts import recognition_charts, verification_charts
from training.services.report_summary import (
    at_fmr,
    at_fpir,
    confused_at_tau,
    group_tables,
    headlines,
    sizes_at_tau,
)
from training.services.reports import Line, find_report, gallery_reports, line_of, read_figures, with_lines

PER_PAGE = 20


@dataclass(frozen=True)
class GalleryRow:
    """A gallery, what is known of it, and what is being measured."""

    gallery: Gallery
    line: Line | None
    job: Job | None


@page("training.view_evaluationreport")
def evaluation_list(request: HttpRequest) -> HttpResponse:
    """Show every gallery with its newest figures, and all reports, newest first."""
    galleries = list(Gallery.objects.order_by("name"))
    newest = with_lines(gallery_reports()).order_by("gallery_id", "-id").distinct("gallery_id")
    lines = {report.gallery_id: line_of(report) for report in newest}
    jobs = {job.gallery_id: job for job in Job.objects.unfinished().filter(kind=Job.Kind.EVALUATION)}
    reports = listing(request, with_lines(gallery_reports()), per_page=PER_PAGE)
    return render_page(
        request,
        "training/evaluations/list.html",
        title="Evaluations",
        galleries=[GalleryRow(row, lines.get(row.pk), jobs.get(row.pk)) for row in galleries],
        lines=[line_of(report) for report in reports.rows],
        listing=reports,
    )


@page("training.view_evaluationreport")
def evaluation_page(request: HttpRequest, report_id: int) -> HttpResponse:
    """Show one report: figures in words, curves, tables."""
    report = find_report(report_id)
    figures = read_figures(report)
    return render_page(
        request,
        "training/evaluations/detail.html",
        title="Evaluations",
        heading=f"Error rates of “{report.gallery}”",
        report=report,
        is_newest=not EvaluationReport.objects.filter(gallery=report.gallery, pk__gt=report.pk).exists(),
        figures=figures,
        headlines=headlines(figures),
        comparisons=[
            (
                "person",
                "A person",
                "all of a person's enrolled photos (their template)",
                figures.person,
                at_fmr(figures.person),
                verification_charts(figures, figures.person, key="person", whom="a person"),
            ),
            (
                "photo",
                "A single photo",
                "one photo of a person",
                figures.photo,
                at_fmr(figures.photo),
                verification_charts(figures, figures.photo, key="photo", whom="a single photo"),
            ),
        ],
        recognition=at_fpir(figures),
        recognition_charts=recognition_charts(figures),
        sizes=sizes_at_tau(figures),
        groups=group_tables(figures),
        confused=confused_at_tau(figures),
    )


@page("training.add_evaluationreport", methods=("POST",))
def measure(request: HttpRequest, gallery_id: int) -> HttpResponse:
    """Have a gallery's error rates measured."""
    gallery = get_object_or_404(Gallery.objects.select_related("encoder_version"), pk=gallery_id)
    title = f"Error rates of “{gallery.name}”"
    job = request_work(gallery=gallery, kind=Job.Kind.EVALUATION, title=title, user=signed_in(request))
    send_jobs()
    messages.success(request, "A worker measures the error rates. Nothing is changed by it.")
    return redirect("pages:job", job.key)
