"""Groups of unknown faces, written down as probable people: all of them or none."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from faces.models import EncoderVersion, Face, Gallery, ProbablePerson
from faces.services.clustering import Group
from faces.services.neighbor_graph import UnknownFaces

NOBODY = 0
"""Where a face is in no group."""


@dataclass(frozen=True)
class Written:
    """What a grouping came to: `groups` that wait for an admin and the `grouped` faces in them, of which `new`."""

    groups: int
    grouped: int
    new: int

    def text(self) -> str:
        """Say it."""
        if not self.groups:
            return "No two unknown faces are probably one person's."
        return f"{self.groups:,} probable people with {self.grouped:,} faces; {self.new:,} of them are new."


# A face that was named, taken out or moved since it was looked at is not as it was, and stays where it is now.
MOVE = """
    UPDATE faces_face AS face SET probable_person_id = nullif(moved.after, 0)
    FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS moved (id, before, after)
    WHERE face.id = moved.id AND face.person_id IS NULL AND coalesce(face.probable_person_id, 0) = moved.before
"""
INHERIT_REFUSALS = """
    INSERT INTO faces_probableperson_refused (probableperson_id, face_id)
    SELECT heir.after, refused.face_id
    FROM unnest(%s::bigint[], %s::bigint[]) AS heir (before, after)
    JOIN faces_probableperson_refused AS refused ON refused.probableperson_id = heir.before
    ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True)
class _Present:
    """What stands in the database now: faces that are still unknown, with their probable person."""

    groups: dict[int, int]
    dismissed: frozenset[int]
    refusals: frozenset[tuple[int, int]]

    def movable(self, faces: UnknownFaces) -> dict[int, int]:
        """Return face to probable person for those that stand as they did when they were read, and not dismissed."""
        was = dict(zip(faces.ids.tolist(), faces.groups.tolist(), strict=True))
        return {face: now for face, now in self.groups.items() if now == was[face] and now not in self.dismissed}


@transaction.atomic
def write_groups(
    *, gallery: Gallery, encoder_version: EncoderVersion, faces: UnknownFaces, groups: Sequence[Group]
) -> Written:
    """Make the groups probable people.

    A group keeps the probable person that most of its faces are in; what an admin has changed since the faces were
    read comes before what was found. Nobody is left in a group alone, but for what was dismissed.
    """
    lock_proposals(gallery)
    present = _present(gallery, faces)
    kept = _kept(faces, groups, present)
    after: dict[int, int] = {}
    heirs: set[tuple[int, int]] = set()
    without: list[list[int]] = []
    for index, group in enumerate(groups):
        members = [int(faces.ids[member]) for member in group.members]
        target = kept.get(index, NOBODY)
        if target:
            after |= {face: target for face in members if (target, face) not in present.refusals}
            heirs |= {(origin, target) for origin in group.origins if origin != target}
        else:
            without.append(members)
    movable = present.movable(faces)
    new = _new(gallery, encoder_version, [[face for face in group if face in movable] for group in without])
    after |= new
    after = _without_the_lonely(after, present)
    _move({face: (now, after.get(face, NOBODY)) for face, now in movable.items()}, heirs)
    ProbablePerson.objects.filter(pk__in=kept.values(), dismissed_at=None).update(encoder_version=encoder_version)
    forget_empty(gallery)
    return _count(gallery, set(new.values()))


def lock_proposals(gallery: Gallery) -> None:
    """Let nobody else change the gallery's probable people until the transaction ends."""
    Gallery.objects.select_for_update(no_key=True).get(pk=gallery.pk)


def forget_empty(gallery: Gallery) -> None:
    """Delete probable people of whom no face is left, those that were dismissed too."""
    has_faces = Exists(Face.objects.filter(probable_person=OuterRef("pk")))
    ProbablePerson.objects.filter(~has_faces, gallery=gallery).delete()


def _present(gallery: Gallery, faces: UnknownFaces) -> _Present:
    rows = ProbablePerson.objects.filter(gallery=gallery)
    unknown = Face.objects.of(gallery).unassigned().values_list("pk", "probable_person_id")
    looked_at = set(faces.ids.tolist())
    refused = ProbablePerson.refused.through.objects.filter(probableperson__gallery=gallery)
    return _Present(
        groups={face: group or NOBODY for face, group in unknown.iterator() if face in looked_at},
        dismissed=frozenset(rows.filter(dismissed_at__isnull=False).values_list("pk", flat=True)),
        refusals=frozenset(refused.values_list("probableperson_id", "face_id")),
    )


def _kept(faces: UnknownFaces, groups: Sequence[Group], present: _Present) -> dict[int, int]:
    """Return which groups go on as which probable people: each one's most faces decide, then the older one."""
    claims: list[tuple[int, int, int]] = []
    for index, group in enumerate(groups):
        now = Counter(present.groups.get(int(faces.ids[member]), NOBODY) for member in group.members)
        claims += [(-number, person, index) for person, number in now.items() if person != NOBODY]
    kept: dict[int, int] = {}
    taken: set[int] = set()
    for _, person, index in sorted(claims):
        if index not in kept and person not in taken:
            kept[index] = person
            taken.add(person)
    return kept


def _new(gallery: Gallery, encoder_version: EncoderVersion, groups: Iterable[Sequence[int]]) -> dict[int, int]:
    """Make probable people of groups that are none yet; returns face to person."""
    groups = [group for group in groups if len(group) > 1]
    made = ProbablePerson.objects.bulk_create(
        ProbablePerson(gallery=gallery, encoder_version=encoder_version) for _ in groups
    )
    return {face: person.pk for person, group in zip(made, groups, strict=True) for face in group}


def _without_the_lonely(after: dict[int, int], present: _Present) -> dict[int, int]:
    """Leave out faces that would be the only ones of a group that was not dismissed."""
    sizes = Counter(person for face, person in after.items() if face in present.groups)
    return {face: person for face, person in after.items() if sizes[person] > 1 or person in present.dismissed}


def _move(moves: dict[int, tuple[int, int]], heirs: Iterable[tuple[int, int]]) -> None:
    moved = [(face, before, after) for face, (before, after) in moves.items() if before != after]
    with connection.cursor() as cursor:
        if moved:
            cursor.execute(MOVE, [list(column) for column in zip(*moved, strict=True)])
        if pairs := sorted(heirs):
            cursor.execute(INHERIT_REFUSALS, [list(column) for column in zip(*pairs, strict=True)])


def _count(gallery: Gallery, new: set[int]) -> Written:
    shown = Face.objects.of(gallery).filter(probable_person__dismissed_at=None, probable_person__isnull=False)
    rows = shown.order_by().values_list("probable_person_id", flat=True)
    people = Counter(rows.iterator())
    return Written(groups=len(people), grouped=people.total(), new=len(new & people.keys()))
