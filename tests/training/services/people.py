"""Galleries of people who are random vectors, and what loops find in them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from encoder.templates import template
from faces.models import Embedding, Gallery, Photo, Template
from tests import factories

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Known:
    """An enrolled face, as stored."""

    face: int
    person: int
    photo: int
    quality: float
    vector: Vector


def random_gallery(people: int = 7, *, seed: int = 3, dimension: int = 6, spread: float = 0.5) -> Gallery:
    """One to four photos of each person; the first photo of every third one shows the next person, too."""
    rng = np.random.default_rng(seed)
    gallery = factories.gallery()
    rows = [factories.person(gallery=gallery) for _ in range(people)]
    centers = rng.standard_normal((people, dimension))
    photos: list[Photo] = []
    for number, person in enumerate(rows):
        for index in range(int(rng.integers(1, 5))):
            is_shared = index == 0 and number % 3 == 1
            photo = photos[-1] if is_shared else factories.photo(gallery=gallery)
            photos.append(photo)
            short = centers[number] + spread * rng.standard_normal(dimension)
            vector = np.zeros(factories.DIMENSION, dtype=np.float32)
            vector[:dimension] = short / np.linalg.norm(short)
            factories.face(person=person, photo=photo, vector=vector)
    return gallery


def known_faces(gallery: Gallery) -> list[Known]:
    """All enrolled faces, as the database has them."""
    rows = Embedding.objects.searchable(gallery, gallery.encoder_version).select_related("face")
    return [
        Known(row.face_id, row.person_id or 0, row.face.photo_id, row.face.quality, _as_stored(row.vector))
        for row in rows.order_by("person_id", "face_id")
    ]


def templates_of(gallery: Gallery) -> dict[int, Vector]:
    """The stored template of each person."""
    rows = Template.objects.searchable(gallery, gallery.encoder_version)
    return {row.person_id: _as_stored(row.vector) for row in rows.order_by("person_id")}


def _as_stored(vector: Sequence[float]) -> Vector:
    """The database sends half floats as short decimal numbers."""
    return np.array(vector, np.float16).astype(np.float64)


def apart(a: Vector, b: Vector) -> float:
    """Squared distance."""
    return sum((float(x) - float(y)) ** 2 for x, y in zip(a, b, strict=True))


def own_distance(face: Known, faces: list[Known]) -> float:
    """To the template of the same person's faces in other photos."""
    others = [other for other in faces if other.person == face.person and other.photo != face.photo]
    if not others:
        return float("inf")
    made = template(np.stack([other.vector for other in others]), np.array([other.quality for other in others]))
    return apart(face.vector, made.vector.astype(np.float16).astype(np.float64))


def pairs_of(faces: list[Known]) -> Iterator[tuple[Known, Known]]:
    """Every two faces of different photos, once."""
    for number, face in enumerate(faces):
        for other in faces[:number]:
            if face.photo != other.photo:
                yield face, other
