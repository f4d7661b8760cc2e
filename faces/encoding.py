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
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from django.conf import settings
from django.core.files.storage import default_storage

from encoder.exceptions import WeightsError
from encoder.images import decode_image, inspect_image
from encoder.spec import EncoderSpec
from faces.exceptions import UnavailableError
from faces.gathering import Gatherer, Limits
from faces.models import EncoderVersion
from faces.services.encoders import Stored, default_encoder_version, store_candidate
from faces.services.photos import LIMITS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from encoder.geometry import EncodedPhoto
    from encoder.images import Pixels
    from encoder.pipeline import FaceEncoder

WARM_SIDE = 250
"""Pixels on each side of the blank photo that an encoder is warmed with."""


@dataclass(frozen=True)
class Together:
    """How probes are brought together: most in a batch, most pixels in a batch, and most batches that run at a time."""

    probes: int
    pixels: int
    side_by_side: int


BATCHES = {
    "cpu": Together(probes=8, pixels=3_000_000, side_by_side=4),
    "cuda": Together(probes=32, pixels=24_000_000, side_by_side=2),
}
"""By kind of device. A lone probe has all cores of a CPU. Where several are under way, what surrounds the encoder
(forms, JSON, the database) needs a core, too, and batches of one thread each do more than one batch of several threads:
on two cores one thread encodes and one core is left to the rest."""

PIXELS_AT_ONCE = 240_000_000
"""Of probes that are decoded or wait, 3 bytes each."""

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
    with weights_file(version) as weights:
        return FaceEncoder.load(
            EncoderSpec.from_json(json.dumps(version.spec)),
            weights,
            device=settings.ENCODER_DEVICE,
            precision=settings.ENCODER_PRECISION,
        )


@contextmanager
def weights_file(version: EncoderVersion) -> Iterator[Path | None]:
    """Yield the weights as a local file; None for those of an installed package, which the encoder finds itself.

    Raises:
        UnavailableError: they are not in the storage.
    """
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


def encode_images(images: Sequence[Pixels], version: EncoderVersion) -> list[EncodedPhoto]:
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
        TooBusyError: too many probes are under way already.
        UnavailableError: the version's weights cannot be loaded.
    """
    return encode_and_keep(data, version)[1]


def encode_and_keep(data: bytes, version: EncoderVersion) -> tuple[Pixels, EncodedPhoto]:
    """Do what `encode_probe` does, and return the decoded photo as well: (height, width, 3) RGB uint8, EXIF turned.

    Probes that other threads ask about at the same time share a batch with it.
    """
    encoder = get_encoder(version)
    header = inspect_image(data, limits=LIMITS)
    kept: list[Pixels] = []

    def decode() -> Pixels:
        kept.append(decode_image(data, limits=LIMITS).pixels)
        return kept[0]

    encoded = _probes(encoder.device.type).ask(encoder, header.width * header.height, decode)
    return kept[0], encoded


@cache
def _probes(device: str) -> Gatherer[FaceEncoder, Pixels, EncodedPhoto]:
    """What brings the probes of this process together, for one kind of device."""
    alone = not settings.GATHER_PROBES
    at_once = BATCHES[device]
    limits = Limits(
        batch_items=1 if alone else at_once.probes,
        batch_weight=at_once.pixels,
        side_by_side=1 if alone else min(max(1, _cores() // 2), at_once.side_by_side),
        items=settings.PROBES_AT_ONCE,
        weight=PIXELS_AT_ONCE,
    )
    return Gatherer(_encode_together, limits)


def _encode_together(encoder: FaceEncoder, images: Sequence[Pixels]) -> list[EncodedPhoto]:
    if settings.GATHER_PROBES and encoder.device.type == "cpu":
        probes = _probes("cpu")
        _use_threads(_cores() if probes.under_way == 1 else max(1, (_cores() - 1) // probes.limits.side_by_side))
    return encoder.encode(images)


def _use_threads(threads: int) -> None:
    """Let this thread compute with so many; torch counts them for each calling thread (OpenMP)."""
    import torch

    if torch.get_num_threads() != threads:
        torch.set_num_threads(threads)


def _cores() -> int:
    """The threads that this process may compute with."""
    return settings.ENCODER_THREADS or settings.CORES


def import_encoder(path: Path, spec: EncoderSpec, *, channel_order: str = "rgb") -> Stored:
    """Make a candidate encoder version of a state dict that others published.

    Args:
        path: a safetensors file, or one of `torch.save`. Nothing in it is run.
        spec: what it is said to be; its digest is found out here, and the file's own is added to its source.
        channel_order: "rgb" or "bgr", of the published network.

    Raises:
        encoder.exceptions.WeightsError: the file is missing, damaged, of another network, or its network is broken.
        InvalidRequestError: the name or the licence is empty or too long.
        DuplicateEncoderNameError: another version has this name.
    """
    from encoder.adoption import ChannelOrder, adopt

    with TemporaryDirectory() as folder:
        weights = Path(folder) / "weights.safetensors"
        adopted, digest = adopt(path, weights, spec, channel_order=ChannelOrder(channel_order))
        named = replace(adopted, source=f"{spec.source} (SHA-256 {digest})")
        return store_candidate(spec=named, weights=weights)
