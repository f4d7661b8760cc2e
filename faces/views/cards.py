"""People and galleries as they stand in lists: with a face to recognize them by, in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Min, Q

from faces.models import Face, Person
from faces.querysets import FaceQuerySet


@dataclass(frozen=True)
class PersonCard:
    """A person with what a list says of them; `cover` is their first face that searches find, else any, else none."""

    person: Person
    cover: Face | None
    faces: int
    enrolled: int


def person_cards(people: Sequence[Person]) -> list[PersonCard]:
    """Return the people with cover and counts, in their order, by two queries."""
    rows = (
        Face.objects.filter(person__in=[person.pk for person in people])
        .order_by()
        .values("person_id")
        .annotate(
            faces=Count("id"),
            enrolled=Count("id", filter=Q(is_enrolled=True)),
            first=Min("id"),
            first_enrolled=Min("id", filter=Q(is_enrolled=True)),
        )
    )
    counts = {row["person_id"]: row for row in rows}
    covers = _with_photo_keys().in_bulk([row["first_enrolled"] or row["first"] for row in counts.values()])
    cards = []
    for person in people:
        row = counts.get(person.pk)
        if row is None:
            cards.append(PersonCard(person, None, 0, 0))
        else:
            cover = covers.get(row["first_enrolled"] or row["first"])
            cards.append(PersonCard(person, cover, row["faces"], row["enrolled"]))
    return cards


def covers_of_galleries(gallery_ids: Sequence[int], *, count: int) -> dict[int, list[Face]]:
    """Return up to `count` faces of different people of each gallery, by three queries for all."""
    if not gallery_ids:
        return {}
    # The first faces of a gallery are often one person's; a few times as many show more people.
    firsts = [
        Person.objects.present().filter(gallery=gallery_id, faces__is_enrolled=True).order_by("id").values("id")[:60]
        for gallery_id in gallery_ids
    ]
    people = [row["id"] for row in (firsts[0].union(*firsts[1:], all=True) if len(firsts) > 1 else firsts[0])]
    rows = Face.objects.filter(person__in=people, is_enrolled=True).order_by().values("person_id")
    faces = _with_photo_keys().in_bulk([row["first"] for row in rows.annotate(first=Min("id"))])
    covers: dict[int, list[Face]] = defaultdict(list)
    for face in sorted(faces.values(), key=lambda face: face.pk):
        if len(covers[face.gallery_id]) < count:
            covers[face.gallery_id].append(face)
    return dict(covers)


def _with_photo_keys() -> FaceQuerySet[Face]:
    return Face.objects.select_related("photo").only("gallery_id", "person_id", "is_enrolled", "photo__key")
