"""Rows of the training app for tests: one function a noun, everything optional."""

from typing import Any

from faces.models import Face, Gallery
from tests import factories
from training.configuration import TrainingConfiguration
from training.models import EpochRecord, EvaluationReport, ReviewItem, TrainingRun


def run(*, gallery: Gallery | None = None, **values: Any) -> TrainingRun:
    """A run that waits."""
    gallery = gallery or factories.gallery()
    defaults: dict[str, Any] = {
        "parent": gallery.encoder_version,
        "configuration": TrainingConfiguration().as_json(),
    }
    return TrainingRun.objects.create(gallery=gallery, **defaults | values)


def epoch(*, run: TrainingRun, **values: Any) -> EpochRecord:
    """The first epoch, with nothing measured."""
    return EpochRecord.objects.create(run=run, **{"number": 1} | values)


def report(**values: Any) -> EvaluationReport:
    """A report on the pairs of a file."""
    defaults: dict[str, Any] = {
        "kind": EvaluationReport.Kind.PAIRS,
        "measured_on": "100 photos of 20 drawn people",
        "people": 20,
        "photos": 100,
        "mated": 200,
        "non_mated": 4750,
    }
    if "encoder_version" not in values:
        values["encoder_version"] = factories.encoder_version()
    return EvaluationReport.objects.create(**defaults | values)


def question(first: Face, second: Face, **values: Any) -> ReviewItem:
    """Whether the people of two faces are one."""
    defaults: dict[str, Any] = {
        "kind": ReviewItem.Kind.DUPLICATE_PERSON,
        "distance": 0.01,
        "first_person_id": first.person_id,
        "second_person_id": second.person_id,
    }
    return ReviewItem.objects.create(
        gallery_id=first.gallery_id, first_face=first, second_face=second, **defaults | values
    )
