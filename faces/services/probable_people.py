"""What an admin does with probable people: name, merge, take apart, dismiss."""

from collections.abc import Collection
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from faces.exceptions import ConflictError, InvalidRequestError
from faces.models import Face, Gallery, Job, Person, ProbablePerson
from faces.querysets import FaceQuerySet
from faces.services.enrollment import assign_faces
from faces.services.people import create_person
from faces.services.proposals import forget_empty, lock_proposals
from faces.services.working import request_work


@dataclass(frozen=True)
class Named:
    """Whose the faces are now: `faces` of them, of which searches find `enrolled`."""

    person: Person
    faces: int
    enrolled: int


def request_grouping(*, gallery: Gallery, user: User | None = None, anew: bool = False) -> Job:
    """Queue the grouping of a gallery's unknown faces; the caller sends it after the commit.

    Args:
        gallery: whose.
        user: who asks.
        anew: give the present groups up, but for those that were dismissed, and begin from the faces.

    Raises:
        ConflictError: it is under way already.
    """
    title = f"Unknown faces of “{gallery.name}”"
    return request_work(
        gallery=gallery, kind=Job.Kind.GROUPING, title=title, parameters={"anew": anew} if anew else {}, user=user
    )


@transaction.atomic
def name_probable_person(
    *, probable: ProbablePerson, name: str, external_id: str = "", without: Collection[int] = ()
) -> Named:
    """Make a new person of a probable one's faces.

    Args:
        probable: whose faces.
        name: of the new person.
        external_id: of the new person; may be empty.
        without: numbers of faces that show somebody else; they are taken out.

    Raises:
        ConflictError: no face is left.
        InvalidRequestError: the name is empty or too long, or a face in `without` is not among them.
        DuplicateExternalIdError: another person of this gallery has that external id.
    """
    _lock(probable)
    person = create_person(gallery=probable.gallery, name=name, external_id=external_id)
    return _give(probable, person, without)


@transaction.atomic
def assign_probable_person(*, probable: ProbablePerson, person: Person, without: Collection[int] = ()) -> Named:
    """Give a probable person's faces to somebody who is known; as `name_probable_person` otherwise.

    Raises:
        ConflictError: no face is left, or the person is of another gallery or was merged into somebody else.
        InvalidRequestError: a face in `without` is not among them.
    """
    _lock(probable)
    return _give(probable, person, without)


def _give(probable: ProbablePerson, person: Person, without: Collection[int]) -> Named:
    _take_out(probable, without)
    faces = list(Face.objects.of(probable.gallery).filter(probable_person=probable))
    if not faces:
        raise ConflictError("No face is left to be named.")
    enrolled = assign_faces(faces=faces, person=person, by=Face.AssignedBy.SUGGESTION)
    forget_empty(probable.gallery)
    return Named(person=person, faces=len(faces), enrolled=enrolled)


@transaction.atomic
def take_out_faces(*, probable: ProbablePerson, faces: Collection[int]) -> int:
    """Take faces out of a probable person; no grouping puts them back.

    Returns:
        How many are left. With none left the probable person is gone.

    Raises:
        InvalidRequestError: one of these numbers is not of a face of this probable person, or there are none.
    """
    if not faces:
        raise InvalidRequestError("Say which faces are somebody else's.")
    _lock(probable)
    _take_out(probable, faces)
    left = probable.faces.count()
    forget_empty(probable.gallery)
    return left


def _take_out(probable: ProbablePerson, faces: Collection[int]) -> None:
    out: FaceQuerySet[Face] = Face.objects.of(probable.gallery).filter(probable_person=probable, pk__in=faces)
    found = set(out.values_list("pk", flat=True))
    strange = sorted(set(faces) - found)
    if strange:
        raise InvalidRequestError(
            f"Face {strange[0]} is not one of probable person {probable.pk}; it may have been named meanwhile.",
            faces=strange,
        )
    if found:
        probable.refused.add(*found)
        out.update(probable_person=None)


@transaction.atomic
def merge_probable_people(*, source: ProbablePerson, target: ProbablePerson) -> ProbablePerson:
    """Make two probable people one: the faces of `source` become those of `target`, and it is looked at again.

    Raises:
        ConflictError: the two are one already, or of different galleries.
    """
    if source.pk == target.pk:
        raise ConflictError("A probable person cannot be merged into itself.")
    if source.gallery_id != target.gallery_id:
        raise ConflictError("Only probable people of the same gallery can be merged.")
    _lock(source)
    _lock(target)
    Face.objects.filter(probable_person=source).update(probable_person=target)
    target.refused.add(*source.refused.exclude(probable_person=target))
    target.refused.remove(*target.faces.all())
    target.dismissed_at = None
    target.save(update_fields=["dismissed_at"])
    forget_empty(target.gallery)
    return target


@transaction.atomic
def dismiss_probable_person(*, probable: ProbablePerson) -> ProbablePerson:
    """Say that nobody needs to look at these faces; later groupings add that person's new ones to them, unseen.

    Raises:
        ConflictError: it is gone.
    """
    _lock(probable)
    if probable.dismissed_at is None:
        probable.dismissed_at = timezone.now()
        probable.save(update_fields=["dismissed_at"])
    return probable


@transaction.atomic
def restore_probable_person(*, probable: ProbablePerson) -> ProbablePerson:
    """Put a dismissed probable person back among those to look at.

    Raises:
        ConflictError: it is gone.
    """
    _lock(probable)
    probable.dismissed_at = None
    probable.save(update_fields=["dismissed_at"])
    return probable


def _lock(probable: ProbablePerson) -> None:
    lock_proposals(probable.gallery)
    now = ProbablePerson.objects.filter(pk=probable.pk).values_list("dismissed_at", flat=True)
    if not now:
        raise ConflictError(
            f"Probable person {probable.pk} is no longer there: the faces were named, merged or grouped anew."
        )
    probable.dismissed_at = now[0]
