"""The faces of the templates benchmark: of everybody's photos, and of worse copies of some."""

import sys
import zlib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.degradations import DEGRADATIONS, Subject
from encoder.geometry import EncodedFace
from encoder.images import Pixels, decode_image
from encoder.pipeline import FaceEncoder
from encoder.quality import quality_problems

Floats: TypeAlias = npt.NDArray[np.float64]
Labels: TypeAlias = npt.NDArray[np.int64]
Mask: TypeAlias = npt.NDArray[np.bool_]

BATCH = 32
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
GOOD_TO_BAD = 4
"""Photos as they are to each that has a worse copy."""


@dataclass(frozen=True, eq=False)
class Album:
    """M faces, the main one of each photo or copy.

    Attributes:
        people: (M,) numbers.
        photos: (M,) numbers; a copy has that of the photo it is a copy of.
        embeddings: (M, D) float32 of unit length.
        qualities: (M,) 0 to 1.
        is_copy: (M,) whether the photo is a worse copy of another that is in the album, too.
        is_good: (M,) whether the quality gate would let the face be enrolled.
    """

    people: Labels
    photos: Labels
    embeddings: npt.NDArray[np.float32]
    qualities: Floats
    is_copy: Mask
    is_good: Mask

    def __len__(self) -> int:
        return len(self.people)

    def __getitem__(self, chosen: Mask | Labels) -> Self:
        return type(self)(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})

    @classmethod
    def of(cls, folder: Path, *, limit: int | None, copies: bool) -> Self:
        """Encodes the photos of the first `limit` people, and with `copies` worse ones of every fifth."""
        folders = sorted(path for path in folder.iterdir() if path.is_dir())[:limit]
        photos = [
            (person, path)
            for person, album in enumerate(folders)
            for path in sorted(album.iterdir())
            if path.suffix.lower() in SUFFIXES
        ]
        encoder = FaceEncoder.load()
        rows: list[_Row] = []
        for start in range(0, len(photos), BATCH):
            numbers = range(start, min(start + BATCH, len(photos)))
            pictures = [decode_image(photos[number][1]).pixels for number in numbers]
            faces = _main_faces(encoder, pictures)
            found = [(n, picture, face) for n, picture, face in zip(numbers, pictures, faces, strict=True) if face]
            rows += [_Row(photos[n][0], n, face, is_copy=False) for n, _, face in found]
            if copies:
                copied = [(n, picture, face) for n, picture, face in found if n % (1 + GOOD_TO_BAD) == 0]
                worse = [_worse(picture, face, photos[n][1].name) for n, picture, face in copied]
                faces = _main_faces(encoder, worse)
                rows += [
                    _Row(photos[n][0], n, face, is_copy=True)
                    for (n, _, _), face in zip(copied, faces, strict=True)
                    if face
                ]
            print(f"\r{numbers[-1] + 1:,} of {len(photos):,} photos", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        if not rows:
            raise SystemExit(f"No photo in the folders of {folder} shows a face.")
        return cls(
            people=np.array([row.person for row in rows], np.int64),
            photos=np.array([row.photo for row in rows], np.int64),
            embeddings=np.stack([row.face.embedding for row in rows]),
            qualities=np.array([row.face.quality.score for row in rows]),
            is_copy=np.array([row.is_copy for row in rows]),
            is_good=np.array([not quality_problems(row.face.quality) for row in rows]),
        )

    def with_bad_photos(self) -> Self:
        """The copies instead of the photos that have one; only what the quality gate lets through."""
        replaced = np.isin(self.photos, self.photos[self.is_copy]) & ~self.is_copy
        return self[~replaced & self.is_good]

    @classmethod
    def kept(cls, folder: Path, file: Path | None, *, limit: int | None, copies: bool) -> Self:
        """Load what an earlier run kept in a file; else encode as `of` does, and keep it there if a file is named."""
        if file is not None and file.exists():
            return cls.load(file)
        album = cls.of(folder, limit=limit, copies=copies)
        if file is not None:
            album.save(file)
        return album

    def save(self, path: Path) -> None:
        np.savez(path, **{field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def load(cls, path: Path) -> Self:
        with np.load(path) as arrays:
            return cls(**{field.name: arrays[field.name] for field in fields(cls)})


@dataclass(frozen=True)
class _Row:
    person: int
    photo: int
    face: EncodedFace
    is_copy: bool


def _main_faces(encoder: FaceEncoder, photos: list[Pixels]) -> list[EncodedFace | None]:
    return [encoder.main_face(photo) for photo in encoder.encode(photos)] if photos else []


def _worse(photo: Pixels, face: EncodedFace, name: str) -> Pixels:
    """Made worse in one way, chance falling the same way each time."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    kind = str(rng.choice(list(DEGRADATIONS)))
    return np.asarray(DEGRADATIONS[kind](Subject(Image.fromarray(photo), face.box, rng)))
