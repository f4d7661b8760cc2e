"""The settings of one run or several, side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from training.configuration import TrainingConfiguration
from training.services.run_words import GROUPS, Setting, words_of


@dataclass(frozen=True)
class SettingRow:
    """A setting of one or several runs.

    Attributes:
        values: in words, a run each.
        differs: whether they are not all the same.
        is_usual: whether all have the value that is usual.
    """

    setting: Setting
    values: Sequence[str]
    differs: bool
    is_usual: bool


def setting_rows(configurations: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[SettingRow]]]:
    """Return all settings of runs (`TrainingRun.configuration`) by group; what a run does not name has its default."""
    usual = TrainingConfiguration().as_json()
    return [
        (group.title, [_setting_row(setting, configurations, usual) for setting in group.settings]) for group in GROUPS
    ]


def _setting_row(setting: Setting, configurations: Sequence[Mapping[str, Any]], usual: Mapping[str, Any]) -> SettingRow:
    default = usual[setting.name]
    values = [configuration.get(setting.name, default) for configuration in configurations]
    return SettingRow(
        setting,
        [words_of(setting.name, value) for value in values],
        differs=any(value != values[0] for value in values),
        is_usual=all(value == default for value in values),
    )
