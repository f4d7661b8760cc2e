"""What a training run is asked to do, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, Self

from training.exceptions import InvalidConfigurationError

LARGEST_SEED = 2**32 - 1
LARGEST_BATCH = 1024
"""Faces in one batch; on a CPU a step of that many takes a gigabyte for each hundred."""


class Schedule(StrEnum):
    """How the learning rate goes on after its warm-up."""

    COSINE = "cosine"
    CONSTANT = "constant"


class Layers(StrEnum):
    """Which layers learn. With LAST and HEAD what comes before them is worked out once and stored."""

    ALL = "all"
    LAST = "last"
    HEAD = "head"


class Augmentation(StrEnum):
    """What is done to faces before the network sees them while it learns.

    USUAL: mirror images, small turns and shifts, light. POOR_CAMERAS: also small, blurred and badly compressed copies
    beside good ones, so that poor probes find good photos.
    """

    NONE = "none"
    USUAL = "usual"
    POOR_CAMERAS = "poor_cameras"


class Negatives(StrEnum):
    """Where the faces of other people come from that an anchor is compared with.

    DATABASE: nearest-neighbor queries of pgvector. BLOCKWISE: the same by an exact product in memory. IN_BATCH: from
    batches of people drawn by chance, chosen as hard and semi-hard as they happen to be there. RANDOM: by chance
    alone.
    """

    DATABASE = "database"
    BLOCKWISE = "blockwise"
    IN_BATCH = "in_batch"
    RANDOM = "random"


@dataclass(frozen=True, kw_only=True)
class TrainingConfiguration:
    """Everything that decides what a training run does with a gallery.

    Attributes:
        alpha: the margin of the triplet loss, squared L2.
        epochs: most of them; before each, negatives are looked for anew.
        minutes: most of them, None for any number; whichever of the two comes first.
        steps_per_epoch: batches in an epoch.
        people_per_batch: P.
        photos_per_person: K; a person with fewer is in a batch with what there is, twice perhaps.
        learning_rate: at its highest, after the warm-up.
        warm_up_steps: it rises to that in so many.
        schedule: how it goes on.
        layers: which of them learn.
        augmentation: what is done to faces.
        negatives: where they come from.
        hard_share, semi_hard_share, random_share: of the negatives; 1 together.
        parent_weight: how much the distance from the parent's embedding of the same face counts beside the triplet
            loss; 0 lets it drift.
        uses_guard: whether pairs of faces too alike to be two people are kept from being negatives.
        held_out_share: of the people, by whom the outcome is judged.
        watched_share: of the people, by whom the best epoch is chosen. Neither of the two is trained on.
        most_photos: faces that are trained on at most; of more, a share of each person's.
        seed: of everything that is drawn by chance.
        device: "auto", "cpu", "cuda" or "cuda:N", of the worker.
    """

    alpha: float = 0.2
    epochs: int = 10
    minutes: float | None = None
    steps_per_epoch: int = 100
    people_per_batch: int = 16
    photos_per_person: int = 4
    learning_rate: float = 2e-4
    warm_up_steps: int = 50
    schedule: Schedule = Schedule.COSINE
    layers: Layers = Layers.ALL
    augmentation: Augmentation = Augmentation.USUAL
    negatives: Negatives = Negatives.DATABASE
    hard_share: float = 0.3
    semi_hard_share: float = 0.6
    random_share: float = 0.1
    parent_weight: float = 1.0
    uses_guard: bool = True
    held_out_share: float = 0.2
    watched_share: float = 0.1
    most_photos: int = 20_000
    seed: int = 0
    device: str = "auto"

    @property
    def batch(self) -> int:
        """Faces in one batch."""
        return self.people_per_batch * self.photos_per_person

    def problems(self) -> dict[str, str]:
        """Return what is wrong with it: for each field a sentence that says what would be right."""
        found = {name: text for name, text in (_range_problem(self, *limits) for limits in _RANGES) if text}
        if self.minutes is not None and not 0 < self.minutes <= 10_080:
            found["minutes"] = f"A run lasts more than 0 and at most 10,080 minutes (a week), not {self.minutes:g}."
        if "people_per_batch" not in found and "photos_per_person" not in found and self.batch > LARGEST_BATCH:
            found["people_per_batch"] = (
                f"A batch has at most {LARGEST_BATCH:,} faces; {self.people_per_batch} people with "
                f"{self.photos_per_person} photos each are {self.batch:,}. Take fewer of either."
            )
        if not re.fullmatch(r"auto|cpu|cuda(:\d{1,3})?", self.device):
            found["device"] = f"A device is “auto”, “cpu”, “cuda” or “cuda:N”, not “{self.device}”."
        shares = self.hard_share + self.semi_hard_share + self.random_share
        if not {"hard_share", "semi_hard_share", "random_share"} & set(found) and abs(shares - 1) > 1e-6:
            found["hard_share"] = f"The shares of hard, semi-hard and random negatives are 1 together, not {shares:g}."
        if "held_out_share" not in found and "watched_share" not in found:
            left = 1 - self.held_out_share - self.watched_share
            if left < 0.3 - 1e-9:
                found["held_out_share"] = f"At least 30 % of the people have to be trained on; {left:.0%} are left."
        return found

    def checked(self) -> Self:
        """Return it, as it is.

        Raises:
            InvalidConfigurationError: something is wrong; `params["fields"]` has the sentences of `problems`.
        """
        if found := self.problems():
            raise InvalidConfigurationError(" ".join(found.values()), fields=found)
        return self

    def as_json(self) -> dict[str, Any]:
        """Return what `from_json` takes."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Make one of names and values; what is not named has its default.

        Raises:
            InvalidConfigurationError: a name that does not exist, or a value of another kind. Ranges are not checked.
        """
        kinds = {field.name: field.type for field in fields(cls)}
        if unknown := sorted(set(values) - set(kinds)):
            raise InvalidConfigurationError(
                f"A training run has no {', '.join(unknown)}. It has {', '.join(kinds)}.",
                fields=dict.fromkeys(unknown, "There is no such setting."),
            )
        read: dict[str, Any] = {}
        wrong: dict[str, str] = {}
        for name, value in values.items():
            try:
                read[name] = _READERS[str(kinds[name])](value)
            except (TypeError, ValueError):
                wrong[name] = _wrong(name, str(kinds[name]), value)
        if wrong:
            raise InvalidConfigurationError(" ".join(wrong.values()), fields=wrong)
        return cls(**read)


_CHOICES: Mapping[str, type[StrEnum]] = {
    "Schedule": Schedule,
    "Layers": Layers,
    "Augmentation": Augmentation,
    "Negatives": Negatives,
}
_WORDS = {"float": "a number", "float | None": "a number or nothing", "int": "a whole number", "bool": "true or false"}


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return float(value)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError
    return value


def _of(kind: type) -> Any:
    def read(value: Any) -> Any:
        if not isinstance(value, kind):
            raise TypeError
        return value

    return read


_READERS: Mapping[str, Any] = {
    "float": _number,
    "float | None": lambda value: None if value is None else _number(value),
    "int": _whole,
    "bool": _of(bool),
    "str": _of(str),
    **_CHOICES,
}


def _wrong(name: str, kind: str, value: Any) -> str:
    if kind in _CHOICES:
        return f"{name} is one of {', '.join(_CHOICES[kind])}, not {value!r}."
    return f"{name} is {_WORDS.get(kind, 'text')}, not {value!r}."


# name, the smallest, the largest, what it is
_RANGES: tuple[tuple[str, float, float, str], ...] = (
    ("alpha", 0.005, 1.0, "The margin alpha, in squared distances of 0 to 4, is"),
    ("epochs", 1, 1_000, "The number of epochs is"),
    ("steps_per_epoch", 1, 10_000, "The number of steps in an epoch is"),
    ("people_per_batch", 2, 256, "The number of people in a batch is"),
    ("photos_per_person", 2, 32, "The number of photos of each person in a batch is"),
    ("learning_rate", 1e-8, 1e-2, "The learning rate is"),
    ("warm_up_steps", 0, 10_000, "The number of steps of the warm-up is"),
    ("hard_share", 0, 1, "The share of hard negatives is"),
    ("semi_hard_share", 0, 1, "The share of semi-hard negatives is"),
    ("random_share", 0, 1, "The share of random negatives is"),
    ("parent_weight", 0, 100, "The weight of the parent is"),
    ("held_out_share", 0.05, 0.6, "The share of people who are held out is"),
    ("watched_share", 0.05, 0.6, "The share of people by whom the best epoch is chosen is"),
    ("most_photos", 10, 1_000_000, "The number of faces that are trained on is"),
    ("seed", 0, LARGEST_SEED, "The seed is"),
)


def _range_problem(
    configuration: TrainingConfiguration, name: str, low: float, high: float, begins: str
) -> tuple[str, str]:
    value = getattr(configuration, name)
    inside = low <= value <= high  # False for NaN
    return name, "" if inside else f"{begins} from {low:,g} to {high:,g}, not {value:g}."
