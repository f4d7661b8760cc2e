"""A training run from a gallery to a candidate, with the real network, on the CPU."""

import pytest
import torch
from django.core.files.storage import default_storage

from faces.models import EncoderVersion, Gallery, Job, Person, Photo
from tests.training.retraining.runs import TINY, asked, curve_of, done, left_behind, weights_of
from tests.training.services.learned import add_person, gallery_of
from training.configuration import Augmentation, Layers, Negatives
from training.mining.planning import plan_epoch
from training.models import EpochRecord, EvaluationReport, TrainingRun
from training.services.training_sets import choose_faces

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def gallery() -> Gallery:
    return gallery_of([3] * 12, name="Staff")


def test_a_run_ends_with_a_candidate_that_was_judged(gallery: Gallery) -> None:
    run = asked(gallery)
    notes: list[str] = []
    job = done(run, at=notes.append)

    assert (job.state, job.error) == (Job.State.SUCCEEDED, "")
    assert run.state == TrainingRun.State.SUCCEEDED
    candidate = run.candidate
    assert candidate is not None
    report = EvaluationReport.objects.get(encoder_version=candidate)
    assert job.result == {"run": run.pk, "candidate": candidate.pk, "report": report.pk, "unreadable": 0}
    assert (job.done, job.total) == (job.total, job.total)

    assert candidate.name == f"{gallery.encoder_version.name}, retrained {run.pk} on Staff"
    assert candidate.state == EncoderVersion.State.CANDIDATE
    assert (candidate.parent, candidate.licence) == (gallery.encoder_version, gallery.encoder_version.licence)
    assert f"training run {run.pk}" in candidate.source
    assert candidate.probe_noise is not None
    assert report.compared_with == gallery.encoder_version
    assert EvaluationReport.objects.filter(training_run=run, kind="held_out").count() == 2

    chosen = choose_faces(gallery, TINY)
    assert (run.people, run.photos) == (chosen.people_in(0), 3 * chosen.people_in(0))  # type: ignore[arg-type]  # a Part
    assert run.people + run.watched_people + run.held_out_people == 12
    assert run.device.startswith("CPU, ")
    assert run.steps == 6
    assert "Epoch 2 of 3: step 1 of 2; loss" in " ".join(notes)
    assert left_behind() == [candidate.weights.removeprefix("storage:")]


def test_each_epoch_is_recorded_and_the_best_one_becomes_the_candidate(gallery: Gallery) -> None:
    run = asked(gallery, learning_rate=1e-3)
    done(run)
    records = list(run.epoch_records.order_by("number"))
    assert [record.number for record in records] == [0, 1, 2, 3]
    parent, *epochs = records
    assert (parent.loss, parent.triplets, parent.steps, parent.curve) == (None, 0, 0, [])
    assert [record.steps for record in epochs] == [2, 2, 2]
    assert [[point[0] for point in record.curve] for record in epochs] == [[1, 2], [3, 4], [5, 6]]
    for record in epochs:
        assert record.triplets >= record.active > 0
        assert record.loss is not None
        assert record.loss > 0
        assert record.held_out_eer == record.plain_eer is not None
        assert record.mining_seconds > 0
    ranked = sorted(epochs, key=lambda record: (record.held_out_eer, -(record.held_out_tar or 0), -record.number))
    assert run.best_epoch == ranked[0].number


def test_the_candidate_is_not_its_parent_and_can_be_loaded(gallery: Gallery) -> None:
    from faces.encoding import get_encoder

    run = asked(gallery, epochs=1)
    done(run)
    assert run.candidate is not None
    get_encoder(run.candidate)
    before = asked(gallery, epochs=1, learning_rate=1e-8, warm_up_steps=0)
    done(before)
    changed = weights_of(run.candidate)
    same = weights_of(before.candidate)
    assert max(float((changed[name] - same[name]).abs().max()) for name in changed) > 1e-6


def test_the_same_seed_gives_the_same_run_and_another_seed_another_one(gallery: Gallery) -> None:
    first, again, other = (asked_and_done(gallery, seed=seed) for seed in (1, 1, 2))
    assert curve_of(first) == curve_of(again) != curve_of(other)
    one, two = weights_of(first.candidate), weights_of(again.candidate)
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert first.candidate != again.candidate


def asked_and_done(gallery: Gallery, **changed: object) -> TrainingRun:
    run = asked(gallery, epochs=2, **changed)
    job = done(run)
    assert job.state == Job.State.SUCCEEDED, job.error
    return run


