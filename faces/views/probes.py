"""Photos that somebody asks about: encoded, shown once in the answer, and not kept."""

import base64
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from django.http import HttpRequest

from encoder.geometry import BoundingBox, EncodedFace, EncodedPhoto
from faces.encoding import encode_and_keep
from faces.models import EncoderVersion, SearchEvent
from faces.services.events import Asker
from faces.services.pictures import MEDIA_TYPE, cut_out, shrink
from faces.services.uploads import UploadedPhoto, read_upload
from faces.views.boxes import Overlay, overlay
from faces.views.page import signed_in

SHOWN_SIZE = 1280
CROP_SIZE = 320


@dataclass(frozen=True)
class Probe:
    """A photo that somebody asks about: its bytes, its pixels (H, W, 3) uint8 RGB, and what the encoder found."""

    data: bytes
    pixels: npt.NDArray[np.uint8]
    encoded: EncodedPhoto

    @property
    def picture(self) -> str:
        """The photo for an answer: an address that contains the picture itself."""
        return _inline(shrink(self.pixels, size=SHOWN_SIZE))

    def crop(self, box: BoundingBox) -> str:
        """One face of it, cut out; as an address that contains the picture."""
        return _inline(cut_out(self.pixels, box, size=CROP_SIZE))

    def overlays(self, faces: Sequence[EncodedFace]) -> list[Overlay]:
        """Numbered boxes for faces of this photo."""
        height, width = self.pixels.shape[:2]
        return [overlay(number, face.box, width, height) for number, face in enumerate(faces, start=1)]


def read_probe(file: UploadedPhoto, version: EncoderVersion) -> Probe:
    """Encode an uploaded photo by the version that serves the gallery.

    Raises:
        encoder.exceptions.ImageError: it is no usable image.
        TooBusyError: too many probes are under way already.
        UnavailableError: the version's weights cannot be loaded.
    """
    data = read_upload(file)
    return Probe(data, *encode_and_keep(data, version))


def _inline(jpeg: bytes) -> str:
    return f"data:{MEDIA_TYPE};base64,{base64.b64encode(jpeg).decode()}"


def asker_of(request: HttpRequest) -> Asker:
    """Return who asks, for the record of searches."""
    return Asker(
        channel=SearchEvent.Channel.PAGE,
        user=signed_in(request),
        request_id=getattr(request, "request_id", ""),
    )


class Stopwatch:
    """Measures how long an answer took."""

    def __init__(self) -> None:
        """Start."""
        self._started = time.perf_counter()

    @property
    def milliseconds(self) -> float:
        """Since the start."""
        return (time.perf_counter() - self._started) * 1000
