"""Galleries whose error rates were measured: rows in the database beside figures of made-up people."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from faces.models import Face, Gallery
from tests import factories
from tests.training.made import figures
from training.metrics.figures import Confusion, Figures
from training.models import EvaluationReport


@cache
def made(people: int = 60, photos: int = 4) -> Figures:
    """Figures that take a moment, once."""
    return figures(people, photos)


def report(*, gallery: Gallery, figures: Figures | None = None, **values: Any) -> EvaluationReport:
    """The gallery's newest evaluation by the version that serves it."""
    figures = figures or made()
    people = figures.recognition.size
    defaults: dict[str, Any] = {
        "kind": EvaluationReport.Kind.GALLERY,
        "gallery": gallery,
        "encoder_version": gallery.encoder_version,
        "measured_on": f"Gallery “{gallery.name}”: {people} made-up people",
        "people": people,
        "photos": int(figures.recognition.mated),
        "mated": int(figures.recognition.mated),
        "non_mated": int(figures.recognition.non_mated),
        "figures": figures.as_json(),
    }
    return EvaluationReport.objects.create(**defaults | values)


def enroll(gallery: Gallery, people: int) -> list[Face]:
    """So many more people with one face each."""
    faces = []
    photo = factories.photo(gallery=gallery)
    for number in range(people):
        person = factories.person(gallery=gallery)
        faces.append(factories.face(photo=photo, person=person, vector=factories.axis(number % factories.DIMENSION)))
    return faces


def confusing(figures: Figures, faces: Sequence[Face], distances: Sequence[float]) -> Figures:
    """The same figures, with the first two of these faces' people within the first distance, and so on."""
    pairs = zip(faces[::2], faces[1::2], distances, strict=False)
    return replace(
        figures,
        confused=[sum(distance <= tau for distance in distances) for tau in figures.taus],
        confusions=[
            Confusion(distance, one.pk, one.person_id or 0, other.person_id or 0) for one, other, distance in pairs
        ],
    )