@pytest.mark.parametrize("negatives", list(Negatives))
def test_negatives_come_from_where_they_were_asked_for(gallery: Gallery, negatives: Negatives) -> None:
    run = asked_and_done(gallery, negatives=negatives)
    seconds = [record.mining_seconds for record in run.epoch_records.filter(number__gt=0)]
    is_mined = negatives in (Negatives.DATABASE, Negatives.BLOCKWISE)
    assert [second > 0 for second in seconds] == [is_mined, is_mined]


def test_neighbors_of_the_database_and_of_memory_give_the_same_run(gallery: Gallery) -> None:
    database, memory = (asked_and_done(gallery, negatives=where) for where in (Negatives.DATABASE, Negatives.BLOCKWISE))
    assert curve_of(database) == curve_of(memory)


@pytest.mark.parametrize("layers", [Layers.LAST, Layers.HEAD])
def test_fewer_layers_learn_as_well(gallery: Gallery, layers: Layers) -> None:
    run = asked_and_done(gallery, layers=layers)
    assert run.candidate is not None


def test_poor_cameras_are_judged_by_poor_probes(gallery: Gallery) -> None:
    run = asked(gallery, epochs=1, augmentation=Augmentation.POOR_CAMERAS)
    done(run)
    report = EvaluationReport.objects.get(encoder_version=run.candidate)
    assert report.snapshot["comparison"]["probes"] is not None
    assert all(record.held_out_eer is not None for record in run.epoch_records.all())


def test_photos_that_cannot_be_read_are_left_out_and_counted(gallery: Gallery) -> None:
    gone, broken = Photo.objects.filter(gallery=gallery).order_by("pk")[:2]
    default_storage.delete(str(gone.file.name))
    with default_storage.open(str(broken.file.name), "wb") as file:
        file.write(b"no picture")
    run = asked(gallery, epochs=1)
    job = done(run)
    assert job.state == Job.State.SUCCEEDED, job.error
    assert job.result["unreadable"] == 2
    assert "2 faces were left out: their photo cannot be read." in job.note


def test_who_withholds_consent_while_it_trains_is_learned_from_no_more(gallery: Gallery) -> None:
    run = asked(gallery)
    chosen = choose_faces(gallery, TINY)
    leaver = int(chosen.people[chosen.parts == 0][0])
    seen: list[set[int]] = []

    def watch(note: str) -> None:
        if note.startswith("Epoch 1 of 3: judging"):
            Person.objects.filter(pk=leaver).update(consent=Person.Consent.WITHHELD)

    def noted(**given: object) -> object:
        seen.append({int(person) for person in given["people"]})  # type: ignore[attr-defined]  # an array
        return plan_epoch(**given)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.retraining.trainer.plan_epoch", noted)
        job = done(run, at=watch)
    assert [leaver in people for people in seen] == [True, False, False], job.error


def test_a_run_that_is_asked_about_again_after_it_succeeded_answers_the_same(gallery: Gallery) -> None:
    run = asked(gallery, epochs=1)
    result = done(run).result
    Job.objects.filter(training_run=run).update(state=Job.State.QUEUED, finished_at=None)
    again = done(run)
    assert (again.state, again.result["candidate"]) == (Job.State.SUCCEEDED, result["candidate"])
    assert EncoderVersion.objects.filter(parent=gallery.encoder_version).count() == 1
    assert EpochRecord.objects.filter(run=run).count() == 2


def test_photos_that_came_after_it_began_change_nothing(gallery: Gallery) -> None:
    first = asked_and_done(gallery)
    run = asked(gallery, epochs=2)

    def watch(note: str) -> None:
        if note.startswith("Epoch 1 of 2: judging") and Person.objects.of(gallery).count() == 12:
            add_person(gallery, 99, 3)

    job = done(run, at=watch)
    assert job.state == Job.State.SUCCEEDED
    assert curve_of(run) == curve_of(first)


def test_a_name_stays_within_its_length(gallery: Gallery) -> None:
    from training.retraining.candidates import candidate_name

    run = asked(replace_name(gallery, "G" * 200))
    assert len(candidate_name(run)) <= 100
    assert candidate_name(run).startswith(f"{gallery.encoder_version.name}, retrained {run.pk} on GGG")
    run.parent.name = f"{run.parent.name}, retrained 1 on Staff"
    assert candidate_name(run).count("retrained") == 1


def replace_name(gallery: Gallery, name: str) -> Gallery:
    Gallery.objects.filter(pk=gallery.pk).update(name=name)
    gallery.refresh_from_db()
    return gallery
