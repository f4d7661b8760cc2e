"""Whom a photo is claimed to show, as an address or a form names it before anything is checked."""

from dataclasses import dataclass
from uuid import UUID

from django.http import QueryDict

from faces.models import Person, Photo

LONGEST_ID = 18
"""Digits of a number that the database takes for an id."""


@dataclass(frozen=True)
class Claim:
    """A person, a stored photo, a name that was typed, or nothing yet."""

    person: Person | None
    photo: Photo | None
    typed: str

    @property
    def gallery_id(self) -> int | None:
        """The gallery of what is named."""
        named = self.person or self.photo
        return named.gallery_id if named is not None else None


def claim_of(values: QueryDict) -> Claim:
    """Read a claim; a number or key that names nobody is left out."""
    return Claim(
        person=_person(values.get("person", "")),
        photo=_photo(values.get("stored", "")),
        typed=values.get("person_name", ""),
    )


def _person(number: str) -> Person | None:
    if not number.isdecimal() or len(number) > LONGEST_ID:
        return None
    return Person.objects.present().filter(pk=int(number)).first()


def _photo(key: str) -> Photo | None:
    try:
        return Photo.objects.filter(key=UUID(key)).first()
    except ValueError:
        return None
