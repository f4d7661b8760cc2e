"""How things stand when a decision is made again, and what is found out about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from faces.models import EncoderVersion, Face, Person, Threshold


class What(StrEnum):
    """What may change between a decision and now."""

    TAU = "tau"
    ENCODER_VERSION = "encoder_version"
    FACES_FOUND = "faces_found"
    PERSON_DELETED = "person_deleted"
    PERSON_MERGED = "person_merged"
    NEW_PERSON = "new_person"
    TEMPLATE = "template"
    STORED_FACE = "stored_face"
    DISTANCE = "distance"
    ROUTE = "route"
    NOISE = "noise"
    CLASSIFIER = "classifier"
    SOFTWARE = "software"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: whether it is another now, and a sentence that says so."""

    what: What
    is_changed: bool
    sentence: str


@dataclass(frozen=True)
class Decider:
    """What decides: a tau (None where none is set) with its row of the history (None where that was not recorded), and
    an encoder version.
    """

    tau: float | None
    row: Threshold | None
    version: EncoderVersion


@dataclass(frozen=True)
class TemplateNow:
    """A person's template as it stands: its number, and the person's enrolled faces."""

    number: int
    enrolled: int


@dataclass(frozen=True)
class Facts:
    """How things stand now.

    Attributes:
        asked_at: when the decision was made.
        people: those who are still there, merged ones included, by number; with `merged_into` loaded.
        templates: of people, by the encoder version that decided.
        added: how many enrolled faces of each person are younger than the decision.
        faces: the stored faces that were shown, where they are still there.
    """

    asked_at: datetime
    people: Mapping[int, Person]
    templates: Mapping[int, TemplateNow]
    added: Mapping[int, int]
    faces: Mapping[int, Face]

    @property
    def became(self) -> dict[int, int]:
        """Whom people were merged into, by number."""
        return {number: person.merged_into_id for number, person in self.people.items() if person.merged_into_id}

    @property
    def names(self) -> dict[int, str]:
        """Of everybody who is still there."""
        return {number: person.name for number, person in self.people.items()}
