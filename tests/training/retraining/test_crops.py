"""Faces are cut out as the encode workers cut them, each once, into a file that is mapped into memory."""

from pathlib import Path

import numpy as np
import pytest

from encoder.geometry import BoundingBox, Landmarks
from encoder.images import decode_image
from encoder.pipeline import FaceEncoder
from faces.models import Face, Gallery
from tests import factories
from tests.training.services.learned import faces_of, gallery_of
from training.configuration import TrainingConfiguration
from training.mining.sets import Part
from training.retraining import crops
from training.retraining.crops import cut_crops
from training.services.training_sets import choose_faces

pytestmark = pytest.mark.django_db

SMALL = TrainingConfiguration(people_per_batch=4)


@pytest.fixture(scope="module")
def encoder() -> FaceEncoder:
    return FaceEncoder.load(device="cpu")


@pytest.fixture
def gallery() -> Gallery:
    """Twelve people; one photo shows two of them, one person is in it twice as large."""
    gallery = gallery_of([2] * 12)
    shared = Face.objects.of(gallery).order_by("pk")[3]
    other = Face.objects.of(gallery).order_by("pk")[10]
    factories.face(photo=shared.photo, person=other.person, box=BoundingBox(5, 8, 60, 70))
    return gallery


def test_each_crop_is_what_the_encoder_cuts_out_of_the_photo(
    gallery: Gallery, encoder: FaceEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crops, "PHOTOS_AT_ONCE", 7)
    chosen = choose_faces(gallery, SMALL)
    done: list[int] = []
    material = cut_crops(chosen, encoder, tmp_path / "crops.npy", progress=done.append)
    assert (len(material.faces), sum(done), material.unreadable) == (25, 25, 0)
    assert material.faces.faces.tolist() == chosen.faces.tolist()
    assert material.faces.crops.shape == (25, 150, 150, 3)
    assert material.faces.crops.dtype == np.uint8
    assert not material.faces.crops.flags.writeable
    for row, pk in enumerate(chosen.faces.tolist()):
        face = Face.objects.select_related("photo").get(pk=pk)
        with face.photo.file.open("rb") as file:
            pixels = decode_image(file.read()).pixels
        expected = encoder.align([pixels], [[Landmarks.from_array(face.landmarks)]])[0]
        difference = np.abs(material.faces.crops[row].astype(int) - expected.astype(int))
        assert difference.max() <= 1


def test_faces_that_cannot_be_read_leave_no_gap(gallery: Gallery, encoder: FaceEncoder, tmp_path: Path) -> None:
    chosen = choose_faces(gallery, SMALL)
    whole = cut_crops(chosen, encoder, tmp_path / "whole.npy")
    rows = [0, 7, 24]
    for pk in chosen.faces[rows].tolist():
        photo = Face.objects.get(pk=pk).photo
        photo.file.storage.delete(str(photo.file.name))
    left = cut_crops(chosen, encoder, tmp_path / "left.npy")
    kept = np.array([row for row in range(25) if int(whole.faces.faces[row]) in left.faces.faces.tolist()])
    assert left.unreadable == 25 - len(kept) >= 3
    assert np.array_equal(left.faces.crops, whole.faces.crops[kept])
    assert np.array_equal(left.photos, whole.photos[kept])
    assert np.array_equal(left.faces.parts, whole.faces.parts[kept])


def test_dropped_faces_stay_where_they_are_and_serve_for_nothing(
    gallery: Gallery, encoder: FaceEncoder, tmp_path: Path
) -> None:
    chosen = choose_faces(gallery, SMALL)
    material = cut_crops(chosen, encoder, tmp_path / "crops.npy")
    leaver = Face.objects.of(gallery).order_by("pk")[0].person
    assert leaver is not None
    gone = np.isin(material.faces.faces, list(faces_of(leaver)))
    left = material.without(gone)
    assert len(left.faces) == 25
    rows = np.concatenate([left.faces.rows_of(part) for part in Part])
    assert sorted(rows.tolist()) == np.flatnonzero(~gone).tolist()
    assert leaver.pk not in left.usable.people
    assert len(left.usable) == 25 - int(gone.sum())
