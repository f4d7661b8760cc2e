"""Folders of portraits, one folder a person, as embeddings in memory: nothing is stored."""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from encoder.exceptions import ImageError
from encoder.geometry import EncodedPhoto, main_face
from encoder.images import decode_image, inspect_image
from faces.services.folders import FoundFile, RefusedFile, reason
from faces.services.photos import LIMITS
from faces.services.queueing import BATCH
from faces.services.runs import runs
from training.metrics.types import Embeddings, Labels, Progress, ignore
from training.services.pairs_file import PhotoName

Encode: TypeAlias = Callable[[Sequence[npt.NDArray[np.uint8]]], list[EncodedPhoto]]

PIXELS_AT_ONCE = 24_000_000
"""Decoded photos held in memory at a time (3 bytes a pixel), unless a single one is larger."""

_NUMBER_AT_THE_END = re.compile(r"(?:.*\D)?(\d{1,9})")


@dataclass(frozen=True, eq=False)
class Portraits:
    """The main faces of photos.

    Attributes:
        embeddings: (M, D) float32, unit length, one of each photo that shows a face.
        files: the M photos.
        without_face: photos in which no face was found.
        refused: files that are no usable photos.
        seconds: how long reading, decoding and encoding took.
    """

    embeddings: Embeddings
    files: tuple[FoundFile, ...]
    without_face: tuple[FoundFile, ...]
    refused: tuple[RefusedFile, ...]
    seconds: float

    @property
    def people(self) -> Labels:
        """(M,) a number for each photo's person, the same for the same name."""
        names = np.array([file.person for file in self.files], dtype=np.str_)
        return np.unique(names, return_inverse=True)[1].astype(np.int64)

    @property
    def photos_per_second(self) -> float:
        """Photos that were encoded, with and without a face, over the time it took."""
        return (len(self.files) + len(self.without_face)) / self.seconds


def photo_name(file: FoundFile) -> PhotoName | None:
    """Return the person and number that a pairs file calls a photo by; None where the file's name ends in no number."""
    found = _NUMBER_AT_THE_END.fullmatch(file.path.stem)
    return PhotoName(file.person, int(found[1])) if found and file.person is not None else None


def encode_portraits(files: Sequence[FoundFile], *, encode: Encode, progress: Progress = ignore) -> Portraits:
    """Read, decode and encode photos, and keep the main face of each (area - 2 * distance to the center²).

    Args:
        files: photos in people's folders.
        encode: the encoder: a batch of (height, width, 3) RGB uint8 pictures in, as many encoded photos out.
        progress: told how many files are done since the last call.
    """
    started = time.perf_counter()
    kept: list[FoundFile] = []
    embeddings: list[npt.NDArray[np.float32]] = []
    without_face: list[FoundFile] = []
    refused: list[RefusedFile] = []
    for portion in runs(files, most=BATCH, size_of=_pixels_of, limit=PIXELS_AT_ONCE):
        read, photos = _encode_portion(portion, refused, encode)
        for file, photo in zip(read, photos, strict=True):
            face = main_face(photo)
            if face is None:
                without_face.append(file)
            else:
                kept.append(file)
                embeddings.append(face.embedding)
        progress(len(portion))
    return Portraits(
        embeddings=np.stack(embeddings) if embeddings else np.zeros((0, 1), dtype=np.float32),  # (M, D)
        files=tuple(kept),
        without_face=tuple(without_face),
        refused=tuple(refused),
        seconds=time.perf_counter() - started,
    )


def _pixels_of(file: FoundFile) -> int:
    """Return what the header says; 0 for a file that will be refused."""
    try:
        info = inspect_image(file.path, limits=LIMITS)
    except (ImageError, OSError):
        return 0
    return info.width * info.height


def _encode_portion(
    files: Sequence[FoundFile], refused: list[RefusedFile], encode: Encode
) -> tuple[list[FoundFile], list[EncodedPhoto]]:
    """Decode and encode photos; returns those that could be read. The pixels are gone when this returns."""
    read: list[FoundFile] = []
    pictures: list[npt.NDArray[np.uint8]] = []
    for file in files:
        try:
            pictures.append(decode_image(file.path, limits=LIMITS).pixels)
        except ImageError as error:
            refused.append(RefusedFile(file.name, error.code, str(error)))
        except OSError as error:
            refused.append(RefusedFile(file.name, "unreadable", f"It cannot be read: {reason(error)}."))
        else:
            read.append(file)
    return read, encode(pictures) if pictures else []
