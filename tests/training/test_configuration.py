"""What a run may be asked to do, and what is said of what it may not."""

import json
import math
from dataclasses import fields, replace
from typing import Any

import pytest

from training.configuration import LARGEST_SEED, Augmentation, Layers, Negatives, Schedule, TrainingConfiguration
from training.exceptions import InvalidConfigurationError

USUAL = TrainingConfiguration()


def test_the_usual_settings_are_right() -> None:
    assert USUAL.problems() == {}
    assert USUAL.checked() is USUAL
    assert USUAL.batch == USUAL.people_per_batch * USUAL.photos_per_person


@pytest.mark.parametrize(
    ("name", "right", "wrong", "says"),
    [
        ("alpha", [0.005, 1.0], [0, 5, -0.1, math.nan, math.inf], "The margin alpha, in squared distances of 0 to 4"),
        ("epochs", [1, 1000], [0, 1001], "The number of epochs is from 1 to 1,000"),
        ("minutes", [None, 0.1, 10_080], [0, -1, 10_081, math.nan], "A run lasts more than 0"),
        ("steps_per_epoch", [1, 10_000], [0, 10_001], "The number of steps in an epoch"),
        ("people_per_batch", [2, 256], [1, 257], "The number of people in a batch"),
        ("photos_per_person", [2, 32], [1, 33], "The number of photos of each person"),
        ("learning_rate", [1e-8, 1e-2], [0, 0.1, math.nan], "The learning rate"),
        ("warm_up_steps", [0, 10_000], [-1, 10_001], "The number of steps of the warm-up"),
        ("parent_weight", [0, 100], [-1, 101], "The weight of the parent"),
        ("held_out_share", [0.05, 0.6], [0, 0.61], "The share of people who are held out"),
        ("watched_share", [0.05, 0.5], [0.01, 0.61], "The share of people by whom the best epoch is chosen"),
        ("most_photos", [10, 1_000_000], [9, 1_000_001], "The number of faces that are trained on"),
        ("seed", [0, LARGEST_SEED], [-1, LARGEST_SEED + 1], "The seed"),
        (
            "device",
            ["auto", "cpu", "cuda", "cuda:1"],
            ["", "gpu", "cuda:", "cpu; rm", "cuda:1\n"],
            "A device is “auto”",
        ),
    ],
)
def test_each_setting_has_its_range_and_says_it(name: str, right: list[Any], wrong: list[Any], says: str) -> None:
    for value in right:
        configuration = replace(USUAL, **{"photos_per_person": 2, name: value})
        assert configuration.problems() == {}, value
    for value in wrong:
        problems = replace(USUAL, **{name: value}).problems()
        assert list(problems) == [name], value
        assert problems[name].startswith(says)


def test_a_batch_is_bounded_as_a_whole() -> None:
    assert replace(USUAL, people_per_batch=32, photos_per_person=32).problems() == {}
    problems = replace(USUAL, people_per_batch=64, photos_per_person=32).problems()
    assert problems == {
        "people_per_batch": "A batch has at most 1,024 faces; 64 people with 32 photos each are 2,048. "
        "Take fewer of either."
    }


def test_shares_of_negatives_come_to_one() -> None:
    assert replace(USUAL, hard_share=1, semi_hard_share=0, random_share=0).problems() == {}
    problems = replace(USUAL, hard_share=0.5, semi_hard_share=0.6, random_share=0.1).problems()
    assert problems == {"hard_share": "The shares of hard, semi-hard and random negatives are 1 together, not 1.2."}
    assert set(replace(USUAL, hard_share=-0.1, random_share=0.5).problems()) == {"hard_share"}


def test_enough_people_are_left_to_train_on() -> None:
    assert replace(USUAL, held_out_share=0.4, watched_share=0.3).problems() == {}
    problems = replace(USUAL, held_out_share=0.45, watched_share=0.3).problems()
    assert problems == {"held_out_share": "At least 30 % of the people have to be trained on; 25% are left."}


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(InvalidConfigurationError) as refused:
        replace(USUAL, alpha=0, epochs=0).checked()
    assert refused.value.detail == (
        "The margin alpha, in squared distances of 0 to 4, is from 0.005 to 1, not 0. "
        "The number of epochs is from 1 to 1,000, not 0."
    )
    assert set(refused.value.params["fields"]) == {"alpha", "epochs"}  # type: ignore[call-overload]  # a mapping


def test_it_goes_to_json_and_back() -> None:
    configuration = replace(
        USUAL, minutes=2.5, layers=Layers.LAST, augmentation=Augmentation.POOR_CAMERAS, negatives=Negatives.RANDOM
    )
    assert TrainingConfiguration.from_json(json.loads(json.dumps(configuration.as_json()))) == configuration
    assert TrainingConfiguration.from_json({}) == USUAL
    assert TrainingConfiguration.from_json({"schedule": "constant"}).schedule is Schedule.CONSTANT


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"epoch": 3}, "A training run has no epoch. It has alpha, epochs,"),
        ({"alpha": "0.1"}, "alpha is a number, not '0.1'."),
        ({"epochs": 2.5}, "epochs is a whole number, not 2.5."),
        ({"epochs": True}, "epochs is a whole number, not True."),
        ({"minutes": "long"}, "minutes is a number or nothing, not 'long'."),
        ({"uses_guard": 1}, "uses_guard is true or false, not 1."),
        ({"layers": "most"}, "layers is one of all, last, head, not 'most'."),
        ({"device": 3}, "device is text, not 3."),
    ],
)
def test_what_cannot_be_read_is_named(values: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidConfigurationError) as refused:
        TrainingConfiguration.from_json(values)
    assert refused.value.detail.startswith(says)
    assert set(refused.value.params["fields"]) == set(values)  # type: ignore[call-overload]  # a mapping


def test_every_setting_can_be_read() -> None:
    assert set(USUAL.as_json()) == {field.name for field in fields(TrainingConfiguration)}
