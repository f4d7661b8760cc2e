"""Training runs: what was learned from which gallery, how it goes, and what came of it."""

import re
from dataclasses import asdict
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from faces.models import Gallery
from faces.views.page import page, render_page
from faces.views.paging import listing
from training.models import TrainingRun
from training.services.changed_pairs import changed_pairs
from training.services.run_curves import curves_of, trace_of
from training.services.run_outcomes import outcome_of, outcomes_of, parent_report_of
from training.services.run_settings import setting_rows
from training.services.run_states import settle_runs
from training.services.run_times import seconds_left
from training.services.shown_pairs import shown_pairs

PER_PAGE = 20

PAIRS_SHOWN = 8

IS_ID = re.compile("[0-9]{1,18}")


@page("training.view_trainingrun")
def run_list(request: HttpRequest) -> HttpResponse:
    """Show all training runs, newest first; `?gallery=` those of one gallery."""
    asked_for = request.GET.get("gallery", "")
    only = Gallery.objects.filter(pk=int(asked_for)).first() if IS_ID.fullmatch(asked_for) else None
    settle_runs(gallery=only)
    runs = all_runs().filter(gallery=only) if only is not None else all_runs()
    rows = listing(request, runs, per_page=PER_PAGE)
    outcomes = outcomes_of(rows.rows)
    return render_page(
        request,
        "training/runs/list.html",
        title="Training",
        listing=rows,
        rows=[(run, outcomes.get(run.pk)) for run in rows.rows],
        only=only,
        has_galleries=Gallery.objects.exists(),
    )


@page("training.view_trainingrun")
def run_page(request: HttpRequest, run_id: int) -> HttpResponse:
    """Show one training run: how it stands, its curves, what came of it."""
    run = find_run(run_id)
    return render_page(
        request,
        "training/runs/detail.html",
        title="Training",
        heading=f"Training on “{run.gallery}”",
        outcome=(outcome := outcome_of(run)),
        parent_report=parent_report_of(run) if outcome else None,
        changed=shown_pairs(changed_pairs(outcome.report, shown=PAIRS_SHOWN), run.gallery) if outcome else [],
        groups=setting_rows([run.configuration]),
        others=TrainingRun.objects.exclude(pk=run.pk).exists(),
        **state_of(run),
    )


@page("training.view_trainingrun")
def live(request: HttpRequest, run_id: int) -> HttpResponse:
    """Answer HTMX with how a run stands and with its curves; once it is finished the whole page is loaded again."""
    run = find_run(run_id)
    if run.is_finished:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "training/runs/live.html", {**state_of(run), "is_renewed": True})


def find_run(run_id: int) -> TrainingRun:
    """Return a run as it stands; 404 where there is none."""
    run = get_object_or_404(all_runs(), pk=run_id)
    if not run.is_finished and settle_runs(gallery=run.gallery):
        run.refresh_from_db()
    return run


def state_of(run: TrainingRun) -> dict[str, Any]:
    """Return what the part of a page needs that renews itself."""
    trace = trace_of(run)
    return {
        "run": run,
        "job": run.job,
        "records": trace.records,
        "has_domain": trace.has_domain,
        "fmr": trace.fmr,
        "parent_record": next((each for each in trace.records if each.number == 0), None),
        "best_record": next((each for each in trace.records if each.number == run.best_epoch), None),
        "charts": (charts := curves_of([trace])),
        "curves": [asdict(chart) for chart in charts],
        "seconds_left": seconds_left(run, trace.records),
        "questions": run.review_items.filter(state="open").count(),
    }


def all_runs() -> QuerySet[TrainingRun]:
    """Return all runs, newest first, with what they are shown with."""
    return TrainingRun.objects.select_related("gallery", "parent", "candidate", "job", "requested_by")
