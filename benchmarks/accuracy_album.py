"""The photos of the accuracy benchmark, and its contestants, who look at them in turns."""

from __future__ import annotations

import sys
import unicodedata
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self, TypeAlias

import numpy as np
from PIL import Image

from benchmarks.accuracy_rates import Portraits
from benchmarks.degradations import Degradation, Subject
from benchmarks.rivals import Dlib
from encoder.geometry import BoundingBox, FloatArray
from encoder.images import Pixels, decode_image
from encoder.pipeline import FaceEncoder
from training.metrics.types import Counts, Labels
from training.services.pairs_file import Pair, PhotoName, read_pairs

Face: TypeAlias = tuple[FloatArray, float]
"""Embedding and quality."""

BATCH = 32
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


@dataclass(frozen=True, eq=False)
class Album:
    """M photos, one person each.

    Attributes:
        names: of the photos, as the pairs file calls them.
        people: (M,) numbers.
        pairs: rows of both photos of each pair that is in the album, and its fold: three (P,) arrays.
        open: reads photo number i, (H, W, 3) uint8.
    """

    names: tuple[PhotoName, ...]
    people: Labels
    pairs: tuple[Counts, Counts, Counts]
    open: Callable[[int], Pixels]

    @classmethod
    def read(cls, folder: Path, pairs_file: Path, limit: int | None) -> Self:
        """The photos of the first `limit` people, and those pairs of the file that are among them."""
        albums = sorted(path for path in folder.iterdir() if path.is_dir())[:limit]
        paths = [path for album in albums for path in sorted(album.iterdir()) if path.suffix.lower() in SUFFIXES]
        names = tuple(
            PhotoName(unicodedata.normalize("NFC", path.parent.name), int(path.stem.rpartition("_")[2]))
            for path in paths
        )
        _, people = np.unique([name.person for name in names], return_inverse=True)
        pairs = read_pairs(pairs_file.read_text(encoding="utf-8").splitlines())
        return cls(
            names, people.astype(np.int64), _rows(names, pairs), lambda number: decode_image(paths[number]).pixels
        )

    def __len__(self) -> int:
        return len(self.names)

    def part(self, rows: Counts) -> Album:
        """Only these photos, in this order, each as often as it is named; and the pairs of both of whom it has."""
        place = {row: index for index, row in enumerate(rows.tolist())}
        kept = [(place[a], place[b], fold) for a, b, fold in np.transpose(self.pairs) if a in place and b in place]
        first, second, folds = np.array(kept, np.int64).reshape(-1, 3).T
        names = tuple(self.names[row] for row in rows)
        return Album(names, self.people[rows], (first, second, folds), lambda number: self.open(int(rows[number])))

    def photos_of_pairs(self, count: int) -> Counts:
        """The photos of this many pairs, spread evenly over the file so that every fold and kind stays in."""
        chosen = np.linspace(0, len(self.pairs[0]) - 1, min(count, len(self.pairs[0]))).astype(np.int64)
        return np.unique(np.concatenate([self.pairs[0][chosen], self.pairs[1][chosen]])).astype(np.int64)

    def mated_pairs(self, count: int) -> tuple[Counts, Counts]:
        """The first and the second photos of this many mated pairs, each of another person."""
        first, second, _ = self.pairs
        mated = np.flatnonzero(self.people[first] == self.people[second])
        _, one_each = np.unique(self.people[first[mated]], return_index=True)
        chosen = mated[one_each]
        chosen = chosen[np.linspace(0, len(chosen) - 1, min(count, len(chosen))).astype(np.int64)]
        return first[chosen], second[chosen]

    def degraded(self, degradation: Degradation | None, faces: Sequence[BoundingBox | None]) -> Album:
        """The same photos made worse, chance falling the same way each time; None leaves them as they are."""

        def worse(number: int) -> Pixels:
            photo, face = self.open(number), faces[number]
            if degradation is None or face is None:
                return photo
            rng = np.random.default_rng(zlib.crc32(repr(self.names[number]).encode()))
            return np.array(degradation(Subject(Image.fromarray(photo), face, rng)))

        return replace(self, open=worse)


def _rows(names: Sequence[PhotoName], pairs: Sequence[Pair]) -> tuple[Counts, Counts, Counts]:
    place = {name: index for index, name in enumerate(names)}
    rows = [
        (place[pair.first], place[pair.second], pair.fold)
        for pair in pairs
        if pair.first in place and pair.second in place
    ]
    first, second, folds = np.array(rows, np.int64).reshape(-1, 3).T
    return first, second, folds


@dataclass(frozen=True, eq=False)
class Contestant:
    """Photos in, the main face of each out; None where it finds none."""

    name: str
    see: Callable[[Sequence[Pixels]], list[Face | None]]


def contestants() -> tuple[Contestant, Contestant]:
    """Ours as it ships, and dlib."""
    encoder, dlib = FaceEncoder.load(), Dlib()

    def see_with_ours(photos: Sequence[Pixels]) -> list[Face | None]:
        faces = [encoder.main_face(photo) for photo in encoder.encode(photos)]
        return [None if face is None else (face.embedding, face.quality.score) for face in faces]

    def see_with_dlib(photos: Sequence[Pixels]) -> list[Face | None]:
        embeddings = [dlib.portrait(photo) for photo in photos]
        return [None if embedding is None else (embedding, 1.0) for embedding in embeddings]

    return Contestant("ours", see_with_ours), Contestant("dlib", see_with_dlib)


def boxes(album: Album) -> list[BoundingBox | None]:
    """Where the main face of each photo is, so that it can be made worse there."""
    encoder = FaceEncoder.load()
    found: list[BoundingBox | None] = []
    for start in range(0, len(album), BATCH):
        photos = [album.open(number) for number in range(start, min(start + BATCH, len(album)))]
        faces = [encoder.main_face(photo) for photo in encoder.encode(photos)]
        found += [None if face is None else face.box for face in faces]
    return found


def in_turns(album: Album, shares: Mapping[Contestant, Counts], title: str) -> dict[Contestant, Portraits]:
    """Has each contestant see its share of the photos, rows of the album: a portion of one's, a portion of the other's.

    All are done at about the same time.
    """
    most = max(map(len, shares.values()))
    seen: dict[Contestant, list[Face | None]] = {contestant: [] for contestant in shares}
    for start in range(0, most, BATCH):
        for contestant, rows in shares.items():
            begin, end = (len(rows) * place // most for place in (start, min(start + BATCH, most)))
            seen[contestant] += contestant.see([album.open(int(row)) for row in rows[begin:end]]) if end > begin else []
        print(f"\r{title}: {min(start + BATCH, most):,} of {most:,}   ", end="", file=sys.stderr, flush=True)
    print("\r", end="", file=sys.stderr)
    return {contestant: Portraits.gathered(album.people[rows], seen[contestant]) for contestant, rows in shares.items()}
