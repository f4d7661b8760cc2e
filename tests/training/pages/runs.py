"""Training runs as pages show them: rows, with no network behind them."""

from typing import Any

from django.utils import timezone

from faces.models import Gallery, Job
from tests import factories
from tests.training.models import factories as training
from tests.training.services.held_out import HeldOut, held_out
from tests.training.services.test_held_out import judged
from training.models import EpochRecord, TrainingRun

JOB_STATES = {
    TrainingRun.State.QUEUED: Job.State.QUEUED,
    TrainingRun.State.TRAINING: Job.State.RUNNING,
    TrainingRun.State.EVALUATING: Job.State.RUNNING,
    TrainingRun.State.SUCCEEDED: Job.State.SUCCEEDED,
    TrainingRun.State.FAILED: Job.State.FAILED,
    TrainingRun.State.CANCELLED: Job.State.CANCELLED,
}


def run_with_job(
    gallery: Gallery, state: TrainingRun.State = TrainingRun.State.TRAINING, *, epochs: int = 0, **values: Any
) -> TrainingRun:
    """A run with its job, both in fitting states, and with so many epochs after the parent's."""
    is_finished = state in TrainingRun.FINISHED
    job = factories.job(
        gallery=gallery,
        kind=Job.Kind.TRAINING,
        state=JOB_STATES[state],
        title="Retraining",
        total=100,
        done=40,
        note="Epoch 1 of 10",
        heartbeat_at=timezone.now(),
    )
    defaults: dict[str, Any] = {
        "job": job,
        "state": state,
        "started_at": None if state == TrainingRun.State.QUEUED else timezone.now(),
        "finished_at": timezone.now() if is_finished else None,
        "error": "The loss is not finite." if state == TrainingRun.State.FAILED else "",
        "people": 40,
        "photos": 160,
        "watched_people": 6,
        "held_out_people": 12,
        "best_epoch": epochs or None,
    }
    run = training.run(gallery=gallery, **defaults | values)
    for number in range(epochs + 1 if epochs else 0):
        epoch(run, number)
    return run


def epoch(run: TrainingRun, number: int, **values: Any) -> EpochRecord:
    """An epoch in which everything went a bit better than in the one before; 0 is the parent."""
    judged: dict[str, Any] = {
        "held_out_eer": 0.1 / (number + 1),
        "held_out_tar": 1 - 0.4 / (number + 1),
        "held_out_fmr": 0.001,
        "plain_eer": 0.02,
        "plain_tar": 0.95,
        "seconds": 20.0,
    }
    learned: dict[str, Any] = (
        {
            "steps": 10,
            "loss": 0.08 / number,
            "parent_loss": 0.01 * number,
            "triplets": 1000,
            "active": 800 // number,
            "hard": 200 // number,
            "semi_hard": 600 // number,
            "suspects": 3,
            "mean_positive_distance": 0.2,
            "mean_negative_distance": 0.25 + 0.01 * number,
            "curve": [[10 * (number - 1) + step, 0.08 / number, 0.8] for step in (5, 10)],
        }
        if number
        else {}
    )
    return training.epoch(run=run, number=number, **judged | learned | values)


def judged_run(*, after: float = 0.4, people: int = 30) -> tuple[TrainingRun, HeldOut]:
    """A run that succeeded, with a candidate and the reports of both versions on held-out people."""
    made = held_out(people=people, after=after)
    judged(made)
    run = made.run
    run.job = factories.job(gallery=run.gallery, kind=Job.Kind.TRAINING, state=Job.State.SUCCEEDED, title="Retraining")
    run.save(update_fields=["job"])
    for state in (TrainingRun.State.TRAINING, TrainingRun.State.EVALUATING):
        run.move_to(state)
    run.move_to(TrainingRun.State.SUCCEEDED, candidate=made.candidate)
    return run, made
