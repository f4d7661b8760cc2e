"""People: made, corrected, merged and deleted."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, connection, transaction

from faces.exceptions import (
    ConflictError,
    DuplicateExternalIdError,
    InvalidRequestError,
    PersonNotFoundError,
)
from faces.models import Face, Gallery, Person, Photo
from faces.querysets import FaceQuerySet, PersonQuerySet

EDITABLE = ("name", "external_id", "metadata", "consent", "consent_purpose", "consent_until")


def create_person(*, gallery: Gallery, name: str, **values: Any) -> Person:
    """Make a person without a face; `values` are fields of `EDITABLE`.

    Raises:
        InvalidRequestError: the name is empty or too long.
        DuplicateExternalIdError: another person of this gallery has that external id.
    """
    return _save(Person(gallery=gallery, name=name), values)


def update_person(*, person: Person, **values: Any) -> Person:
    """Correct a person; `values` are fields of `EDITABLE`. Raises what `create_person` raises."""
    return _save(person, values)


def _save(person: Person, values: dict[str, Any]) -> Person:
    for field, value in values.items():
        if field not in EDITABLE:
            raise InvalidRequestError(f"A person has no “{field}” that can be set; there are {', '.join(EDITABLE)}.")
        setattr(person, field, value)
    person.name = person.name.strip()
    if not 1 <= len(person.name) <= 300:
        raise InvalidRequestError(
            f"A person's name has 1 to 300 characters; this one has {len(person.name)}.",
            length=len(person.name),
        )
    if "\x00" in person.name + person.external_id + person.consent_purpose:
        raise InvalidRequestError("Text about a person cannot contain the character NUL.")
    try:
        with transaction.atomic():
            person.save()
    except IntegrityError as error:
        if "person_external_id_once" not in str(error):
            raise
        raise DuplicateExternalIdError(
            f"Another person of this gallery has the external id “{person.external_id}”.",
            external_id=person.external_id,
        ) from error
    return person


@transaction.atomic
def find_or_create_person(*, gallery: Gallery, name: str) -> tuple[Person, bool]:
    """Return the gallery's first present person of exactly this name, made if there is none; and whether it was made.

    Names may repeat, so no constraint keeps two uploads of one folder from making the person twice at the same
    moment; a lock on the name, held until the end of the transaction, does.
    """
    if "\x00" in name:
        raise InvalidRequestError("A person's name cannot contain the character NUL.")
    same_name = Person.objects.of(gallery).present().filter(name=name.strip()).order_by("id")
    if (found := same_name.first()) is not None:
        return found, False
    lock_names(gallery, [name])
    if (found := same_name.all().first()) is not None:
        return found, False
    return create_person(gallery=gallery, name=name), True


def lock_names(gallery: Gallery, names: Iterable[str]) -> None:
    """Keep everybody else from making people of these names until the transaction ends.

    Whoever needs several names takes them in one call, before writing anything: then nobody waits in a circle.
    """
    in_order = sorted({name.strip() for name in names})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(name, %s)) FROM unnest(%s::text[]) AS name",
            [gallery.pk, in_order],
        )


def get_person(gallery: Gallery, person_id: int) -> Person:
    """Find a person by number, following a merge to the person who is left.

    Raises:
        PersonNotFoundError: no such person in this gallery.
    """
    people: PersonQuerySet[Person] = Person.objects.of(gallery)
    person = people.filter(pk=person_id).first()
    seen = set()
    while person is not None and person.merged_into_id is not None and person.pk not in seen:
        seen.add(person.pk)
        person = people.filter(pk=person.merged_into_id).first()
    if person is None:
        raise PersonNotFoundError(f"There is no person {person_id} in gallery “{gallery.slug}”.", person=person_id)
    return person


def find_person(gallery: Gallery, name_or_id: str) -> Person:
    """Find a person as somebody called them: by number, by external id, or by name; a merge is followed.

    Raises:
        PersonNotFoundError: nobody in this gallery is called so.
        ConflictError: several people are; the text has their numbers.
    """
    called = name_or_id.strip()
    people: PersonQuerySet[Person] = Person.objects.of(gallery)
    by_number = people.filter(pk=int(called)) if called.isdecimal() and len(called) <= 18 else people.none()
    by_external_id = people.filter(external_id=called) if called else people.none()
    for rows in (by_number, by_external_id, people.present().filter(name=called), people.filter(name=called)):
        found = list(rows.order_by("pk").values_list("pk", flat=True)[:10])
        if len(found) > 1:
            numbers = ", ".join(str(pk) for pk in found)
            raise ConflictError(
                f"Several people are called “{called}”. Give a number instead: {numbers}.", people=found
            )
        if found:
            return get_person(gallery, found[0])
    raise PersonNotFoundError(f"There is nobody called “{called}” in gallery “{gallery.slug}”.", person=called)


@transaction.atomic
def merge_people(*, source: Person, target: Person) -> Person:
    """Make two people one: the faces and waiting photos of `source` become those of `target`.

    Raises:
        ConflictError: the two are one already, or live in different galleries.
    """
    if source.pk == target.pk:
        raise ConflictError("A person cannot be merged into themselves.")
    if source.gallery_id != target.gallery_id:
        raise ConflictError("Only people of the same gallery can be merged.")
    list(Person.objects.select_for_update().filter(pk__in=(source.pk, target.pk)).order_by("pk"))
    source.refresh_from_db()
    target.refresh_from_db()
    if source.merged_into_id or target.merged_into_id:
        raise ConflictError("One of the two was merged into somebody else already.")
    Face.objects.filter(person=source).update(person=target)
    Photo.objects.filter(portrait_of=source).update(portrait_of=target)
    source.merged_into = target
    source.save(update_fields=["merged_into", "updated_at"])
    return target


@dataclass(frozen=True)
class Erased:
    """What went with a person."""

    photos: int
    faces: int
    shared_photos: int
    """Photos that stay because they show other faces too; the person's face and embedding in them are gone."""


