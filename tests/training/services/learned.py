"""A gallery that can be learned from, without an encoder: drawn patterns in place of people."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from encoder.geometry import BoundingBox
from faces.models import Face, Gallery, Person
from tests import factories

SIDE = 120
BOX = BoundingBox(24, 20, 96, 110)


def pattern(person: int, photo: int) -> bytes:
    """The bytes of a picture: of one person's pictures all have the same squares, each in a light of its own."""
    squares = np.random.default_rng(person).integers(40, 200, (10, 10, 3))
    noise = np.random.default_rng((person, photo))
    lit = np.clip(squares * noise.uniform(0.8, 1.2) + noise.normal(0, 12, squares.shape), 0, 255)
    buffer = io.BytesIO()
    image = Image.fromarray(lit.astype(np.uint8)).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    image.save(buffer, "PNG")
    return buffer.getvalue()


def gallery_of(photos: Sequence[int], *, name: str | None = None, **values: Any) -> Gallery:
    """A gallery of people with so many photos each."""
    gallery = factories.gallery(name=name, **values)
    for number, count in enumerate(photos):
        add_person(gallery, number, count)
    return gallery


def add_person(gallery: Gallery, number: int, photos: int, **values: Any) -> Person:
    """A person with so many photos, each of one face."""
    person = factories.person(gallery=gallery, name=f"Person {number}", **values)
    for place in range(photos):
        photo = factories.photo(gallery=gallery, data=pattern(number + 1000 * gallery.pk, place))
        factories.face(photo=photo, person=person, box=BOX)
    return person


def faces_of(person: Person) -> set[int]:
    """The ids of a person's faces."""
    return set(Face.objects.filter(person=person).values_list("pk", flat=True))
