"""Pictures to look at: a photo made smaller, a face cut out of its photo. Always JPEG, turned upright, without EXIF.

A caller that sends one to a browser also sends `Cache-Control: private`: the bytes of a photo never change.
"""

import io
import math

import numpy as np
import numpy.typing as npt
from PIL import Image

from encoder.geometry import BoundingBox
from encoder.images import decode_image, inspect_image
from faces.exceptions import PhotoNotFoundError
from faces.models import Face, Photo
from faces.services.enrollment import box_of
from faces.services.photos import LIMITS

THUMBNAIL_SIZE = 320
"""Pixels of a thumbnail's longer side, where nobody asks for another size."""

CROP_SIZE = 160
"""Pixels of a face crop's side, where nobody asks for another size."""

CROP_MARGIN = 0.35
"""What a face crop shows around the box on each side, as a share of the box's longer side."""

MEDIA_TYPE = "image/jpeg"
QUALITY = 85

OVERSAMPLING = 2
"""How many decoded pixels a pixel that is shown is made from at least, in each direction, where the photo has them."""


def photo_thumbnail(photo: Photo, *, size: int = THUMBNAIL_SIZE) -> bytes:
    """Return the whole photo as a JPEG whose longer side has at most `size` pixels; a smaller photo is not enlarged.

    Raises:
        PhotoNotFoundError: its file is gone from the storage.
        encoder.exceptions.ImageError: its file was damaged after it was accepted.
    """
    return shrink(_decode(_bytes(photo), longest_side=OVERSAMPLING * size), size=size)


def face_crop(face: Face, *, size: int = CROP_SIZE) -> bytes:
    """Return a square around the face as a JPEG of at most `size` x `size` pixels. Raises as `photo_thumbnail` does.

    At the photo's edge the square is moved inwards; where the photo is too narrow for it, it becomes a rectangle.
    """
    data = _bytes(face.photo)
    info = inspect_image(data, limits=LIMITS)
    box = box_of(face)
    left, top, right, bottom = crop_window(box, info.width, info.height)
    needed = OVERSAMPLING * size * max(info.width, info.height) / max(right - left, bottom - top)
    pixels = _decode(data, longest_side=math.ceil(needed))
    scale = pixels.shape[1] / info.width
    scaled = BoundingBox(box.left * scale, box.top * scale, box.right * scale, box.bottom * scale)
    return cut_out(pixels, scaled, size=size)


def shrink(pixels: npt.NDArray[np.uint8], *, size: int = THUMBNAIL_SIZE) -> bytes:
    """Return a photo that is not stored, (height, width, 3) RGB uint8, as `photo_thumbnail` does a stored one."""
    return _jpeg(Image.fromarray(pixels), size)


def cut_out(pixels: npt.NDArray[np.uint8], box: BoundingBox, *, size: int = CROP_SIZE) -> bytes:
    """Return a square around a box of a photo, (height, width, 3) RGB uint8, as `face_crop` does a stored face."""
    height, width = pixels.shape[:2]
    left, top, right, bottom = crop_window(box, width, height)
    return _jpeg(Image.fromarray(pixels[top:bottom, left:right]), size)


def crop_window(box: BoundingBox, width: int, height: int, *, margin: float = CROP_MARGIN) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom of a square around a box, in whole pixels within a photo of width x height."""
    side = max(box.width, box.height) * (1 + 2 * margin)
    across, down = max(1, min(round(side), width)), max(1, min(round(side), height))
    left = min(max(round(box.center.x - across / 2), 0), width - across)
    top = min(max(round(box.center.y - down / 2), 0), height - down)
    return left, top, left + across, top + down


def _decode(data: bytes, *, longest_side: int) -> npt.NDArray[np.uint8]:
    return decode_image(data, limits=LIMITS, longest_side=longest_side).pixels


def _bytes(photo: Photo) -> bytes:
    try:
        with photo.file.open("rb") as file:
            data: bytes = file.read()
    except FileNotFoundError as error:
        raise PhotoNotFoundError(
            f"The file of photo {photo.pk} is gone from the storage. Restore it, or delete the photo.",
            photo=photo.pk,
        ) from error
    return data


def _jpeg(image: Image.Image, size: int) -> bytes:
    image.thumbnail((size, size), Image.Resampling.LANCZOS, reducing_gap=2.0)
    target = io.BytesIO()
    image.save(target, "JPEG", quality=QUALITY, optimize=True)
    return target.getvalue()