@dataclass(frozen=True)
class _Traces:
    """Where a person is found: the person and whoever was merged into them, their faces, and the photos of those."""

    people: list[int]
    faces: FaceQuerySet[Face]
    own_photos: set[int]
    shared_photos: set[int]

    def erased(self) -> Erased:
        """Return what an erasure takes away."""
        return Erased(photos=len(self.own_photos), faces=self.faces.count(), shared_photos=len(self.shared_photos))


def _with_merged(person: Person) -> list[int]:
    return [person.pk, *Person.objects.filter(merged_into=person).values_list("pk", flat=True)]


def _traces(person: Person) -> _Traces:
    people = _with_merged(person)
    faces = Face.objects.filter(person__in=people)
    photos = set(faces.values_list("photo_id", flat=True))
    photos |= set(Photo.objects.filter(portrait_of__in=people).values_list("pk", flat=True))
    others = Face.objects.filter(photo__in=photos).exclude(person__in=people)
    shared = set(others.values_list("photo_id", flat=True))
    return _Traces(people=people, faces=faces, own_photos=photos - shared, shared_photos=shared)


def what_goes_with(person: Person) -> Erased:
    """Return what `delete_person` would take away, for whoever is asked to confirm it."""
    return _traces(person).erased()


@transaction.atomic
def delete_person(*, person: Person) -> Erased:
    """Erase a person: their faces, embeddings, and every photo that shows nobody else, with its file."""
    # Photos before people, as workers do who store what they found: then nobody waits in a circle.
    people = _with_merged(person)
    photos = set(Photo.objects.filter(portrait_of__in=people).values_list("pk", flat=True))
    photos |= set(Face.objects.filter(person__in=people).values_list("photo_id", flat=True))
    list(Photo.objects.select_for_update().filter(pk__in=photos).order_by("pk").values_list("pk"))
    traces = _traces(person)
    erased = traces.erased()
    traces.faces.delete()
    Photo.objects.filter(pk__in=traces.own_photos).delete()
    Person.objects.filter(pk__in=traces.people).delete()
    return erased
