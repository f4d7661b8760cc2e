"""The people of a gallery who would be taken for each other at a tau, with their faces."""

from dataclasses import dataclass

from faces.models import Face, Person
from training.services.measured import Measured, confused_at


@dataclass(frozen=True)
class ConfusedPair:
    """Two people, the first of whom has a face within tau of the second one's template.

    Attributes:
        distance: between the two.
        face: of the first person, with photo and person loaded.
        other: a face of the second person, the best there is; None where none is left.
        person: the first person.
        other_person: the second person.
    """

    distance: float
    face: Face
    other: Face | None
    person: Person
    other_person: Person


@dataclass(frozen=True)
class ConfusedPeople:
    """How many pairs were confused when the gallery was measured, and the nearest who are still there."""

    count: int
    pairs: list[ConfusedPair]


def confused_people(measured: Measured, *, tau: float, limit: int) -> ConfusedPeople:
    """Return the nearest pairs within a tau; who was deleted or merged since, or whose face was, drops out.

    Four queries, however many there are.
    """
    gallery = measured.report.gallery_id
    within = [each for each in measured.figures.confusions if each.distance <= tau]
    wanted = {each.person for each in within} | {each.other for each in within}
    people = {person.pk: person for person in Person.objects.filter(gallery=gallery, pk__in=wanted).present()}
    there = set(Face.objects.filter(gallery=gallery, pk__in=[each.face for each in within]).values_list("pk", "person"))
    pairs = [
        each for each in within if each.person in people and each.other in people and (each.face, each.person) in there
    ][:limit]
    best = _best_faces([each.other for each in pairs])
    faces = Face.objects.select_related("photo").in_bulk([each.face for each in pairs])
    return ConfusedPeople(
        count=confused_at(measured.figures, tau),
        pairs=[
            ConfusedPair(each.distance, faces[each.face], best.get(each.other), people[each.person], people[each.other])
            for each in pairs
        ],
    )


def _best_faces(people: list[int]) -> dict[int, Face]:
    faces = Face.objects.filter(person__in=people, is_enrolled=True).order_by("person_id", "-quality", "pk")
    return {face.person_id or 0: face for face in faces.distinct("person_id").select_related("photo")}
