"""Runs that are killed, cancelled, finished early, and taken up again."""

import json
from collections.abc import Callable

import pytest
import torch
from django.core.files.storage import default_storage

from faces.models import EncoderVersion, Gallery, Job
from faces.services.galleries import delete_gallery
from faces.services.jobs import cancel_job
from faces.services.working import retry_work
from tests.training.retraining.runs import asked, curve_of, done, job_of, killed_at, left_behind, weights_of
from tests.training.services.learned import gallery_of
from training.models import EpochRecord, EvaluationReport, TrainingRun
from training.services.run_actions import finish_run, retry_run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

S = TrainingRun.State


@pytest.fixture
def gallery() -> Gallery:
    return gallery_of([3] * 12, name="Staff")


def cancelling(run: TrainingRun, words: str) -> Callable[[str], None]:
    """Somebody cancels the job when a note contains these words."""

    def cancel(note: str) -> None:
        job = job_of(run)
        if words in note and job.cancel_requested_at is None:
            cancel_job(job=job)

    return cancel


def assert_same(run: TrainingRun, other: TrainingRun) -> None:
    assert curve_of(run) == curve_of(other)
    weights, others = weights_of(run.candidate), weights_of(other.candidate)
    assert all(torch.equal(weights[name], others[name]) for name in others)
    assert (run.best_epoch, run.steps) == (other.best_epoch, other.steps)


def test_a_run_that_is_killed_again_and_again_comes_to_the_same_as_one_that_is_not(gallery: Gallery) -> None:
    whole = asked(gallery)
    assert done(whole).state == Job.State.SUCCEEDED

    run = asked(gallery)
    places = (
        ("Cutting the faces", S.TRAINING, None),
        ("Epoch 1 of 3: step 2", S.TRAINING, None),
        ("Epoch 2 of 3: looking for the nearest", S.TRAINING, 1),
        ("Epoch 3 of 3: judging", S.TRAINING, 2),
        ("Storing the candidate", S.EVALUATING, 3),
        ("Comparing the candidate", S.EVALUATING, 3),
    )
    for words, state, epoch in places:
        killed_at(run, words)
        assert (run.state, run.checkpoint.get("epoch")) == (state, epoch), words
        assert job_of(run).attempts <= 4
    assert done(run).state == Job.State.SUCCEEDED
    assert_same(run, whole)
    assert EncoderVersion.objects.filter(parent=gallery.encoder_version).count() == 2
    assert EvaluationReport.objects.filter(training_run=run).count() == 2
    assert len(left_behind()) == 2


def test_a_run_that_makes_headway_is_not_given_up_for_the_workers_it_has_lost(gallery: Gallery) -> None:
    run = asked(gallery)
    Job.objects.filter(training_run=run).update(attempts=3)
    killed_at(run, "Epoch 2 of 3")
    assert job_of(run).attempts == 1


@pytest.mark.parametrize(
    ("words", "epoch"), [("Cutting", None), ("Epoch 2 of 3: step 1", 1), ("Embedding the people who were held", 3)]
)
def test_a_cancelled_run_keeps_what_it_learned_and_goes_on_from_there(
    gallery: Gallery, words: str, epoch: int | None
) -> None:
    run = asked(gallery)
    job = done(run, at=cancelling(run, words))
    assert (job.state, run.state) == (Job.State.CANCELLED, S.CANCELLED)
    assert run.checkpoint.get("epoch") == run.best.get("epoch", epoch) or epoch == 3
    assert run.checkpoint.get("epoch") == epoch
    kept = sorted({str(entry["path"]) for entry in (run.checkpoint, run.best) if entry})
    assert left_behind() == kept
    assert run.candidate is None

    retry_run(run=run)
    assert done(run).state == Job.State.SUCCEEDED
    whole = asked(gallery)
    done(whole)
    assert_same(run, whole)


def test_the_job_page_s_try_again_takes_the_run_along(gallery: Gallery) -> None:
    run = asked(gallery)
    retry_work(job=done(run, at=cancelling(run, "Epoch 1 of 3: step 1")))
    assert (done(run).state, run.state) == (Job.State.SUCCEEDED, S.SUCCEEDED)


def test_a_run_that_is_asked_to_finish_stops_after_the_step_and_makes_its_candidate(gallery: Gallery) -> None:
    run = asked(gallery, epochs=4, steps_per_epoch=3)

    def finish(note: str) -> None:
        if note.startswith("Epoch 2 of 4: step 1") and TrainingRun.objects.filter(
            pk=run.pk, finish_requested_at__isnull=True
        ):
            finish_run(run=TrainingRun.objects.get(pk=run.pk))

    job = done(run, at=finish)
    assert (job.state, job.done) == (Job.State.SUCCEEDED, job.total)
    records = list(run.epoch_records.order_by("number"))
    assert len(records) == 3
    assert 1 <= records[2].steps <= 3
    assert run.steps == 3 + records[2].steps
    assert run.candidate is not None


def test_a_run_that_is_asked_to_finish_before_it_begins_takes_one_step(gallery: Gallery) -> None:
    run = finish_run(run=asked(gallery, steps_per_epoch=5))
    assert done(run).state == Job.State.SUCCEEDED
    assert (run.steps, run.best_epoch) == (1, 1)


def test_a_run_ends_when_its_minutes_are_over(gallery: Gallery) -> None:
    run = asked(gallery, epochs=1000, minutes=0.0001)
    assert done(run).state == Job.State.SUCCEEDED
    assert (run.steps, run.best_epoch) == (1, 1)


def test_minutes_are_counted_over_all_attempts(gallery: Gallery) -> None:
    run = asked(gallery, epochs=3, minutes=60)
    killed_at(run, "Epoch 2 of 3")
    EpochRecord.objects.filter(run=run, number=1).update(seconds=3600)
    assert done(run).state == Job.State.SUCCEEDED
    assert (run.steps, run.best_epoch) == (2, 1)


def test_a_gallery_that_is_deleted_while_it_is_learned_from_leaves_nothing(gallery: Gallery) -> None:
    run = asked(gallery)
    files = []

    def delete(note: str) -> None:
        if note.startswith("Epoch 2 of 3: step 1") and TrainingRun.objects.exists():
            files.append(len(left_behind()))
            delete_gallery(gallery=gallery)

    with pytest.raises(Job.DoesNotExist):
        done(run, at=delete)
    assert files[0] >= 4  # crops, table, checkpoint, best
    assert left_behind() == []
    assert not EncoderVersion.objects.filter(name__contains="retrained").exists()


def test_checkpoints_follow_one_another_and_the_row_always_names_one_that_is_there(gallery: Gallery) -> None:
    run = asked(gallery)
    seen: list[str] = []

    def look(_note: str) -> None:
        row = TrainingRun.objects.get(pk=run.pk)
        for entry in (row.checkpoint, row.best):
            assert not entry or default_storage.exists(entry["path"]), json.dumps(entry)
        if row.checkpoint:
            seen.append(row.checkpoint["path"])

    done(run, at=look)
    assert len(set(seen)) == 3
    assert not any(default_storage.exists(path) for path in seen)
