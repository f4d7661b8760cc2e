"""`manage.py train`, as it is called."""

import json

import pytest

from faces.models import EncoderVersion, Gallery, Job
from tests.faces.commands.running import run
from tests.training.models import factories
from tests.training.retraining.runs import asked, killed_at
from tests.training.services.learned import gallery_of
from training.configuration import TrainingConfiguration
from training.models import EvaluationReport, TrainingRun
from training.services.run_words import GROUPS

pytestmark = pytest.mark.django_db(transaction=True)

TINY = ["--epochs", 2, "--steps-per-epoch", 2, "--photos-per-person", 2, "--people-per-batch", 4, "--device", "cpu"]


@pytest.fixture
def staff() -> Gallery:
    return gallery_of([3] * 12, name="Staff")


def nothing_was_made() -> bool:
    return not TrainingRun.objects.exists() and not Job.objects.exists()


@pytest.mark.slow
def test_a_run_is_summed_up_in_words_and_the_last_line_is_json(staff: Gallery) -> None:
    ended = run("train", "--gallery", "staff", *TINY, "--seed", 7, "--json")
    assert (ended.status, ended.err) == (0, "")
    *lines, last = ended.out.splitlines()
    told = json.loads(last)
    row = TrainingRun.objects.get()
    report = EvaluationReport.objects.get(encoder_version=row.candidate)
    assert (told["run"], told["candidate"], told["report"]) == (row.pk, row.candidate_id, report.pk)
    assert (told["steps"], told["best_epoch"]) == (4, row.best_epoch)
    assert told["difference_low"] <= told["difference"] <= told["difference_high"]
    assert set(told["comparison"]["plain"]) >= {"eer", "tar", "fmr"}
    assert lines[0].startswith(f"Training run {row.pk}: 4 steps on ")
    assert any(line.startswith("  Before: EER ") for line in lines)
    assert sum("(the best)" in line for line in lines) == 1
    assert any("95 %" in line for line in lines)
    assert TrainingConfiguration.from_json(row.configuration).seed == 7


@pytest.mark.slow
def test_quick_trains_the_last_layers_and_a_small_gallery_gets_a_batch_that_fits(staff: Gallery) -> None:
    ended = run("train", "--gallery", "Staff", "--quick", *TINY[:4], "--no-guard", "--verbosity", 0)
    assert (ended.status, ended.err) == (0, "")
    configuration = TrainingConfiguration.from_json(TrainingRun.objects.get().configuration)
    assert (configuration.layers, configuration.uses_guard) == ("last", False)
    assert 4 <= configuration.people_per_batch <= 6


@pytest.mark.slow
def test_a_run_that_was_stopped_is_resumed_by_its_number(staff: Gallery) -> None:
    row = asked(staff)
    killed_at(row, "Epoch 2 of 3: step 1")
    Job.objects.filter(training_run=row).update(state=Job.State.CANCELLED, finished_at="2026-01-01T00:00Z")
    ended = run("train", "--resume", row.pk, "--verbosity", 0)
    assert (ended.status, ended.err) == (0, "")
    row.refresh_from_db()
    assert (row.state, row.steps) == ("succeeded", 6)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--gallery", "nowhere"], "There is no gallery “nowhere”."),
        (["--gallery", "staff", "--alpha", 0], "The margin alpha, in squared distances of 0 to 4, is from 0.005 to 1"),
        (["--gallery", "staff", "--alpha", 5], "The margin alpha, in squared distances of 0 to 4, is from 0.005 to 1"),
        (["--gallery", "staff", "--people-per-batch", 16], "a batch of 16 people does not fit"),
        (["--gallery", "staff", "--device", "cuda:99"], "There is no device 'cuda:99'"),
        (["--gallery", "staff", "--device", "toaster"], "A device is “auto”, “cpu”, “cuda” or “cuda:N”"),
        (["--gallery", "staff", "--minutes", 0], "A run lasts more than 0"),
        (["--gallery", "staff", "--hard-share", 0.9], "The shares of hard, semi-hard and random negatives are 1"),
        (["--gallery", "staff", "--epochs", "many"], "invalid int value: 'many'"),
        (["--gallery", "staff", "--layers", "first"], "invalid choice: 'first'"),
        (["--resume", 999], "There is no training run 999."),
        (["--gallery", "staff", "--resume", 1], "not allowed with argument"),
        ([], "one of the arguments --gallery --resume is required"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_made(staff: Gallery, words: list[object], says: str) -> None:
    ended = run("train", *words)
    assert (ended.status != 0, ended.out) == (True, "")
    assert says in ended.err
    assert nothing_was_made()
    assert EncoderVersion.objects.count() == 1


def test_a_gallery_with_too_few_people_is_refused() -> None:
    gallery_of([2, 2, 1], name="Few")
    ended = run("train", "--gallery", "few")
    assert (ended.status, nothing_was_made()) == (2, True)
    assert "2 people have two or more usable photos in gallery “Few”" in ended.err


def test_a_second_run_and_a_finished_one_are_refused(staff: Gallery) -> None:
    row = asked(staff)
    assert f"Training run {row.pk} of gallery “Staff” is under way" in run("train", "--gallery", "staff").err
    ended = factories.run(gallery=gallery_of([2] * 10))
    ended.move_to(TrainingRun.State.TRAINING)
    ended.move_to(TrainingRun.State.EVALUATING)
    candidate = EncoderVersion.objects.create(
        name="Made before",
        architecture="dlib_resnet",
        weights="storage:x",
        weights_sha256="0" * 64,
        dimension=128,
        preprocessing_version=1,
        spec={},
        licence="CC0-1.0",
    )
    ended.move_to(TrainingRun.State.SUCCEEDED, candidate=candidate)
    assert run("train", "--resume", ended.pk).status == 2


def test_settings_cannot_be_changed_on_the_way(staff: Gallery) -> None:
    row = asked(staff)
    ended = run("train", "--resume", row.pk, "--alpha", 0.2, "--no-guard")
    assert ended.status == 2
    assert "A run goes on with the settings that it began with. Leave out --no-guard, --alpha." in ended.err


def test_every_setting_has_its_option(capsys: pytest.CaptureFixture[str]) -> None:
    from django.core.management import call_command

    with pytest.raises(SystemExit):
        call_command("train", "--help")
    shown = capsys.readouterr().out
    for name in TrainingConfiguration().as_json():
        assert f"--{name.replace('_', '-')} " in shown or name == "uses_guard"
    assert "--no-guard" in shown
    assert {setting.name for group in GROUPS for setting in group.settings} == set(TrainingConfiguration().as_json())
