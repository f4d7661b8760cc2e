"""Which picture formats there are, told by a file's first bytes; its name says nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass

from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

SNIFFED_BYTES = 512
"""How much of a file's beginning the functions here look at."""


@dataclass(frozen=True)
class ImageFormat:
    """A format that is decoded.

    `reader` is Pillow's class for it, used instead of `Image.open`: that one would warn of large pictures through
    process-wide settings and would read the further pictures of an MPO, while this reads the first as the JPEG it is.
    """

    name: str
    media_type: str
    signature: re.Pattern[bytes]
    reader: type[ImageFile]


def _pattern(text: bytes) -> re.Pattern[bytes]:
    return re.compile(text, re.DOTALL)


ACCEPTED = (
    ImageFormat("JPEG", "image/jpeg", _pattern(rb"\xff\xd8\xff"), JpegImageFile),
    ImageFormat("PNG", "image/png", _pattern(rb"\x89PNG\r\n\x1a\n"), PngImageFile),
    ImageFormat("WebP", "image/webp", _pattern(rb"RIFF....WEBP"), WebPImageFile),
    ImageFormat("GIF", "image/gif", _pattern(rb"GIF8[79]a"), GifImageFile),
    ImageFormat("TIFF", "image/tiff", _pattern(rb"II\*\0|MM\0\*|II\+\0|MM\0\+"), TiffImageFile),
    # "BM" alone begins many a text; the four reserved bytes of a BMP's header are zero
    ImageFormat("BMP", "image/bmp", _pattern(rb"BM....\0\0\0\0"), BmpImageFile),
)

REFUSED = (
    ("a HEIC picture", _pattern(rb"....ftyp(heic|heix|heim|heis|hevc|hevx|mif1|msf1)")),
    ("an AVIF picture", _pattern(rb"....ftyp(avif|avis)")),
    ("a video", _pattern(rb"....ftyp|\x1aE\xdf\xa3|RIFF....AVI ")),
    ("a JPEG XL picture", _pattern(rb"\xff\x0a|\0\0\0\x0cJXL ")),
    ("a JPEG 2000 picture", _pattern(rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51")),
    ("a Photoshop picture", _pattern(rb"8BPS")),
    ("an icon", _pattern(rb"\0\0[\1\2]\0[^\0]\0")),
    ("a PDF document", _pattern(rb"%PDF-")),
    ("an SVG drawing", _pattern(rb"\s*(<\?xml.*|<!--.*)?<svg")),
)


def accepted_format(head: bytes) -> ImageFormat | None:
    """The format of the file that begins with `head`; None where it is not among the accepted."""
    return next((known for known in ACCEPTED if known.signature.match(head)), None)


def refused_format(head: bytes) -> str | None:
    """A phrase for a known format that is not decoded, such as "a HEIC picture"; None where it is unknown."""
    return next((phrase for phrase, signature in REFUSED if signature.match(head)), None)


def webp_size(head: bytes) -> tuple[int, int] | None:
    """Width and height from a WebP's header: Pillow's reader allocates the canvas before one can ask it.

    The layouts are those of RFC 9649. None where the header is too short or of an unknown kind.
    """
    if len(head) < 30:
        return None
    match head[12:16]:
        case b"VP8X":
            return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
        case b"VP8L":
            bits = int.from_bytes(head[21:25], "little")
            return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        case b"VP8 ":
            width, height = int.from_bytes(head[26:28], "little"), int.from_bytes(head[28:30], "little")
            return width & 0x3FFF, height & 0x3FFF
        case _:
            return None
