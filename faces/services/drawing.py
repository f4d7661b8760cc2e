"""Photos of drawn people as files, drawn by several processes at once. Imports neither Django nor torch."""

import io
import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

from PIL import Image

from faces.drawn_people import draw_identity, draw_photo

SIZE = 400
"""Pixels of a drawn photo's side, where nobody asks for another size."""

JPEG_QUALITY = 92
WAITING_PER_PROCESS = 4


@dataclass(frozen=True)
class PhotoToDraw:
    """One photo, told by its numbers: the same numbers give the same bytes.

    Attributes:
        seed: which person.
        number: which of their photos, from 1.
        size: pixels of its side.
        form: "jpg" or "png".
    """

    seed: int
    number: int
    size: int = SIZE
    form: str = "jpg"

    @property
    def person(self) -> str:
        """The drawn person's name."""
        return draw_identity(self.seed).name

    @property
    def file_name(self) -> str:
        """The name of its file, as Labeled Faces in the Wild names files: the person and a number."""
        return f"{self.person}_{self.number:04}.{self.form}"


def photos_to_draw(
    *, people: int, photos_each: int, seed: int = 0, size: int = SIZE, form: str = "jpg"
) -> list[PhotoToDraw]:
    """Return the photos of people with the seeds `seed`, `seed + 1`, ..., person by person."""
    return [
        PhotoToDraw(seed + person, number, size, form)
        for person in range(people)
        for number in range(1, photos_each + 1)
    ]


def draw_file(photo: PhotoToDraw) -> bytes:
    """Draw one photo; returns the bytes of its file."""
    pixels = draw_photo(draw_identity(photo.seed), photo.number - 1, (photo.size, photo.size))
    target = io.BytesIO()
    if photo.form == "png":
        Image.fromarray(pixels).save(target, "PNG", compress_level=3)
    else:
        Image.fromarray(pixels).save(target, "JPEG", quality=JPEG_QUALITY)
    return target.getvalue()


def draw_files(photos: Iterable[PhotoToDraw], *, processes: int | None = None) -> Iterator[tuple[PhotoToDraw, bytes]]:
    """Draw photos in processes of their own; yields them in the order they were asked for.

    Args:
        photos: what to draw; taken only as fast as it is drawn.
        processes: how many; as many as there are cores if not given.
    """
    processes = processes or os.cpu_count() or 1
    # Spawned, not forked: whoever calls may have threads and database connections.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_leave_ctrl_c_to_parent) as pool:
        waiting: deque[tuple[PhotoToDraw, Future[bytes]]] = deque()
        try:
            for photo in photos:
                waiting.append((photo, pool.submit(draw_file, photo)))
                if len(waiting) == processes * WAITING_PER_PROCESS:
                    yield _next(waiting)
            while waiting:
                yield _next(waiting)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _next(waiting: deque[tuple[PhotoToDraw, Future[bytes]]]) -> tuple[PhotoToDraw, bytes]:
    photo, data = waiting.popleft()
    return photo, data.result()


def _leave_ctrl_c_to_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
