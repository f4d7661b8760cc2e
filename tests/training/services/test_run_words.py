"""Settings in words: every one has some, presets are valid, and what differs is told."""

from dataclasses import fields
from enum import StrEnum

import pytest

from training.configuration import Augmentation, Layers, TrainingConfiguration
from training.services.run_settings import setting_rows
from training.services.run_words import (
    CHOICES,
    PRESETS,
    SETTINGS,
    lasting_words,
    preset_of,
    words_of,
)

CHOICE_KINDS = {"layers", "augmentation", "negatives", "schedule"}


def test_every_setting_has_words_and_is_shown_once() -> None:
    assert sorted(SETTINGS) == sorted(field.name for field in fields(TrainingConfiguration))
    assert all(setting.label and setting.help.endswith(".") for setting in SETTINGS.values())


def test_every_choice_has_words() -> None:
    assert {name for name, setting in SETTINGS.items() if setting.kind == "choice"} == CHOICE_KINDS == set(CHOICES)
    for name, words in CHOICES.items():
        kind: type[StrEnum] = type(getattr(TrainingConfiguration(), name))
        assert set(words) == set(kind)


def test_presets_are_valid_and_what_their_names_say() -> None:
    assert [preset.configuration.problems() for preset in PRESETS] == [{}] * len(PRESETS)
    usual, poor, quick = (preset_of(key).configuration for key in ("usual", "poor-cameras", "quick"))
    assert usual == TrainingConfiguration()
    assert (poor.augmentation, poor.layers) == (Augmentation.POOR_CAMERAS, Layers.ALL)
    assert quick.layers != Layers.ALL
    assert preset_of("no such preset") == PRESETS[0]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("minutes", None, "no limit"),
        ("minutes", 4.5, "4.5"),
        ("most_photos", 20_000, "20,000"),
        ("seed", 20_000, "20000"),
        ("held_out_share", 0.2, "20 %"),
        ("learning_rate", 3e-5, "0.00003"),
        ("uses_guard", False, "no"),
        ("layers", "all", "All layers"),
        ("layers", "of another version", "of another version"),
    ],
)
def test_a_value_is_told_in_words(name: str, value: object, words: str) -> None:
    assert words_of(name, value) == words


def test_what_differs_and_what_is_unusual_is_told() -> None:
    groups = setting_rows([{"alpha": 0.25}, {"alpha": 0.25, "epochs": 3}])
    rows = {row.setting.name: row for _, rows in groups for row in rows}
    assert {name for name, row in rows.items() if row.differs} == {"epochs"}
    assert {name for name, row in rows.items() if not row.is_usual} == {"alpha", "epochs"}
    assert rows["epochs"].values == [f"{TrainingConfiguration().epochs}", "3"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.42, "0.4 s"), (9.94, "9.9 s"), (10, "10 s"), (99.4, "99 s"), (100, "2 min"), (5940, "99 min"),
     (6000, "1 h 40 min"), (7200, "2 h"), (12_060, "3 h 20 min")],
)  # fmt: skip
def test_how_long_something_takes_is_told_as_exactly_as_one_wants_to_know(seconds: float, words: str) -> None:
    assert lasting_words(seconds) == words
