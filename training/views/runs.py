"""Training runs: what was learned from which gallery, and what came of it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from faces.views.page import page, render_page
from faces.views.paging import listing
from training.models import TrainingRun

PER_PAGE = 20


@page("training.view_trainingrun")
def run_list(request: HttpRequest) -> HttpResponse:
    """Show all training runs, newest first."""
    runs = TrainingRun.objects.select_related("gallery", "parent", "candidate", "job", "requested_by")
    rows = listing(request, runs, per_page=PER_PAGE)
    return render_page(request, "training/runs/list.html", title="Training", listing=rows)


@page("training.view_trainingrun")
def run_page(request: HttpRequest, run_id: int) -> HttpResponse:
    """Show one training run."""
    runs = TrainingRun.objects.select_related("gallery", "parent", "candidate", "job", "requested_by")
    run = get_object_or_404(runs, pk=run_id)
    return render_page(
        request, "training/runs/detail.html", title="Training", heading=f"Training on “{run.gallery}”", run=run
    )
