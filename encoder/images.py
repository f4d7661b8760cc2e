"""The one place that decodes a picture: bytes in, EXIF-turned 8-bit RGB out, or an error that says what was wrong.

Pixels are counted before any is decoded, so a decompression bomb costs its header only. Pixels are converted in
strips: the peak is Pillow's own copy (4 bytes a pixel) and ours (3).
"""

from __future__ import annotations

import io
import math
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image
from PIL.ImageFile import ImageFile

from encoder.exceptions import (
    AnimatedImage,
    EmptyFile,
    FileTooLarge,
    ImageTooLarge,
    ImageTooSmall,
    NotAnImage,
    TruncatedImage,
    UnsupportedImage,
)
from encoder.image_formats import SNIFFED_BYTES, ImageFormat, accepted_format, refused_format, webp_size

Pixels: TypeAlias = npt.NDArray[np.uint8]

MID_GREY = 128
STRIP_ROWS = 512

# What Pillow raises for a damaged file, besides its own OSError and SyntaxError
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,  # a frame that is larger than the picture whose header was found good
)
_EIGHT_BIT_MODES = frozenset({"1", "L", "LA", "La", "P", "PA", "RGB", "RGBX", "RGBA", "RGBa", "CMYK", "YCbCr", "HSV"})
_SIXTEEN_BIT_MODES = frozenset({"I;16", "I;16L", "I;16B", "I;16N"})


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """What is accepted: the file's bytes, and the picture's pixels (area) and shorter side."""

    max_bytes: int = 50 * 1024 * 1024
    max_pixels: int = 120_000_000
    min_side: int = 32


DEFAULT_LIMITS = ImageLimits()


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """What a picture's header says; width and height as after the EXIF turn."""

    width: int
    height: int
    format: str
    media_type: str


@dataclass(frozen=True, slots=True, eq=False)
class DecodedImage:
    """`pixels`: (height, width, 3) uint8, RGB, EXIF-turned, contiguous and writable."""

    pixels: Pixels
    format: str


def inspect_image(source: bytes | Path, *, limits: ImageLimits = DEFAULT_LIMITS) -> ImageInfo:
    """Checks a picture by its header and decodes no pixel.

    Raises the kinds of ImageError that a header can show: EmptyFile, FileTooLarge, NotAnImage, UnsupportedImage,
    AnimatedImage, ImageTooSmall, ImageTooLarge, TruncatedImage; OSError where a path cannot be read.
    """
    data = _read(source, limits)
    image_format = _recognize_format(data)
    with _opened(data, image_format, limits) as image:
        return _info(image, image_format)


def check_image(source: bytes | Path, *, limits: ImageLimits = DEFAULT_LIMITS) -> ImageInfo:
    """Decodes a picture to its end and keeps nothing of it: whether `decode_image` will read it, for less.

    A JPEG is decoded at an eighth of its size, for which all of its bytes are read: a fifth of the time, and hardly
    any memory. Raises what `decode_image` raises.
    """
    data = _read(source, limits)
    image_format = _recognize_format(data)
    with _opened(data, image_format, limits) as image:
        info = _info(image, image_format)
        with _damage_named(image_format):
            _reduce(image, 1)
            image.load()
    return info


def decode_image(
    source: bytes | Path, *, limits: ImageLimits = DEFAULT_LIMITS, longest_side: int | None = None
) -> DecodedImage:
    """Decodes a picture completely.

    16 bits a channel are scaled to 8, grey, palette and CMYK are converted, transparency is laid over mid grey.
    For a picture that is only looked at, `longest_side` says how many pixels its longer side needs: a JPEG may then
    come at a half, a quarter or an eighth of its size, several times faster, but with no fewer pixels than that.
    Raises what `inspect_image` raises, and TruncatedImage where the pixels are damaged or end early.
    """
    data = _read(source, limits)
    image_format = _recognize_format(data)
    with _opened(data, image_format, limits) as image:
        orientation = _orientation(image)
        with _damage_named(image_format):
            if longest_side is not None:
                _reduce(image, longest_side)
            image.load()
            pixels = _rgb(image)
    return DecodedImage(_turn(pixels, orientation), image_format.name)


def _info(image: ImageFile, image_format: ImageFormat) -> ImageInfo:
    width, height = image.size
    if _orientation(image) >= 5:
        width, height = height, width
    return ImageInfo(width, height, image_format.name, image_format.media_type)


