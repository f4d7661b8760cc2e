"""How long a run takes: guessed beforehand, and from what it took so far."""

from dataclasses import replace

import pytest

from tests import factories
from tests.training.models.factories import epoch, run
from training.configuration import Layers, TrainingConfiguration
from training.models import TrainingRun
from training.services.run_times import expected_seconds, seconds_left

pytestmark = pytest.mark.django_db

USUAL = TrainingConfiguration()


def test_more_steps_faces_and_epochs_take_longer_and_fewer_layers_take_less() -> None:
    expected = expected_seconds(USUAL, 1000)
    assert expected_seconds(replace(USUAL, steps_per_epoch=2 * USUAL.steps_per_epoch), 1000) > 1.5 * expected
    assert expected_seconds(USUAL, 100_000) > 2 * expected
    assert expected_seconds(replace(USUAL, layers=Layers.LAST), 1000) < expected / 2


def test_a_limit_of_minutes_ends_the_learning() -> None:
    short = expected_seconds(replace(USUAL, epochs=500, minutes=1), 1000)
    assert 60 <= short < 120


def test_earlier_runs_say_how_fast_the_machine_is() -> None:
    configuration = replace(USUAL, epochs=10, steps_per_epoch=100)
    earlier = run(configuration=configuration.as_json())
    epoch(run=earlier, number=0, seconds=1000)
    for number in (1, 2, 3):
        epoch(run=earlier, number=number, steps=100, seconds=51.0, mining_seconds=1.0)
    slower = expected_seconds(configuration, 0)
    assert slower == pytest.approx(500)
    assert expected_seconds(replace(configuration, layers=Layers.HEAD), 0) != pytest.approx(500)


def test_what_is_left_is_what_the_last_epochs_took() -> None:
    going = run(gallery=factories.gallery(), configuration={"epochs": 10}, state=TrainingRun.State.TRAINING)
    records = [epoch(run=going, number=0, seconds=500)]
    assert seconds_left(going, records) is None
    records += [
        epoch(run=going, number=number, seconds=seconds) for number, seconds in ((1, 90), (2, 10), (3, 20), (4, 30))
    ]
    assert seconds_left(going, records) == pytest.approx(6 * 20)
    going.configuration = {"epochs": 10, "minutes": 3}
    assert seconds_left(going, records) == pytest.approx(180 - 150)
    going.state = TrainingRun.State.EVALUATING
    assert seconds_left(going, records) is None
