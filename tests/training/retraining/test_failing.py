"""What keeps a run from going on is said in a sentence, and nothing is left behind."""

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from django.core.files.storage import default_storage

from faces.models import EncoderVersion, Face, Gallery, Job, Person
from tests.training.retraining.runs import asked, done, killed_at, left_behind
from tests.training.services.learned import gallery_of
from training.configuration import Layers
from training.learning.learner import Learner
from training.learning.outcome import StepOutcome
from training.models import TrainingRun
from training.services.run_actions import retry_run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

S = TrainingRun.State


@pytest.fixture
def gallery() -> Gallery:
    return gallery_of([3] * 12, name="Staff")


def said(run: TrainingRun, job: Job) -> str:
    """Why a run failed; its job says the same."""
    assert (job.state, run.state) == (Job.State.FAILED, S.FAILED)
    assert job.error == run.error
    assert run.candidate is None
    assert not EncoderVersion.objects.filter(name__contains="retrained").exists()
    return job.error


def spoiled_at(words: str, spoil: Callable[[], object]) -> Callable[[str], None]:
    """Do something once, when a note contains these words."""
    is_spoiled = False

    def look(note: str) -> None:
        nonlocal is_spoiled
        if words in note and not is_spoiled:
            is_spoiled = True
            spoil()

    return look


def test_a_device_that_is_not_there(gallery: Gallery) -> None:
    run = asked(gallery, device="cuda:99")
    text = said(run, done(run))
    assert text.startswith("This run cannot be done here. There is no device 'cuda:99'")
    assert (run.epoch_records.count(), left_behind()) == (0, [])


def test_a_loss_that_is_no_number(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Learner.step

    def broken(self: Learner, *given: Any, step: int, **named: Any) -> StepOutcome:
        outcome = steps(self, *given, step=step, **named)
        return replace(outcome, loss=float("nan")) if step == 3 else outcome

    monkeypatch.setattr(Learner, "step", broken)
    run = asked(gallery)
    text = said(run, done(run))
    assert text == "The loss of step 4 is not a number. Take a lower learning rate, or more warm-up steps."
    assert run.checkpoint["epoch"] == 1
    assert left_behind() == sorted({run.checkpoint["path"], run.best["path"]})


def test_a_checkpoint_that_is_damaged_or_gone(gallery: Gallery) -> None:
    run = asked(gallery)
    killed_at(run, "Epoch 2 of 3: step 1")
    Path(default_storage.path(run.checkpoint["path"])).write_bytes(b"damaged")
    assert "is damaged: its SHA-256 is not the one it had. Start a new run." in said(run, done(run))
    default_storage.delete(run.checkpoint["path"])
    retry_run(run=run)
    assert "is gone from the storage. Start a new run." in said(run, done(run))


def test_a_checkpoint_of_other_settings(gallery: Gallery) -> None:
    run = asked(gallery)
    killed_at(run, "Epoch 2 of 3: step 1")
    changed = run.configuration | {"layers": Layers.HEAD.value}
    TrainingRun.objects.filter(pk=run.pk).update(configuration=changed)
    text = said(run, done(run))
    assert "is of a run with other settings: layers differ." in text


def test_weights_of_the_best_epoch_that_are_gone(gallery: Gallery) -> None:
    run = asked(gallery)
    killed_at(run, "Embedding the people who were held out")
    default_storage.delete(run.best["path"])
    assert "is gone from the storage" in said(run, done(run))


def test_weights_of_the_parent_that_are_gone(gallery: Gallery) -> None:
    run = asked(gallery)
    EncoderVersion.objects.filter(pk=run.parent_id).update(weights="storage:encoders/gone.safetensors")
    assert "are not at storage:encoders/gone.safetensors. Restore that file." in said(run, done(run))


@pytest.mark.parametrize("where", ["scratch", "storage"])
def test_a_full_disk(gallery: Gallery, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    def full(*_given: object, **_named: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if where == "scratch":
        monkeypatch.setattr(os, "posix_fallocate", full)
    else:
        monkeypatch.setattr(type(default_storage._wrapped), "_save", full)  # type: ignore[attr-defined]  # a lazy object
    run = asked(gallery)
    assert said(run, done(run)) == "The disk is full. Make room, and try again: what was learned is kept."
    assert left_behind() == []


def test_too_little_memory(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_given: object, **_named: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB.")

    monkeypatch.setattr(Learner, "step", refused)
    run = asked(gallery)
    assert said(run, done(run)).startswith("There was not enough memory. Take fewer people or photos in a batch")


def test_what_nobody_expected_is_told_by_its_kind_alone(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_given: object, **_named: object) -> None:
        raise RuntimeError("Ada Lovelace")

    monkeypatch.setattr(Learner, "step", broken)
    run = asked(gallery)
    job = done(run)
    assert (job.state, run.state) == (Job.State.FAILED, S.FAILED)
    assert run.error == job.error == "It went wrong: RuntimeError. The log has the details."
    assert left_behind() == []


def test_people_who_leave_until_too_few_are_left(gallery: Gallery) -> None:
    run = asked(gallery)

    def leave() -> None:
        everybody = Person.objects.of(gallery).order_by("pk").values_list("pk", flat=True)
        Person.objects.filter(pk__in=list(everybody)[:4]).update(consent=Person.Consent.WITHHELD)

    text = said(run, done(run, at=spoiled_at("Epoch 1 of 3: judging", leave)))
    assert text.startswith("8 people have two or more usable photos in gallery “Staff”. Training needs at least 10")


def test_photos_that_cannot_be_read_until_too_few_are_left(gallery: Gallery) -> None:
    for face in Face.objects.of(gallery).select_related("photo").order_by("pk")[:20]:
        default_storage.delete(str(face.photo.file.name))
    run = asked(gallery)
    assert "people have two or more usable photos in gallery “Staff”" in said(run, done(run))
    assert left_behind() == []
