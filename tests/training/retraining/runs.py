"""Training runs on a small gallery of patterns, done in this process, and stopped in the middle."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection
from safetensors.torch import load_file

from faces.models import EncoderVersion, Gallery, Job
from faces.services.working import perform
from training.configuration import TrainingConfiguration
from training.models import EpochRecord, TrainingRun
from training.retraining.work import train_encoder
from training.services.run_requests import request_training

TINY = TrainingConfiguration(
    epochs=3, steps_per_epoch=2, people_per_batch=4, photos_per_person=2, warm_up_steps=1, device="cpu"
)


TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND starts_with(relname, 'training_neighbors_')"


class Killed(BaseException):
    """What comes between: nothing that is done after it may matter."""


def asked(gallery: Gallery, **changed: Any) -> TrainingRun:
    """A run that waits."""
    return request_training(gallery=gallery, configuration=replace(TINY, **changed))


def job_of(run: TrainingRun) -> Job:
    """The job that does the run, as it is now."""
    return Job.objects.get(training_run=run)


def done(run: TrainingRun, *, at: Callable[[str], object] = lambda _: None) -> Job:
    """Do the run's job to its end, or until `at`, which is told every note, raises."""

    def show(_done: int, _total: int, note: str) -> None:
        at(note)

    job = job_of(run)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.retraining.reporting.SECONDS_BETWEEN_REPORTS", 0.0)
        perform(job=job, work=lambda job: train_encoder(job, show=show))
    job.refresh_from_db()
    run.refresh_from_db()
    return job


def killed_at(run: TrainingRun, words: str) -> None:
    """Do the run's job until a note contains these words, and no further; its job waits again as after a kill."""

    def kill(note: str) -> None:
        if words in note:
            raise Killed

    try:
        done(run, at=kill)
    except Killed:
        Job.objects.filter(training_run=run, state=Job.State.RUNNING).update(state=Job.State.QUEUED)
        run.refresh_from_db()
        return
    raise AssertionError(f"The run was never told to be at “{words}”.")


def weights_of(version: EncoderVersion | None) -> dict[str, torch.Tensor]:
    """The parameters of a candidate."""
    assert version is not None
    return load_file(default_storage.path(version.weights.removeprefix("storage:")))


def curve_of(run: TrainingRun) -> list[tuple[object, ...]]:
    """All that is recorded of a run's epochs, but for times."""
    names = [
        field.attname
        for field in EpochRecord._meta.concrete_fields
        if field.attname not in ("id", "run_id", "created_at", "seconds", "mining_seconds")
    ]
    return list(EpochRecord.objects.filter(run=run).order_by("number").values_list(*names))


def left_behind() -> list[str]:
    """Folders of scratch, tables of neighbors and files in the storage that runs have left."""
    scratch = Path(settings.FOLDERS.var) / "training"
    folders = [path.name for path in scratch.iterdir()] if scratch.is_dir() else []
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        tables = [str(row[0]) for row in cursor.fetchall()]
    root = Path(default_storage.path(""))
    stored = [path.relative_to(root).as_posix() for path in root.rglob("*.safetensors")]
    return sorted([*folders, *tables, *stored])
