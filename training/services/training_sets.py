"""Which faces a gallery can be learned from, and what each person serves for."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import numpy.typing as npt
from django.db.models import Q
from django.utils import timezone

from encoder.geometry import FaceQuality
from encoder.quality import quality_problems
from faces.models import Face, Gallery, Person, Photo
from faces.querysets import FaceQuerySet
from training.configuration import TrainingConfiguration
from training.exceptions import InvalidConfigurationError, TooLittleToLearnError
from training.metrics.types import Counts, Mask
from training.mining.sets import Part
from training.services.training_parts import (
    FEWEST_JUDGED,
    FEWEST_TRAINED_ON,
    parts_by_share,
    photos_of,
    share_of_each,
    split,
)

FEWEST_PEOPLE = FEWEST_TRAINED_ON + 2 * FEWEST_JUDGED
"""With two photos or more."""

MOST_WATCHED = 4_000
MOST_HELD_OUT = 10_000
"""Faces that are judged: the one set after each epoch, the other at the end by two encoder versions."""

QUALITY_FIELDS = ("size", "sharpness", "brightness", "yaw", "pitch", "roll", "quality")


@dataclass(frozen=True, eq=False)
class ChosenFaces:
    """M faces, by person and then by id.

    Attributes:
        faces, people, photos: (M,) int64, ids.
        parts: (M,) int8, `training.mining.sets.Part`.
    """

    faces: Counts
    people: Counts
    photos: Counts
    parts: npt.NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.faces)

    def only(self, mask: Mask) -> "ChosenFaces":
        """Return those of a (M,) mask."""
        return ChosenFaces(self.faces[mask], self.people[mask], self.photos[mask], self.parts[mask])

    def people_in(self, part: Part) -> int:
        """Return how many people serve for this."""
        return len(np.unique(self.people[self.parts == part]))


def choose_faces(
    gallery: Gallery,
    configuration: TrainingConfiguration,
    *,
    before: datetime | None = None,
    moved: Mapping[str, int] | None = None,
    usable: tuple[Counts, Counts, Counts] | None = None,
) -> ChosenFaces:
    """Choose the faces of a training run.

    Args:
        gallery: whose.
        configuration: how many of them, and the shares of the parts.
        before: faces that came later take no part, so that a run that goes on has the faces it began with.
        moved: what `moved_people` said when the run began: nobody who was trained on shall be judged by, even if
            others left meanwhile.
        usable: what `usable_faces` said, where it was asked already.

    Raises:
        TooLittleToLearnError: there are too few people or photos; the text says what is missing.
        InvalidConfigurationError: a batch has more people than are trained on.
    """
    faces, people, photos = usable_faces(gallery, before) if usable is None else usable
    parts = (
        split(gallery.pk, people, photos, configuration)
        if moved is None
        else parts_by_share(gallery.pk, people, configuration, moved)
    )
    chosen = ChosenFaces(faces, people, photos, parts)
    check_enough(gallery, chosen)
    if moved is None:
        _check_batch(gallery, chosen, configuration)
    kept = np.zeros(len(faces), dtype=np.bool_)
    limits = ((Part.TRAINED_ON, configuration.most_photos, configuration.seed),)
    for part, most, seed in (*limits, (Part.WATCHED, MOST_WATCHED, 0), (Part.HELD_OUT, MOST_HELD_OUT, 0)):
        rows = np.flatnonzero(parts == part)
        kept[rows[share_of_each(people[rows], most, seed)]] = True
    return chosen.only(kept)


def count_allowed(gallery: Gallery) -> int:
    """Return how many faces are of people who may be learned from, whatever their quality."""
    return _allowed(gallery).count()


def still_usable(gallery: Gallery, faces: Counts, people: Counts) -> Mask:
    """Return for each of (M,) faces whether it may still be learned from, and still belongs to this person."""
    order = np.argsort(faces)
    there = np.fromiter(
        (pair for row in _allowed(gallery).values_list("pk", "person_id") for pair in row), dtype=np.int64
    ).reshape(-1, 2)
    place = np.searchsorted(faces[order], there[:, 0])
    is_known = (place < len(faces)) & (faces[order][np.minimum(place, len(faces) - 1)] == there[:, 0])
    rows = order[place[is_known]]
    usable = np.zeros(len(faces), dtype=np.bool_)
    usable[rows] = people[rows] == there[is_known, 1]
    return usable


def moved_people(gallery: Gallery, chosen: ChosenFaces, configuration: TrainingConfiguration) -> dict[str, int]:
    """Return the part of everybody who is not where the shares alone would have them, by id; few, in any gallery."""
    by_share = parts_by_share(gallery.pk, chosen.people, configuration, {})
    moved = chosen.parts != by_share
    pairs = zip(chosen.people[moved].tolist(), chosen.parts[moved].tolist(), strict=True)
    return {str(person): part for person, part in pairs}


def check_enough(gallery: Gallery, chosen: ChosenFaces) -> None:
    """Make sure that there are people to learn from and to judge by.

    Raises:
        TooLittleToLearnError: not enough.
    """
    everybody, owner = np.unique(chosen.people, return_inverse=True)
    in_pairs = int((photos_of(owner, chosen.photos, len(everybody)) >= 2).sum())
    if not len(everybody):
        raise TooLittleToLearnError(
            f"Nobody in gallery “{gallery.name}” has a photo to learn from. A face counts that belongs to a person, "
            "is of good enough quality, and is in a photo of nobody who withheld consent."
        )
    needed = (
        f"Training needs at least {FEWEST_PEOPLE}: {FEWEST_TRAINED_ON} to train on, {FEWEST_JUDGED} to choose the best "
        f"epoch by and {FEWEST_JUDGED} to judge the outcome by."
    )
    if not in_pairs:
        raise TooLittleToLearnError(
            f"All {len(everybody):,} people of gallery “{gallery.name}” have one usable photo only, and training "
            f"compares photos of the same person. Add a second photo of some people. {needed}",
            people=0,
            needed=FEWEST_PEOPLE,
        )
    if in_pairs < FEWEST_PEOPLE:
        are = "person has" if in_pairs == 1 else "people have"
        raise TooLittleToLearnError(
            f"{in_pairs:,} {are} two or more usable photos in gallery “{gallery.name}”. {needed}",
            people=in_pairs,
            needed=FEWEST_PEOPLE,
        )


def _check_batch(gallery: Gallery, chosen: ChosenFaces, configuration: TrainingConfiguration) -> None:
    there = chosen.people_in(Part.TRAINED_ON)
    if configuration.people_per_batch > there:
        text = (
            f"{there:,} people of gallery “{gallery.name}” can be trained on; a batch of "
            f"{configuration.people_per_batch} people does not fit. Take {min(there, 256)} or fewer people in a batch."
        )
        raise InvalidConfigurationError(text, fields={"people_per_batch": text}, people=there)


def usable_faces(gallery: Gallery, before: datetime | None = None) -> tuple[Counts, Counts, Counts]:
    """Return (M,) ids of the faces that may be learned from, of their people and photos: by person, then by face."""
    allowed = _allowed(gallery)
    if before is not None:
        allowed = allowed.filter(created_at__lt=before)
    rows = np.fromiter((number for row in _of_good_quality(allowed) for number in row), dtype=np.int64).reshape(-1, 3)
    rows = rows[np.lexsort((rows[:, 0], rows[:, 1]))]
    return rows[:, 0].copy(), rows[:, 1].copy(), rows[:, 2].copy()


def _of_good_quality(allowed: FaceQuerySet[Face]) -> Iterator[tuple[int, int, int]]:
    names = ("pk", "person_id", "photo_id", "is_enrolled", *QUALITY_FIELDS)
    for pk, person, photo, is_enrolled, *quality in allowed.values_list(*names).iterator(chunk_size=10_000):
        if is_enrolled or not quality_problems(FaceQuality(*quality)):
            yield pk, person, photo


def _allowed(gallery: Gallery) -> FaceQuerySet[Face]:
    """Faces of people who may be learned from, in photos of nobody who may not."""
    barred = _barred_people(gallery)
    of_people = Face.objects.of(gallery).filter(person__isnull=False, photo__state=Photo.State.READY).order_by()
    if not barred:
        return of_people
    shows_them = Q(pk__in=Face.objects.of(gallery).filter(person__in=barred).values("photo"))
    shown = Photo.objects.of(gallery).filter(shows_them | Q(portrait_of__in=barred)).values("pk")
    return of_people.exclude(person__in=barred).exclude(photo__in=shown)


def _barred_people(gallery: Gallery) -> set[int]:
    """Those who withheld consent or whose consent has run out, and whoever such a person was merged into.

    What somebody said under another name counts, unless consent was given under the present one.
    """
    rows = Person.objects.of(gallery).values_list("pk", "consent", "consent_until", "merged_into")
    today = timezone.localdate()
    refuses = Q(consent=Person.Consent.WITHHELD) | Q(consent_until__lt=today)
    merged = {pk: into for pk, _, _, into in rows.filter(refuses, merged_into__isnull=False)}
    barred = set(Person.objects.of(gallery).filter(refuses).values_list("pk", flat=True))
    return barred | _in_whose_name(gallery, merged.values(), today)


def _in_whose_name(gallery: Gallery, targets: Collection[int | None], today: date) -> set[int]:
    """Those of these people, and of whoever they were merged into, who did not give consent under their own name."""
    found: set[int] = set()
    waiting = {target for target in targets if target is not None}
    while waiting:
        there = (
            Person.objects.of(gallery)
            .filter(pk__in=waiting)
            .exclude(Q(consent=Person.Consent.GIVEN) & (Q(consent_until__isnull=True) | Q(consent_until__gte=today)))
        )
        reached = dict(there.values_list("pk", "merged_into"))
        found |= set(reached)
        waiting = {into for into in reached.values() if into is not None} - found
    return found
