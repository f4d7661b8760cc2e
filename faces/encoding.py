"""The one door to torch: bytes of photos in, `EncodedPhoto`s out.

Workers and the web process each keep one warm, read-only encoder per encoder version. The encoder library is imported
at first use, so that whatever never encodes never loads torch.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from django.conf import settings
from django.core.files.storage import default_storage

from encoder.exceptions import WeightsError
from encoder.images import decode_image
from encoder.spec import EncoderSpec
from faces.exceptions import UnavailableError
from faces.models import EncoderVersion
from faces.services.encoders import default_encoder_version
from faces.services.photos import LIMITS

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from encoder.geometry import EncodedPhoto
    from encoder.pipeline import FaceEncoder

WARM_SIDE = 250
"""Pixels on each side of the blank photo that an encoder is warmed with."""

_encoders: dict[int, FaceEncoder] = {}
_loading = threading.Lock()
_encoding = threading.Lock()


def get_encoder(version: EncoderVersion) -> FaceEncoder:
    """Return this process's encoder for a version, loaded at first use (a second or two).

    Raises:
        UnavailableError: its weights are missing, altered or of another network; the text says which.
    """
    with _loading:
        if version.pk not in _encoders:
            try:
                _encoders[version.pk] = _load(version)
            except WeightsError as error:
                raise UnavailableError(f"Encoder version “{version.name}” cannot be loaded: {error}") from error
        return _encoders[version.pk]


def _load(version: EncoderVersion) -> FaceEncoder:
    # Threads that wait for work shall sleep. OpenMP's way is to spin, and where other processes want the cores (the
    # web server's encoder beside the worker's) each waits for threads that the other's spinning keeps from running.
    # Two such processes on two cores: 12 photos a second together spinning, 100 sleeping. OpenMP reads this when torch
    # is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import torch

    from encoder.pipeline import FaceEncoder

    if settings.ENCODER_THREADS:
        torch.set_num_threads(settings.ENCODER_THREADS)
    with _weights_file(version) as weights:
        return FaceEncoder.load(
            EncoderSpec.from_json(json.dumps(version.spec)),
            weights,
            device=settings.ENCODER_DEVICE,
            precision=settings.ENCODER_PRECISION,
        )


@contextmanager
def _weights_file(version: EncoderVersion) -> Iterator[Path | None]:
    """Yield the weights as a local file; None for those of an installed package, which the encoder finds itself."""
    kind, _, path = version.weights.partition(":")
    match kind:
        case "package":
            yield None
        case "storage" if default_storage.exists(path):
            with TemporaryDirectory() as folder:
                copy = Path(folder) / Path(path).name
                with default_storage.open(path) as source, copy.open("wb") as target:
                    shutil.copyfileobj(source, target)
                yield copy
        case _:
            raise UnavailableError(
                f"The weights of encoder version “{version.name}” are not at {version.weights}. Restore that file."
            )


def warm_encoders() -> None:
    """Load the encoder of every version that serves a gallery, and run each once, before the first probe needs it.

    Raises:
        UnavailableError: the weights of one cannot be loaded.
    """
    serving = EncoderVersion.objects.filter(galleries__isnull=False).distinct()
    for version in serving or [default_encoder_version()]:
        encode_images([np.full((WARM_SIDE, WARM_SIDE, 3), 128, dtype=np.uint8)], version)


def encode_images(images: Sequence[npt.NDArray[np.uint8]], version: EncoderVersion) -> list[EncodedPhoto]:
    """Encode decoded photos, each (height, width, 3) RGB uint8 and EXIF turned, in one batch.

    One batch at a time in a process: two would fight for the same cores.

    Raises:
        UnavailableError: the version's weights cannot be loaded.
    """
    encoder = get_encoder(version)
    with _encoding:
        return encoder.encode(images)


def encode_probe(data: bytes, version: EncoderVersion) -> EncodedPhoto:
    """Encode the bytes of one photo that somebody asks about; nothing is stored.

    Raises:
        encoder.exceptions.ImageError: the bytes are no usable image.
        UnavailableError: the version's weights cannot be loaded.
    """
    image = decode_image(data, limits=LIMITS)
    return encode_images([image.pixels], version)[0]
