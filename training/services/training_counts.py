"""What a gallery has to learn from, in numbers: how much of it is used, and what is left out for which reason."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from faces.models import Face, Gallery, Photo
from training.configuration import TrainingConfiguration
from training.exceptions import TooLittleToLearnError
from training.metrics.types import Counts
from training.mining.sets import Part
from training.services.training_sets import ChosenFaces, choose_faces, count_allowed, usable_faces


@dataclass(frozen=True)
class LeftOut:
    """Faces that are not learned from, and why."""

    faces: int
    reason: str


@dataclass(frozen=True)
class MaterialCounts:
    """What a run with a configuration would use of a gallery.

    Attributes:
        faces: that are used, for whatever.
        people: of whom.
        single: of them, those with one usable photo: others are told apart from them, and no more.
        trained_on, watched, held_out: people in each part; 0 where it is too little.
        missing: why it is too little, in words; empty where a run can begin.
        left_out: most first.
    """

    faces: int
    people: int
    single: int
    trained_on: int
    watched: int
    held_out: int
    missing: str
    left_out: Sequence[LeftOut]


def count_material(gallery: Gallery, configuration: TrainingConfiguration) -> MaterialCounts:
    """Return what a run would use, with as many people in a batch as there are."""
    usable = _, people, photos = usable_faces(gallery)
    everybody, owner = np.unique(people, return_inverse=True)
    pairs = np.unique(np.column_stack([owner, photos]), axis=0)
    of_each = np.bincount(pairs[:, 0], minlength=len(everybody))
    chosen, missing = _chosen(gallery, replace(configuration, people_per_batch=2), usable)
    used = len(people) if chosen is None else len(chosen)
    return MaterialCounts(
        faces=used,
        people=len(everybody) if chosen is None else len(np.unique(chosen.people)),
        single=int((of_each == 1).sum()),
        trained_on=0 if chosen is None else chosen.people_in(Part.TRAINED_ON),
        watched=0 if chosen is None else chosen.people_in(Part.WATCHED),
        held_out=0 if chosen is None else chosen.people_in(Part.HELD_OUT),
        missing=missing,
        left_out=_left_out(gallery, usable=len(people), used=used),
    )


def _chosen(
    gallery: Gallery, configuration: TrainingConfiguration, usable: tuple[Counts, Counts, Counts]
) -> tuple[ChosenFaces | None, str]:
    try:
        return choose_faces(gallery, configuration, usable=usable), ""
    except TooLittleToLearnError as error:
        return None, error.detail


def _left_out(gallery: Gallery, *, usable: int, used: int) -> list[LeftOut]:
    faces = Face.objects.of(gallery).order_by()
    nobodys = faces.filter(person__isnull=True).count()
    of_people = faces.filter(person__isnull=False, photo__state=Photo.State.READY).count()
    allowed = count_allowed(gallery)
    found = [
        LeftOut(of_people - allowed, "show somebody who withheld consent, or whose consent has run out"),
        LeftOut(allowed - usable, "are of too poor quality"),
        LeftOut(usable - used, "are more than a run takes"),
        LeftOut(nobodys, "belong to nobody yet"),
    ]
    return sorted((each for each in found if each.faces > 0), key=lambda each: -each.faces)
