"""What a worker holds in memory while it encodes very large photos."""

import tracemalloc
from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image

from faces import tasks
from faces.encoding import encode_images
from faces.models import Photo
from faces.services.encoders import default_encoder_version
from faces.services.photos import accept_photo
from tests import factories
from tests.faces.photographs import jpeg

pytestmark = pytest.mark.django_db

SIDE = 5000  # 25 million pixels: more than a worker holds at a time, unless it is one photo
MEGABYTE = 1_000_000


def plain(shade: int) -> bytes:
    """A photo of nothing."""
    return jpeg(Image.new("RGB", (SIDE, SIDE), (shade, shade, shade)))


def peak_of(photo_ids: Sequence[int]) -> int:
    """Bytes that Python and numpy held at most while a worker did this task."""
    tracemalloc.start()
    tasks.encode_photos(list(photo_ids))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_a_task_of_several_large_photos_takes_no_more_memory_than_one() -> None:
    gallery = factories.gallery()
    encode_images([np.zeros((64, 64, 3), np.uint8)], default_encoder_version())  # loaded before anything is counted
    ids = [accept_photo(gallery=gallery, data=plain(shade)).photo.pk for shade in (60, 90, 120)]
    one = peak_of(ids[:1])
    several = peak_of(ids[1:])
    assert set(Photo.objects.values_list("state", "reason")) == {("rejected", "no_face_found")}
    assert 3 * SIDE * SIDE < one < 4 * SIDE * SIDE  # the photo, three bytes a pixel, and little else
    assert several < one + MEGABYTE


def test_a_large_photo_is_taken_in_without_its_pixels_in_memory() -> None:
    data = plain(90)
    gallery = factories.gallery()
    tracemalloc.start()
    accept_photo(gallery=gallery, data=data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < SIDE * SIDE // 4
