"""The learning rate from step to step."""

import pytest

from training.configuration import Schedule, TrainingConfiguration
from training.learning.schedule import LEAST_SHARE, learning_rate


def rates(schedule: Schedule, *, warm_up: int, total: int) -> list[float]:
    configuration = TrainingConfiguration(learning_rate=1.0, warm_up_steps=warm_up, schedule=schedule)
    return [learning_rate(configuration, step=step, total_steps=total) for step in range(total + 2)]


def test_it_rises_evenly_and_then_stays() -> None:
    assert rates(Schedule.CONSTANT, warm_up=4, total=6) == [0.25, 0.5, 0.75, 1, 1, 1, 1, 1]


def test_it_rises_and_falls_along_a_cosine_to_its_least_and_stays_there() -> None:
    found = rates(Schedule.COSINE, warm_up=2, total=6)
    middle = (1 + LEAST_SHARE) / 2
    assert found[:3] == [0.5, 1, 1]
    assert found[4] == pytest.approx(middle)
    assert found[6:] == pytest.approx([LEAST_SHARE, LEAST_SHARE])
    assert found[2] > found[3] > found[4] > found[5] > found[6]


def test_without_a_warm_up_it_begins_at_its_highest() -> None:
    assert rates(Schedule.COSINE, warm_up=0, total=5)[0] == 1


def test_a_run_that_is_shorter_than_its_warm_up_only_rises() -> None:
    assert rates(Schedule.COSINE, warm_up=10, total=3)[:4] == pytest.approx([0.1, 0.2, 0.3, 0.4])
