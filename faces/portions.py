"""What a worker does with the photos of one task: read and decode, encode, store, a portion at a time.

While one portion is encoded and stored, the next one is read and decoded beside it; decoding and reading leave the
interpreter's lock to others. Only the worker's own thread talks to the database.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby

from django.db import DatabaseError, InterfaceError, OperationalError

from encoder.exceptions import ImageError
from encoder.geometry import EncodedPhoto
from encoder.images import Pixels, decode_image
from faces.encoding import encode_images
from faces.exceptions import UnavailableError
from faces.models import EncoderVersion, Photo
from faces.services.enrollment import store_encoded_photos
from faces.services.photos import LIMITS
from faces.services.runs import runs

logger = logging.getLogger(__name__)

PORTION = 16
"""Photos encoded and stored at a time: where the encoder is fastest on a CPU."""

PIXELS_AT_ONCE = 24_000_000
"""Decoded photos that a worker holds in memory at a time (3 bytes a pixel), unless a single one is larger."""

READERS = 2
"""Threads that read and decode ahead."""


@dataclass(frozen=True)
class Read:
    """A photo with its pixels, or with why there are none."""

    photo: Photo
    pixels: Pixels | None = None
    problem: ImageError | FileNotFoundError | None = None


def portions(photos: Sequence[Photo]) -> Iterator[list[Photo]]:
    """Cut a batch into runs of one encoder version, of which two fit in memory together."""
    for _, of_one_version in groupby(photos, key=lambda photo: photo.gallery.encoder_version_id):
        yield from runs(
            of_one_version,
            most=PORTION,
            size_of=lambda photo: photo.width * photo.height,
            limit=PIXELS_AT_ONCE // 2,
        )


def read_ahead(cut: Iterable[Sequence[Photo]]) -> Iterator[list[Read]]:
    """Yield each portion with its pixels, the next one being read meanwhile, unless the two are too large together."""
    with ThreadPoolExecutor(READERS, thread_name_prefix="read-ahead") as readers:

        def begin(portion: Sequence[Photo]) -> list[Future[Read]]:
            return [readers.submit(read, photo) for photo in portion]

        waiting = list(cut)
        under_way: list[Future[Read]] = []
        for number, portion in enumerate(waiting):
            if under_way or _pixels(portion) <= PIXELS_AT_ONCE // 2:
                ready = [future.result() for future in under_way or begin(portion)]
            else:
                # A photo this large waits for nothing else: read here, its memory goes back to the system. What a
                # thread freed the allocator keeps for that thread (glibc's arenas): 200 MB of a 50-megapixel photo.
                ready = [read(photo) for photo in portion]
            following = waiting[number + 1] if number + 1 < len(waiting) else []
            fits = _pixels(portion) + _pixels(following) <= PIXELS_AT_ONCE
            under_way = begin(following) if fits else []
            yield ready
            ready.clear()  # whoever was given the list may still hold it while the next portion is read


def _pixels(portion: Sequence[Photo]) -> int:
    return sum(photo.width * photo.height for photo in portion)


def read(photo: Photo) -> Read:
    """Read and decode a photo; asks no database."""
    try:
        with photo.file.open("rb") as file:
            return Read(photo, pixels=decode_image(file.read(), limits=LIMITS).pixels)
    except (ImageError, FileNotFoundError) as problem:
        return Read(photo, problem=problem)


def encode_portion(portion: Sequence[Read]) -> None:
    """Encode and store photos of one encoder version; one that cannot be has no part in what becomes of the others.

    Raises:
        OperationalError, InterfaceError: the database is away; the lease lapses, and the photos are tried again.
    """
    decoded = [(one.photo, one.pixels) for one in portion if one.pixels is not None]
    for one in portion:
        if one.problem is not None:
            _refuse(one.photo, one.problem)
    if not decoded:
        return
    version = decoded[0][0].gallery.encoder_version
    try:
        _encode_and_store(decoded, version)
    except (OperationalError, InterfaceError):
        raise
    except UnavailableError as error:
        for photo, _ in decoded:
            photo.finish(Photo.State.FAILED, error=error.detail)
    except Exception as error:
        if len(decoded) > 1:
            logger.warning("A batch of %d photos failed and is tried one by one", len(decoded), exc_info=error)
            for photo, pixels in decoded:
                encode_portion([Read(photo, pixels=pixels)])
            return
        logger.exception("A photo could not be encoded and stored", extra={"photo": decoded[0][0].pk})
        what = "It could not be stored" if isinstance(error, DatabaseError) else "The encoder failed"
        decoded[0][0].finish(Photo.State.FAILED, error=f"{what}: {type(error).__name__}.")


def _encode_and_store(decoded: Sequence[tuple[Photo, Pixels]], version: EncoderVersion) -> None:
    encoded: list[EncodedPhoto] = encode_images([pixels for _, pixels in decoded], version)
    photos = [photo for photo, _ in decoded]
    store_encoded_photos(results=list(zip(photos, encoded, strict=True)), encoder_version=version)


def _refuse(photo: Photo, problem: ImageError | FileNotFoundError) -> None:
    if isinstance(problem, ImageError):
        photo.finish(Photo.State.REJECTED, reason=problem.code)
    else:
        photo.finish(Photo.State.FAILED, error="Its file is gone from the storage.")
