"""The walk through a training run: gather faces, train epoch by epoch, and keep what is needed to go on."""

import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from django.db import transaction

from encoder.spec import EncoderSpec
from faces.exceptions import JobCancelledError
from faces.models import Job
from training.configuration import TrainingConfiguration
from training.learning.learner import Learner
from training.metrics.types import Counts
from training.mining.batches import Batch
from training.mining.planning import plan_epoch
from training.mining.sets import Part
from training.models import EpochRecord, TrainingRun
from training.retraining.crops import Material
from training.retraining.epochs import Tally, standing, watch
from training.retraining.guarding import Guard
from training.retraining.negatives import Miner
from training.retraining.reporting import CANCELLED, Reporter
from training.services.run_files import fetch_file, forget_files, keep_file
from training.services.training_sets import check_enough, moved_people, still_usable

FACES_IN_A_UNIT = 64
"""Faces that are read or judged in about the time of a step."""


@dataclass
class Trainer:
    """One attempt at a run, from its last checkpoint on."""

    run: TrainingRun
    configuration: TrainingConfiguration
    material: Material
    learner: Learner
    reporter: Reporter
    folder: Path
    device: torch.device
    began_at: float
    earlier_seconds: float = 0.0
    epoch: int = 0
    best: EpochRecord | None = field(default=None)
    _moved: dict[str, int] = field(default_factory=dict)

    def train(self) -> None:
        """Train until all epochs are done, the time is up, or somebody wishes to finish.

        Raises:
            JobCancelledError: somebody cancelled the job.
            TrainingFailedError: it cannot go on.
            TooLittleToLearnError: meanwhile there is too little to learn from.
        """
        self._resume()
        self._moved = moved_people(self.run.gallery, self.material.usable, self.configuration)
        if not self.run.epoch_records.filter(number=0).exists():
            self._judge_parent()
        self.reporter.tell("Looking for faces under a wrong name")
        with self.reporter.alive(self.reporter.note):
            guard = Guard.of(self.run, self.material.faces, self.learner.parent, self.configuration)
        with Miner(self.run, self.configuration, self.learner, self.reporter, self.device) as miner:
            while self.epoch < self.configuration.epochs and not (self.epoch and self._is_over()):
                self._drop_those_who_left()
                self._train_epoch(miner, guard)

    def _resume(self) -> None:
        """Go back to the last checkpoint, or to the beginning where there is none."""
        records = self.run.epoch_records.all()
        checkpoint = self.run.checkpoint
        self.epoch = int(checkpoint["epoch"]) if checkpoint else 0
        records.filter(number__gt=self.epoch).delete()
        if checkpoint:
            self.reporter.tell(f"Going on after epoch {self.epoch}")
            file = fetch_file(checkpoint, self.folder / "checkpoint.safetensors")
            self.learner.load(file, checkpoint["sha256"])
            file.unlink()
        self.reporter.advance(self.run.steps)
        self.earlier_seconds = sum(records.values_list("seconds", flat=True))
        self.best = min(records.filter(number__gt=0), key=standing, default=None)

    def _judge_parent(self) -> None:
        self.reporter.tell("Judging the encoder as it is")
        rows, people = self._rows(Part.WATCHED)
        with self.reporter.alive(self.reporter.note):
            watched = watch(self.learner, rows, people, self.configuration)
        EpochRecord.objects.create(
            run=self.run, number=0, seconds=time.monotonic() - self.began_at, **watched.as_fields()
        )

    def _train_epoch(self, miner: Miner, guard: Guard) -> None:
        started = time.monotonic()
        number = self.epoch + 1
        name = f"Epoch {number} of {self.configuration.epochs}"
        barred = guard.barred()
        rows = guard.trusted(self.material.faces.rows_of(Part.TRAINED_ON))
        mined = miner.mine(self.material.faces, rows, barred, name)
        self.reporter.tell(f"{name}: drawing up the batches")
        batches = plan_epoch(
            faces=self.material.faces.faces[rows],
            people=self.material.faces.people[rows],
            rows=rows,
            neighbors=mined.neighbors,
            vectors=mined.vectors,
            configuration=self.configuration,
            barred=barred,
            rng=np.random.default_rng((self.configuration.seed, number)),
        )
        tally = self._step_through(batches, name)
        record = EpochRecord(
            run=self.run,
            number=number,
            suspects=len(barred),
            mining_seconds=mined.seconds,
            **tally.as_fields(),
        )
        self.reporter.tell(f"{name}: judging by the people it is watched by")
        rows, people = self._rows(Part.WATCHED)
        with self.reporter.alive(self.reporter.note):
            for field_name, value in watch(self.learner, rows, people, self.configuration).as_fields().items():
                setattr(record, field_name, value)
        record.seconds = time.monotonic() - started
        self._keep(record)

    def _step_through(self, batches: list[Batch], name: str) -> Tally:
        tally = Tally(first_step=self.run.steps, parent_weight=self.configuration.parent_weight)
        total_steps = self.configuration.epochs * self.configuration.steps_per_epoch
        for place, batch in enumerate(batches):
            outcome = self.learner.step(
                batch,
                step=self.run.steps + place,
                total_steps=total_steps,
                then=batches[place + 1] if place + 1 < len(batches) else None,
            )
            tally.add(outcome)
            self.reporter.advance(1, f"{name}: step {place + 1} of {len(batches)}; loss {outcome.loss:.4f}")
            if self._is_over():
                break
        return tally

    def _keep(self, record: EpochRecord) -> None:
        """Keep the epoch with all that is needed to go on after it; one that was interrupted here is done again."""
        is_best = self.best is None or standing(record) < standing(self.best)
        with self.reporter.alive(self.reporter.note):
            local = self.folder / "checkpoint.safetensors"
            digest = self.learner.save(local)
            checkpoint = keep_file(self.run, local, sha256=digest, epoch=record.number) | {"moved": self._moved}
            best = self._keep_weights(record.number) if is_best else self.run.best
        former = self.run.checkpoint, self.run.best if is_best else {}
        with transaction.atomic():
            kept = TrainingRun.objects.filter(pk=self.run.pk, state=TrainingRun.State.TRAINING).update(
                checkpoint=checkpoint,
                best=best,
                best_epoch=record.number if is_best else self.run.best_epoch,
                steps=self.run.steps + record.steps,
            )
            if kept:
                record.save()
                # A worker that is killed later has come this far: that is no reason to give the job up.
                Job.objects.filter(pk=self.reporter.job.pk).update(attempts=1)
        if not kept:
            forget_files(checkpoint, best if is_best else {})
            raise JobCancelledError(CANCELLED)
        forget_files(*former)
        self.run.refresh_from_db()
        self.epoch = record.number
        self.best = record if is_best else self.best

    def _keep_weights(self, epoch: int) -> dict[str, object]:
        local = self.folder / "best.safetensors"
        spec: EncoderSpec = self.learner.save_weights(local)
        return keep_file(self.run, local, sha256=spec.weights_sha256, epoch=epoch)

    def _is_over(self) -> bool:
        minutes = self.configuration.minutes
        seconds = self.earlier_seconds + time.monotonic() - self.began_at
        return self.reporter.is_to_finish or (minutes is not None and seconds >= 60 * minutes)

    def _drop_those_who_left(self) -> None:
        """Learn no more from people who withdrew consent or were deleted, nor by them."""
        self.material = without_those_who_left(self.run, self.material)
        check_enough(self.run.gallery, self.material.usable)

    def _rows(self, part: Part) -> tuple[Counts, Counts]:
        rows = self.material.faces.rows_of(part)
        return rows, self.material.faces.people[rows]


def without_those_who_left(run: TrainingRun, material: Material) -> Material:
    """Return the material without faces of people who withdrew consent, were deleted, or turned out to be others."""
    usable = still_usable(run.gallery, material.faces.faces, material.faces.people)
    return material if usable.all() else material.without(~usable)


def device_in_words(device: torch.device) -> str:
    """Return what a run is done on."""
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))[:100]
    threads = torch.get_num_threads()
    return f"CPU, {threads} {'thread' if threads == 1 else 'threads'}"
