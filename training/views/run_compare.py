"""Two training runs side by side."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from faces.views.page import page, render_page
from training.models import TrainingRun
from training.services.changed_pairs import changed_between
from training.services.run_curves import curves_of, trace_of
from training.services.run_outcomes import RunOutcome, outcome_of
from training.services.run_settings import setting_rows
from training.services.shown_pairs import ShownList, shown_pairs
from training.views.runs import IS_ID, PAIRS_SHOWN, all_runs, find_run

OFFERED = 100


@page("training.view_trainingrun")
def compare(request: HttpRequest, run_id: int) -> HttpResponse:
    """Show a run beside another one, `?with=`: the one before it if none is named."""
    run = find_run(run_id)
    asked_for = request.GET.get("with", "")
    others = all_runs().exclude(pk=run.pk)
    other = get_object_or_404(others, pk=int(asked_for)) if IS_ID.fullmatch(asked_for) else _usual(run)
    sides = [each for each in (run, other) if each is not None]
    outcomes = [outcome_of(each) for each in sides]
    return render_page(
        request,
        "training/runs/compare.html",
        title="Training",
        heading=f"Run {run.pk} beside run {other.pk}" if other is not None else f"Run {run.pk}",
        run=run,
        other=other,
        offered=others[:OFFERED],
        sides=list(zip(sides, outcomes, strict=True)),
        groups=setting_rows([each.configuration for each in sides]),
        charts=[chart for chart in curves_of([trace_of(each) for each in sides]) if chart.lines],
        is_same_gallery=other is not None and other.gallery_id == run.gallery_id,
        is_same_parent=other is not None and other.parent_id == run.parent_id,
        changed=_changed(run, outcomes),
        changed_lead=f"How far apart faces of held-out people are for the candidate of run {run.pk}, and for that of "
        f"run {other.pk}."
        if other is not None
        else "",
    )


def _usual(run: TrainingRun) -> TrainingRun | None:
    """Return the run one would compare with: the one before on the same gallery, else on any, else a later one."""
    others = all_runs().exclude(pk=run.pk)
    earlier = others.filter(pk__lt=run.pk)
    return earlier.filter(gallery=run.gallery).first() or earlier.first() or others.last()


def _changed(run: TrainingRun, outcomes: list[RunOutcome | None]) -> list[ShownList]:
    reports = [outcome.report for outcome in outcomes if outcome is not None]
    return shown_pairs(changed_between(*reports, shown=PAIRS_SHOWN), run.gallery) if len(reports) == 2 else []
