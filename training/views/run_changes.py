"""What can be done with a training run: cancel it, stop it early, go on with it, delete it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from faces.tasks import send_jobs
from faces.views.page import page
from training.services.run_actions import cancel_run, delete_run, finish_run, retry_run
from training.views.runs import find_run


@page("training.change_trainingrun", methods=("POST",))
def cancel(request: HttpRequest, run_id: int) -> HttpResponse:
    """Stop a run. Its best epoch is kept, and it can go on later."""
    run = cancel_run(run=find_run(run_id))
    messages.info(request, "The run is cancelled. What it has learned is kept: it can go on from there.")
    return redirect("training:run", run.pk)


@page("training.change_trainingrun", methods=("POST",))
def finish(request: HttpRequest, run_id: int) -> HttpResponse:
    """Stop learning now, and make a candidate of the best epoch."""
    run = finish_run(run=find_run(run_id))
    messages.success(request, "It stops after this step. The best epoch so far becomes a candidate and is judged.")
    return redirect("training:run", run.pk)


@page("training.change_trainingrun", methods=("POST",))
def retry(request: HttpRequest, run_id: int) -> HttpResponse:
    """Go on with a run that failed or was cancelled, from where it stopped."""
    run = retry_run(run=find_run(run_id))
    send_jobs()
    messages.success(request, "The run goes to a worker again.")
    return redirect("training:run", run.pk)


@page("training.delete_trainingrun", methods=("POST",))
def delete(request: HttpRequest, run_id: int) -> HttpResponse:
    """Remove a finished run with its curves and reports."""
    run = find_run(run_id)
    delete_run(run=run)
    messages.success(request, f"Run {run_id} is deleted.")
    return redirect("training:runs")
