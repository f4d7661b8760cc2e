"""Folders of portraits in memory."""

import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from encoder.geometry import EncodedPhoto
from faces.services.folders import FoundFile
from faces.services.queueing import BATCH
from training.services.portraits import PIXELS_AT_ONCE, encode_portraits

Pictures = Sequence[npt.NDArray[np.uint8]]


def found(path: Path) -> FoundFile:
    return FoundFile(path=path, name=path.name, person="Somebody", size_bytes=path.stat().st_size)


def photo(folder: Path, name: str, width: int, height: int) -> FoundFile:
    Image.new("RGB", (width, height), (90, 120, 60)).save(folder / name)
    return found(folder / name)


def nobody(pictures: Pictures) -> list[EncodedPhoto]:
    """An encoder that finds no face."""
    return [EncodedPhoto(picture.shape[1], picture.shape[0], ()) for picture in pictures]


def peak_of(files: Sequence[FoundFile]) -> int:
    """Bytes that Python and numpy held at most."""
    tracemalloc.start()
    encode_portraits(files, encode=nobody)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_a_folder_of_large_photos_takes_no_more_memory_than_one_of_them(tmp_path: Path) -> None:
    side = 5000
    assert side * side > PIXELS_AT_ONCE
    files = [photo(tmp_path, f"{number}.jpg", side, side) for number in range(4)]
    assert peak_of(files) < peak_of(files[:1]) + 1_000_000


def test_photos_are_encoded_as_many_together_as_the_encoder_likes_and_memory_allows(tmp_path: Path) -> None:
    large = [photo(tmp_path, f"large{number}.png", 4000, 2500) for number in range(3)]
    small = [photo(tmp_path, f"small{number}.png", 40, 40) for number in range(BATCH + 3)]
    batches: list[int] = []

    def encode(pictures: Pictures) -> list[EncodedPhoto]:
        batches.append(len(pictures))
        return nobody(pictures)

    done: list[int] = []
    portraits = encode_portraits([*large, *small], encode=encode, progress=done.append)
    assert batches == [2, BATCH, 4]  # 20 of 24 million pixels; the third large photo with small ones
    assert sum(done) == len(portraits.without_face) == BATCH + 6


def test_what_cannot_be_read_is_refused_with_its_reason_and_the_others_are_encoded(tmp_path: Path) -> None:
    good = photo(tmp_path, "good.jpg", 64, 64)
    (tmp_path / "text.jpg").write_text("no picture")
    broken = tmp_path / "broken.jpg"
    broken.write_bytes((tmp_path / "good.jpg").read_bytes()[:-200])
    gone = FoundFile(path=tmp_path / "gone.jpg", name="gone.jpg", person="Somebody", size_bytes=10)
    files = [found(tmp_path / "text.jpg"), found(broken), gone, good]
    portraits = encode_portraits(files, encode=nobody)
    assert [refusal.code for refusal in portraits.refused] == ["not_an_image", "truncated_image", "unreadable"]
    assert portraits.without_face == (good,)
