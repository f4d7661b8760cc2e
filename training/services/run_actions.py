"""What an admin can do with a training run beside asking for it: cancel or finish it, try it again, delete it."""

from django.db import transaction
from django.utils import timezone

from faces.exceptions import WrongStateError
from faces.models import Job
from faces.services.jobs import cancel_job
from faces.services.working import retry_work
from training.models import TrainingRun
from training.services.run_states import settle_runs


def cancel_run(*, run: TrainingRun) -> TrainingRun:
    """Wish a run to stop after the step it is at, and to make nothing; it can go on later.

    Raises:
        WrongStateError: it is finished.
    """
    if run.is_finished or run.job is None:
        raise WrongStateError(
            f"The training run is {run.get_state_display().lower()}; there is nothing to cancel.", state=run.state
        )
    cancel_job(job=run.job)
    settle_runs(gallery=run.gallery)
    run.refresh_from_db()
    return run


def finish_run(*, run: TrainingRun) -> TrainingRun:
    """Wish a run to stop after the step it is at, and to make a candidate of its best epoch so far.

    Raises:
        WrongStateError: it does not train now.
    """
    asked = TrainingRun.objects.filter(
        pk=run.pk, state__in=(TrainingRun.State.QUEUED, TrainingRun.State.TRAINING)
    ).update(finish_requested_at=timezone.now())
    run.refresh_from_db()
    if not asked:
        raise WrongStateError(
            f"The training run is {run.get_state_display().lower()}; it has no training to finish.", state=run.state
        )
    return run


def retry_run(*, run: TrainingRun) -> TrainingRun:
    """Queue a failed or cancelled run again, to go on from its last checkpoint; the caller sends its job.

    Raises:
        WrongStateError: it neither failed nor was cancelled, or its job is gone.
        ConflictError: another run of the gallery is under way.
    """
    settle_runs(gallery=run.gallery)
    with transaction.atomic():
        run.refresh_from_db()
        if run.job is None:
            raise WrongStateError("The job of this training run was deleted. Start a new run.", state=run.state)
        if run.job.state in (Job.State.FAILED, Job.State.CANCELLED):
            retry_work(job=run.job)
        run.move_to(TrainingRun.State.QUEUED)
    return run


def delete_run(*, run: TrainingRun) -> None:
    """Remove a finished run with its curves, reports and files. The version that it made stays.

    Raises:
        WrongStateError: it is under way.
    """
    settle_runs(gallery=run.gallery)
    with transaction.atomic():
        held = TrainingRun.objects.select_for_update().get(pk=run.pk)
        if not held.is_finished:
            raise WrongStateError(
                f"The training run is {held.get_state_display().lower()}. Cancel it first.", state=held.state
            )
        held.delete()
