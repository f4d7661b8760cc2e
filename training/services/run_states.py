"""Keeping a training run's state and its job's the same."""

from django.utils import timezone

from faces.models import Gallery, Job
from training.models import TrainingRun
from training.services.run_candidates import discard_candidate

STOPPED = "The process that trained was stopped. “Try again” goes on from the last checkpoint."


def settle_runs(*, gallery: Gallery | None = None) -> int:
    """End runs whose job has ended without them; returns how many.

    A job is ended without its run where it is cancelled before a worker began it, and where its worker was killed.
    """
    unfinished = TrainingRun.objects.exclude(state__in=TrainingRun.FINISHED).select_related("job")
    if gallery is not None:
        unfinished = unfinished.filter(gallery=gallery)
    settled = 0
    for run in unfinished:
        job = run.job
        if job is not None and not job.is_finished:
            continue
        discard_candidate(run)
        is_failed = job is not None and job.state == Job.State.FAILED
        settled += TrainingRun.objects.filter(pk=run.pk, state=run.state).update(
            state=TrainingRun.State.FAILED if is_failed else TrainingRun.State.CANCELLED,
            error=(job.error or STOPPED) if is_failed and job is not None else "",
            finished_at=timezone.now(),
        )
    return settled
