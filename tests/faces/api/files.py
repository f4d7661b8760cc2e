"""Files as programs send them, good and bad, all made here."""

import io
import struct
import zlib

import numpy as np
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import ExifTags, Image, ImageOps

from tests.faces import photographs


def upload(data: bytes, name: str = "photo.jpg") -> SimpleUploadedFile:
    """A part of a form with a file; what its name promises is not looked at."""
    return SimpleUploadedFile(name, data, content_type="application/octet-stream")


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    """The bytes of a picture in a format."""
    target = io.BytesIO()
    image.save(target, form, **options)
    return target.getvalue()


def truncated(image: Image.Image) -> bytes:
    """A JPEG that breaks off in the middle."""
    data = saved(image, "JPEG")
    return data[: len(data) // 2]


def animated(image: Image.Image) -> bytes:
    """A GIF of two pictures."""
    frames = [image.convert("RGB").resize((64, 64)), image.convert("RGB").rotate(90).resize((64, 64))]
    return saved(frames[0], "GIF", save_all=True, append_images=frames[1:])


def sixteen_bit(image: Image.Image) -> bytes:
    """A grey PNG with 16 bits a pixel."""
    grey = np.asarray(image.convert("L")).astype(np.uint16) * 257
    return saved(Image.fromarray(grey), "PNG")


def transparent(image: Image.Image) -> bytes:
    """A PNG whose corners are see-through."""
    rgba = image.convert("RGBA")
    alpha = np.full((rgba.height, rgba.width), 255, dtype=np.uint8)
    alpha[:40, :40] = alpha[-40:, -40:] = 0
    rgba.putalpha(Image.fromarray(alpha))
    return saved(rgba, "PNG")


def turned(image: Image.Image) -> bytes:
    """A JPEG that lies on its side, with the EXIF orientation that stands it up again."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    return saved(image.convert("RGB").transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif, quality=95)


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few kilobytes whose header promises width x height pixels, as a decompression bomb does."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def two_people() -> bytes:
    """A JPEG on which two faces are equally near the middle: Eileen Collins and her mirror image."""
    half = photographs.astronaut().convert("RGB").crop((120, 0, 330, 260))
    both = Image.new("RGB", (half.width * 2, half.height))
    both.paste(half, (0, 0))
    both.paste(ImageOps.mirror(half), (half.width, 0))
    return photographs.jpeg(both)