def _reduce(image: ImageFile, longest_side: int) -> None:
    """Has a JPEG's inverse cosine transform done at a smaller size; other formats have no such thing."""
    share = longest_side / max(image.size)
    if share < 1:
        image.draft(None, (math.ceil(image.width * share), math.ceil(image.height * share)))


def _read(source: bytes | Path, limits: ImageLimits) -> bytes:
    size = source.stat().st_size if isinstance(source, Path) else len(source)
    if size == 0:
        raise EmptyFile()
    if size > limits.max_bytes:
        raise FileTooLarge(size_bytes=size, max_bytes=limits.max_bytes)
    return source.read_bytes() if isinstance(source, Path) else source


def _recognize_format(data: bytes) -> ImageFormat:
    head = data[:SNIFFED_BYTES]
    image_format = accepted_format(head)
    if image_format is not None:
        return image_format
    phrase = refused_format(head)
    if phrase is not None:
        raise UnsupportedImage(format=phrase)
    raise NotAnImage()


@contextmanager
def _opened(data: bytes, image_format: ImageFormat, limits: ImageLimits) -> Iterator[ImageFile]:
    """The picture with its header read and found good."""
    if image_format.name == "WebP" and (size := webp_size(data)) is not None:
        _check_size(*size, limits)
    with _damage_named(image_format):
        image = image_format.reader(io.BytesIO(data))
        animated = getattr(image, "is_animated", False)
    with image:
        _check_size(*image.size, limits)
        if animated:
            raise AnimatedImage(format=image_format.name)
        if image.mode not in _EIGHT_BIT_MODES | _SIXTEEN_BIT_MODES:
            raise UnsupportedImage(format=f"a {image_format.name} picture of the kind {image.mode!r}")
        yield image


@contextmanager
def _damage_named(image_format: ImageFormat) -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise TruncatedImage(format=image_format.name) from error


def _check_size(width: int, height: int, limits: ImageLimits) -> None:
    pixels = width * height
    if pixels > limits.max_pixels:
        raise ImageTooLarge(width=width, height=height, pixels=pixels, max_pixels=limits.max_pixels)
    if min(width, height) < limits.min_side:
        raise ImageTooSmall(width=width, height=height, min_side=limits.min_side)


def _orientation(image: ImageFile) -> int:
    """The EXIF orientation, 1 (upright) to 8. A TIFF is 1: Pillow turns it by itself while loading.

    EXIF that a PNG carries behind its pixels is not looked for: the header alone has to tell.
    """
    block = image.info.get("exif")
    if image.format == "TIFF" or not isinstance(block, bytes):
        return 1
    exif = Image.Exif()
    try:
        exif.load(block)
        orientation = exif.get(ExifTags.Base.Orientation, 1)
    except _DAMAGE:
        return 1  # an unreadable EXIF block says nothing of the orientation, and the picture itself is good
    return orientation if orientation in range(1, 9) else 1


def _turn(pixels: Pixels, orientation: int) -> Pixels:
    """Undoes the orientation that EXIF tells of (TIFF 6.0, tag 274)."""
    turned = pixels
    if orientation >= 5:
        turned = turned.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        turned = turned[:, ::-1]
    if orientation in (3, 4, 7, 8):
        turned = turned[::-1]
    return np.ascontiguousarray(turned)


def _rgb(image: Image.Image) -> Pixels:
    width, height = image.size
    pixels = np.empty((height, width, 3), dtype=np.uint8)
    for top in range(0, height, STRIP_ROWS):
        bottom = min(top + STRIP_ROWS, height)
        strip = image if bottom - top == height else image.crop((0, top, width, bottom))
        pixels[top:bottom] = _rgb_of_strip(strip)
    return pixels


def _rgb_of_strip(strip: Image.Image) -> Pixels:
    if strip.mode in _SIXTEEN_BIT_MODES:
        wide = np.asarray(strip).astype(np.uint32)
        grey = ((wide * 255 + 32767) // 65535).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if not strip.has_transparency_data:
        return np.asarray(strip if strip.mode == "RGB" else strip.convert("RGB"))
    rgba = np.asarray(strip.convert("RGBA")).astype(np.uint16)
    color, alpha = rgba[:, :, :3], rgba[:, :, 3:]
    return ((color * alpha + MID_GREY * (255 - alpha) + 127) // 255).astype(np.uint8)
