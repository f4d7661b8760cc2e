"""Thumbnails and face crops."""

import io

import numpy as np
import pytest
from django.core.files.storage import default_storage
from PIL import ExifTags, Image

from encoder.geometry import BoundingBox
from encoder.images import decode_image
from faces.exceptions import PhotoNotFoundError
from faces.services.pictures import crop_window, cut_out, face_crop, photo_thumbnail, shrink
from tests import factories

pytestmark = pytest.mark.django_db


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def halves(width: int, height: int, *, orientation: int = 1) -> bytes:
    """A JPEG whose left half is red and right half blue, with an EXIF orientation and a place."""
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    pixels[:, : width // 2, 0] = 255
    pixels[:, width // 2 :, 2] = 255
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Artist] = "somebody"
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "JPEG", exif=exif, quality=95)
    return target.getvalue()


def test_a_thumbnail_keeps_the_shape_and_fits_the_size() -> None:
    photo = factories.photo(data=factories.picture(size=(600, 400)))
    thumbnail = opened(photo_thumbnail(photo, size=150))
    assert (thumbnail.format, thumbnail.size) == ("JPEG", (150, 100))


def test_a_small_photo_is_not_enlarged() -> None:
    photo = factories.photo(data=factories.picture(size=(90, 60)))
    assert opened(photo_thumbnail(photo, size=300)).size == (90, 60)


def test_a_thumbnail_is_turned_upright_and_carries_no_exif() -> None:
    """Orientation 6 is turned a quarter clockwise: what was left comes to the top."""
    photo = factories.photo(data=halves(400, 200, orientation=6), width=200, height=400)
    thumbnail = opened(photo_thumbnail(photo, size=100))
    assert thumbnail.size == (50, 100)
    top, bottom = (np.asarray(thumbnail)[row, 25] for row in (10, 90))
    assert top[0] > 200 > 60 > top[2]
    assert bottom[2] > 200 > 60 > bottom[0]
    assert not thumbnail.getexif()


def test_a_crop_shows_the_face_and_some_of_its_surroundings() -> None:
    photo = factories.photo(data=halves(400, 200))
    face = factories.face(photo=photo, box=BoundingBox(180, 80, 220, 120))
    crop = opened(face_crop(face, size=68))
    assert crop.size == (68, 68)
    left, right = (np.asarray(crop)[34, column] for column in (5, 62))
    assert left[0] > 200 > 60 > left[2]
    assert right[2] > 200 > 60 > right[0]


@pytest.mark.parametrize(
    ("box", "window"),
    [
        (BoundingBox(180, 80, 220, 120), (160, 60, 240, 140)),
        (BoundingBox(0, 0, 40, 40), (0, 0, 80, 80)),
        (BoundingBox(360, 160, 400, 200), (320, 120, 400, 200)),
        (BoundingBox(100, 0, 300, 200), (0, 0, 400, 200)),
        (BoundingBox(10.2, 10.2, 10.4, 10.4), (10, 10, 11, 11)),
    ],
    ids=["inside", "top left corner", "bottom right corner", "as high as the photo", "under a pixel"],
)
def test_a_crop_stays_within_its_photo(box: BoundingBox, window: tuple[int, int, int, int]) -> None:
    assert crop_window(box, 400, 200, margin=0.5) == window


def test_a_photo_whose_file_is_gone_says_so() -> None:
    photo = factories.photo()
    default_storage.delete(str(photo.file.name))
    with pytest.raises(PhotoNotFoundError, match="gone from the storage"):
        photo_thumbnail(photo)


def large(*, orientation: int = 1) -> bytes:
    """A JPEG of 2400 x 1600 pixels with detail everywhere."""
    noise = opened(factories.picture(number=7, size=(240, 160))).resize((2400, 1600), Image.Resampling.BICUBIC)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    target = io.BytesIO()
    noise.save(target, "JPEG", quality=92, exif=exif)
    return target.getvalue()


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_large_photo_looks_the_same_as_if_every_pixel_had_been_decoded(orientation: int) -> None:
    data = large(orientation=orientation)
    whole = decode_image(data).pixels
    box = BoundingBox(900, 300, 1400, 900)
    face = factories.face(photo=factories.photo(data=data), box=box)
    for quick, slow in (
        (photo_thumbnail(face.photo, size=200), shrink(whole, size=200)),
        (face_crop(face, size=160), cut_out(whole, box, size=160)),
    ):
        assert opened(quick).size == opened(slow).size
        difference = np.abs(np.asarray(opened(quick), dtype=float) - np.asarray(opened(slow), dtype=float))
        assert difference.mean() < 4


def test_fewer_pixels_are_decoded_only_as_long_as_enough_are_left() -> None:
    data = large()
    assert decode_image(data, longest_side=600).pixels.shape == (400, 600, 3)
    assert decode_image(data, longest_side=601).pixels.shape == (800, 1200, 3)
    assert decode_image(data, longest_side=5000).pixels.shape == (1600, 2400, 3)
    assert decode_image(factories.picture(size=(600, 400)), longest_side=100).pixels.shape == (400, 600, 3)
