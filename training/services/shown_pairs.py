"""Pairs of faces whose distance changed, with their pictures and people."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from faces.models import Face, Gallery
from training.services.changed_pairs import ChangedPair, ChangedPairs


@dataclass(frozen=True)
class ShownPair:
    """A pair; both faces with photo and person loaded."""

    pair: ChangedPair
    first: Face
    second: Face


@dataclass(frozen=True)
class ShownList:
    """Pairs of one kind that changed in one direction."""

    title: str
    text: str
    pairs: Sequence[ShownPair]


def shown_pairs(found: ChangedPairs, gallery: Gallery) -> list[ShownList]:
    """Return pairs with their faces; those whose face is gone, or is somebody else's by now, drop out. One query."""
    wanted = {face for pair in found.all for face in (pair.first_face, pair.second_face)}
    faces = Face.objects.filter(gallery=gallery, person__isnull=False).select_related("photo", "person")
    there = faces.in_bulk(list(wanted))
    lists = [
        ShownList("Came together", "One person, nearer than before.", _of(found.mated_closer, there)),
        ShownList("Parted", "Two people, farther apart than before.", _of(found.non_mated_apart, there)),
        ShownList("Drifted apart", "One person, farther apart than before.", _of(found.mated_apart, there)),
        ShownList("Became alike", "Two people, nearer than before.", _of(found.non_mated_closer, there)),
    ]
    return [each for each in lists if each.pairs]


def _of(pairs: Iterable[ChangedPair], there: dict[int, Face]) -> list[ShownPair]:
    return [
        ShownPair(pair, there[pair.first_face], there[pair.second_face])
        for pair in pairs
        if pair.first_face in there
        and pair.second_face in there
        and (there[pair.first_face].person_id == there[pair.second_face].person_id) == pair.is_mated
    ]
