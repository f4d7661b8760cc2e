"""A retraining on the real platform: photos are taken in meanwhile, its worker is killed, and it succeeds once."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faces.commands.running import Installation, wait_until
from tests.system.platform import Platform

REQUEST = """
from faces.services.galleries import get_gallery
from faces.tasks import send_jobs
from training.configuration import TrainingConfiguration
from training.services.run_requests import request_training
request_training(
    gallery=get_gallery("drawn"),
    configuration=TrainingConfiguration(epochs=8, steps_per_epoch=4, people_per_batch=4, photos_per_person=2),
)
send_jobs()
"""
RUN = "SELECT state, coalesce((checkpoint->>'epoch')::int, 0), steps, best_epoch FROM training_trainingrun"
TABLES = "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND starts_with(relname, 'training_neighbors_')"


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    platform = Platform(tmp_path / "var")
    platform.start()
    yield platform
    if platform.process is not None:
        platform.stop()


def draw(platform: Platform, folder: Path, *, people: int, photos: int, seed: int = 0) -> None:
    numbers = ["--people", str(people), "--photos", str(photos), "--seed", str(seed), "--size", "200"]
    answer = platform.manage("draw_people", str(folder), *numbers, "--verbosity", "0")
    assert answer.returncode == 0, answer.stderr


def state(platform: Platform) -> str:
    return str(platform.rows(RUN)[0][0])


def epoch(platform: Platform) -> int:
    return int(platform.rows(RUN)[0][1])


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_run_goes_on_after_its_worker_was_killed_and_succeeds_once(platform: Platform, tmp_path: Path) -> None:
    draw(platform, tmp_path / "drawn", people=14, photos=3)
    answer = platform.manage("import_photos", str(tmp_path / "drawn"), "--gallery", "Drawn", "--create")
    assert answer.returncode == 0, answer.stderr
    draw(platform, tmp_path / "more", people=2, photos=2, seed=100)

    answer = platform.manage("shell", "-c", REQUEST)
    assert answer.returncode == 0, answer.stderr
    platform.wait_for(lambda: epoch(platform) >= 1, "the first epoch is kept")
    trainer = platform.pid_of("trainer")
    os.kill(trainer, signal.SIGSTOP)  # in the middle, for as long as it takes
    answer = platform.manage("import_photos", str(tmp_path / "more"), "--gallery", "Drawn", "--json")
    assert answer.returncode == 0, answer.stderr  # photos do not wait for it
    assert state(platform) == "training"

    platform.kill(trainer)
    kept = epoch(platform)
    platform.wait_for(lambda: platform.pid_of("trainer") != trainer, "another trainer is started")
    # What two minutes of waiting would do for a job whose worker is gone.
    platform.rows("UPDATE faces_job SET heartbeat_at = now() - interval '1 hour' WHERE kind = 'training'")
    platform.wait_for(lambda: state(platform) not in ("queued", "training", "evaluating"), "the run has ended")

    assert state(platform) == "succeeded", platform.rows("SELECT error FROM training_trainingrun")
    assert kept < 8
    assert platform.rows("SELECT count(*), count(DISTINCT number), sum(steps) FROM training_epochrecord") == [
        (9, 9, 32)
    ]
    assert platform.number("SELECT count(*) FROM faces_encoderversion WHERE parent_id IS NOT NULL") == 1
    assert platform.number("SELECT count(*) FROM training_evaluationreport WHERE kind = 'held_out'") == 2
    platform.wait_for(
        lambda: platform.rows("SELECT state FROM faces_job WHERE kind = 'training'") == [("succeeded",)], "the job ends"
    )
    assert platform.number(TABLES) == 0
    assert list((platform.folder / "training").iterdir()) == []
    assert platform.stop() == 0


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_ctrl_c_stops_the_command_and_says_how_to_go_on(tmp_path: Path) -> None:
    installation = Installation(tmp_path / "var")
    try:
        installation.install()
        draw(installation, tmp_path / "drawn", people=12, photos=3)
        installation.start_worker()
        answer = installation.manage("import_photos", str(tmp_path / "drawn"), "--gallery", "Drawn", "--create")
        assert answer.returncode == 0, answer.stderr
        installation.stop_workers()

        tiny = ["--epochs", "50", "--steps-per-epoch", "2", "--photos-per-person", "2"]
        command = installation.begin("train", "--gallery", "drawn", *tiny)
        wait_until(lambda: installation.rows(RUN) != [] and epoch(installation) >= 1, "the first epoch is kept")
        command.send_signal(signal.SIGINT)
        _, err = command.communicate(timeout=120)
        assert command.returncode == 130
        number = installation.number("SELECT id FROM training_trainingrun")
        assert f"`manage.py train --resume {number}` goes on from there." in err
        assert state(installation) == "cancelled"
        assert list((installation.folder / "training").iterdir()) == []
        assert installation.number(TABLES) == 0

        kept = epoch(installation)
        command = installation.begin("train", "--resume", str(number), "--json")
        wait_until(lambda: epoch(installation) > kept, "it goes on")
        installation.rows("UPDATE training_trainingrun SET finish_requested_at = now()")
        out, err = command.communicate(timeout=240)
        assert command.returncode == 0, err
        assert json.loads(out.splitlines()[-1])["run"] == number
        assert state(installation) == "succeeded"
    finally:
        installation.remove()
