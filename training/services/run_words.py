"""A training run's settings in words: what each is for, in the order in which a page shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from training.configuration import Augmentation, Layers, Negatives, Schedule, TrainingConfiguration
from training.services.report_words import percent


@dataclass(frozen=True)
class Setting:
    """A field of `TrainingConfiguration`, for people.

    Attributes:
        name: of the field.
        label: what it is called.
        help: what it does, and what is usual.
        kind: of what it is: "int", "float", "share", "choice", "bool", "text".
        is_optional: whether it may be left empty.
    """

    name: str
    label: str
    help: str
    kind: str
    is_optional: bool = False


@dataclass(frozen=True)
class Group:
    """Settings that belong together."""

    title: str
    settings: Sequence[Setting]


CHOICES: Mapping[str, Mapping[StrEnum, str]] = {
    "layers": {
        Layers.ALL: "All layers",
        Layers.LAST: "The last layers",
        Layers.HEAD: "The last step alone",
    },
    "augmentation": {
        Augmentation.USUAL: "As usual photos differ",
        Augmentation.POOR_CAMERAS: "As poor cameras see them, too",
        Augmentation.NONE: "As they are",
    },
    "negatives": {
        Negatives.DATABASE: "The nearest, asked of the database",
        Negatives.BLOCKWISE: "The nearest, worked out in memory",
        Negatives.IN_BATCH: "Whoever is in the batch by chance",
        Negatives.RANDOM: "Anybody, by chance",
    },
    "schedule": {
        Schedule.COSINE: "Falling to nothing at the end",
        Schedule.CONSTANT: "The same throughout",
    },
}

GROUPS: Sequence[Group] = (
    Group(
        "How long",
        (
            Setting("epochs", "Epochs", "At most. After each of them the watched people say how good it is.", "int"),
            Setting(
                "minutes",
                "Minutes",
                "At most; empty for as many as it takes. Whichever of the two comes first ends it, and the best epoch "
                "counts.",
                "float",
                is_optional=True,
            ),
            Setting(
                "steps_per_epoch",
                "Steps in an epoch",
                "Batches that are learned from before the nearest other people are looked for anew.",
                "int",
            ),
        ),
    ),
    Group(
        "Photos",
        (
            Setting(
                "augmentation",
                "How photos are changed while it learns",
                "“Poor cameras” makes small, blurred and badly compressed copies beside the good ones: for galleries "
                "of good photos that are searched with poor ones.",
                "choice",
            ),
            Setting(
                "most_photos",
                "Faces to learn from",
                "At most; of more, a share of each person's. Each 20,000 take some 1.4 GB of disk while it runs.",
                "int",
            ),
            Setting(
                "held_out_share",
                "People held out",
                "The share of people by whom the outcome is judged in the end, 0.05 to 0.6. Nothing is learned from "
                "them, in this run or a later one.",
                "share",
            ),
            Setting(
                "watched_share",
                "People watched",
                "The share of people by whom the best epoch is chosen, 0.05 to 0.6. Nothing is learned from them.",
                "share",
            ),
        ),
    ),
    Group(
        "Who is told apart from whom",
        (
            Setting(
                "negatives",
                "Faces of other people",
                "The nearest ones teach most: where the encoder is wrong, or nearly so.",
                "choice",
            ),
            Setting(
                "hard_share",
                "Hard",
                "The share of those that are nearer than the person's own other photo. All three are 1 together.",
                "share",
            ),
            Setting(
                "semi_hard_share",
                "Semi-hard",
                "The share of those that are farther than that, but by less than alpha.",
                "share",
            ),
            Setting("random_share", "By chance", "The share of any others.", "share"),
            Setting(
                "uses_guard",
                "Leave out faces that are too alike to be two people",
                "They are probably one person under two names, or a photo under a wrong one. They become questions for "
                "you instead.",
                "bool",
            ),
        ),
    ),
    Group(
        "How it learns",
        (
            Setting(
                "alpha",
                "Margin alpha",
                "By how much others have to be farther than one's own photos, as a squared distance. 0.1 to 0.3 is "
                "usual.",
                "float",
            ),
            Setting(
                "layers",
                "Layers that learn",
                "With the last layers alone, what comes before them is worked out once: much faster, and less is "
                "learned.",
                "choice",
            ),
            Setting(
                "learning_rate",
                "Learning rate",
                "At its highest. Too high a rate breaks what the parent knows; 0.00005 to 0.0003 is usual.",
                "float",
            ),
            Setting("warm_up_steps", "Steps of warm-up", "It rises to that rate in so many steps.", "int"),
            Setting("schedule", "After the warm-up", "How the rate goes on.", "choice"),
            Setting(
                "parent_weight",
                "Hold on to the parent",
                "How much the distance from the parent's embedding of the same face counts. 0 lets the encoder forget "
                "what it knew of other photos.",
                "float",
            ),
            Setting(
                "people_per_batch", "People in a batch", "More show more neighbors at once and take longer.", "int"
            ),
            Setting(
                "photos_per_person",
                "Photos of each",
                "In a batch. People times photos are at most 1,024 faces.",
                "int",
            ),
        ),
    ),
    Group(
        "Machine",
        (
            Setting("device", "Device", "“auto”, “cpu”, “cuda” or “cuda:1”, of the worker that does it.", "text"),
            Setting(
                "seed",
                "Seed",
                "Of everything that is drawn by chance: the same seed gives the same run on the same device.",
                "int",
            ),
        ),
    ),
)

SETTINGS: Mapping[str, Setting] = {setting.name: setting for group in GROUPS for setting in group.settings}


@dataclass(frozen=True)
class Preset:
    """Settings that go together, under a name.

    Attributes:
        key: in addresses.
        text: when to choose it, and what to expect.
    """

    key: str
    name: str
    icon: str
    text: str
    configuration: TrainingConfiguration


PRESETS: Sequence[Preset] = (
    Preset(
        "usual",
        "Usual photos",
        "photo_camera",
        "People are enrolled and searched with photos of much the same quality. The whole encoder learns.",
        TrainingConfiguration(),
    ),
    Preset(
        "poor-cameras",
        "Poor cameras",
        "videocam",
        "Good photos are searched with poor ones: small, blurred, badly compressed faces of surveillance cameras or "
        "old telephones. The whole encoder learns from copies made as poor as that.",
        TrainingConfiguration(augmentation=Augmentation.POOR_CAMERAS),
    ),
    Preset(
        "quick",
        "Quick: last layers only",
        "bolt",
        "Minutes instead of an hour. A first look at whether a gallery has something to teach.",
        TrainingConfiguration(layers=Layers.LAST),
    ),
)


def preset_of(key: str) -> Preset:
    """Return a preset by its key; the first one for a key that there is not."""
    return next((preset for preset in PRESETS if preset.key == key), PRESETS[0])


def words_of(name: str, value: Any) -> str:
    """Return the value of a setting in words."""
    setting = SETTINGS.get(name)
    if value is None:
        return "no limit"
    if setting is None:
        return str(value)
    if setting.kind == "choice":
        return CHOICES[name].get(value, str(value))
    if setting.kind == "bool":
        return "yes" if value else "no"
    if setting.kind == "share":
        return percent(float(value))
    if setting.kind == "int":
        return f"{value:,}" if name != "seed" else str(value)
    return decimal_words(value) if setting.kind == "float" else str(value)


def decimal_words(value: float) -> str:
    """Return a number without an exponent: "0.00003"."""
    text = f"{Decimal(repr(float(value))):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def lasting_words(seconds: float) -> str:
    """Return how long something takes, as exactly as one wants to know: "0.4 s", "35 s", "12 min", "3 h 20 min"."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    hours, rest = divmod(5 * round(minutes / 5), 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"
