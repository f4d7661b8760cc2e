"""Encoder versions as training sees them: what they were made from and how good they are."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from faces.models import EncoderVersion
from faces.views.page import page, render_page
from training.models import TrainingRun
from training.services.lineage import lineage_of, newest_of_galleries

RUNS_SHOWN = 20


@page("training.view_trainingrun", "training.view_evaluationreport")
def version_page(request: HttpRequest, version_id: int) -> HttpResponse:
    """Show where one version comes from, what was measured of it, and what was trained from it."""
    version = get_object_or_404(EncoderVersion.objects.select_related("parent"), pk=version_id)
    runs = TrainingRun.objects.filter(parent=version).select_related("gallery", "candidate")
    return render_page(
        request,
        "training/version.html",
        title="Encoder versions",
        heading=version.name,
        version=version,
        lineage=list(lineage_of(version)),
        lines=newest_of_galleries(version),
        runs=runs[:RUNS_SHOWN],
    )
