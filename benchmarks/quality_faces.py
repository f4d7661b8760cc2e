"""Faces of a folder of people's photos, and of worse copies of them, with all that their quality is judged by."""

import sys
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import islice
from pathlib import Path
from typing import Self, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.degradations import DEGRADATIONS, Subject
from encoder.geometry import DetectedFace, FaceQuality, portrait_score
from encoder.images import decode_image
from encoder.pipeline import FaceEncoder
from encoder.quality import Weaknesses, measure, score

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]
Mask: TypeAlias = npt.NDArray[np.bool_]
Pixels: TypeAlias = npt.NDArray[np.uint8]

AS_IT_IS = ""
BATCH = 32
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


@dataclass(frozen=True, eq=False)
class MeasuredFaces:
    """M faces, one a photo or copy; properties in the units of `FaceQuality`.

    Attributes:
        person: (M,) whose; people are numbered.
        half: (M,) bool: of the people on whom constants are fitted; the others are for judging.
        photo: (M,) which photo it, or the photo that it is a copy of, is.
        kind: (M,) the degradation; `AS_IT_IS` for none.
        embedding: (M, D) float32.
        detection_score, agreement, size, sharpness, brightness, yaw, pitch: (M,).
        weaknesses: (M, 7), as `Weaknesses.as_array`.
    """

    person: Integers
    half: Mask
    photo: Integers
    kind: npt.NDArray[np.str_]
    embedding: npt.NDArray[np.float32]
    detection_score: Floats
    agreement: Floats
    size: Floats
    sharpness: Floats
    brightness: Floats
    yaw: Floats
    pitch: Floats
    weaknesses: Floats

    def __getitem__(self, chosen: Mask) -> Self:
        return type(self)(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})

    def __len__(self) -> int:
        return len(self.person)

    @property
    def is_original(self) -> Mask:
        mask: Mask = self.kind == AS_IT_IS
        return mask

    @property
    def score(self) -> Floats:
        """(M,) with the constants of today, whenever the faces were measured."""
        return score(Weaknesses(*self.weaknesses.T))

    def qualities(self) -> list[FaceQuality]:
        """As the encoder hands them out, but for the roll, which nothing depends on."""
        columns = (self.size, self.sharpness, self.brightness, self.yaw, self.pitch, 0 * self.yaw, self.score)
        return [FaceQuality(*row) for row in np.stack(columns, axis=1).tolist()]

    def save(self, path: Path) -> None:
        np.savez(path, **{field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def load(cls, path: Path) -> Self:
        with np.load(path) as arrays:
            return cls(**{field.name: arrays[field.name] for field in fields(cls)})


@dataclass(frozen=True)
class _Source:
    person: int
    half: bool
    photo: int
    path: Path


def people_of(folder: Path, *, limit: int | None, photos_each: int) -> list[_Source]:
    """The first photos of every person with two or more; which half a person is of depends on the name only.

    No more than a few of each, so that nobody who was photographed often decides everything.
    """
    folders = sorted(path for path in folder.iterdir() if path.is_dir())
    albums = [sorted(path for path in person.iterdir() if path.suffix.lower() in SUFFIXES) for person in folders]
    chosen = list(islice((album for album in albums if len(album) > 1), limit))
    sources = [(person, path) for person, album in enumerate(chosen) for path in album[:photos_each]]
    return [
        _Source(person, zlib.crc32(path.parent.name.encode()) % 2 == 0, number, path)
        for number, (person, path) in enumerate(sources)
    ]


def measure_faces(encoder: FaceEncoder, sources: Sequence[_Source], *, copies: int) -> MeasuredFaces:
    """Encode each photo, and `copies` worse copies of it; a copy in which no face is found is left out."""
    rows: list[dict[str, object]] = []
    for start in range(0, len(sources), BATCH):
        batch = sources[start : start + BATCH]
        photos = [decode_image(source.path).pixels for source in batch]
        found = _main_faces(encoder, photos)
        rows += _measured(encoder, batch, [AS_IT_IS] * len(batch), photos, found)
        worse = [
            (source, kind, copy)
            for source, photo, face in zip(batch, photos, found, strict=True)
            if face is not None
            for kind, copy in _copies(source, photo, face, copies)
        ]
        for first in range(0, len(worse), BATCH):
            part = worse[first : first + BATCH]
            pictures = [copy for _, _, copy in part]
            rows += _measured(
                encoder, [s for s, _, _ in part], [k for _, k, _ in part], pictures, _main_faces(encoder, pictures)
            )
        print(f"\r{start + len(batch):,} of {len(sources):,} photos", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return MeasuredFaces(**{name: np.array([row[name] for row in rows]) for name in rows[0]})


def _copies(source: _Source, photo: Pixels, face: DetectedFace, count: int) -> Iterator[tuple[str, Pixels]]:
    rng = np.random.default_rng(zlib.crc32(source.path.name.encode()))
    for kind in rng.choice(list(DEGRADATIONS), count, replace=False):
        yield str(kind), np.asarray(DEGRADATIONS[kind](Subject(Image.fromarray(photo), face.box, rng)))


def _main_faces(encoder: FaceEncoder, photos: Sequence[Pixels]) -> list[DetectedFace | None]:
    return [
        max(faces, key=lambda face: portrait_score(face.box, photo.shape[1], photo.shape[0]), default=None)
        for photo, faces in zip(photos, encoder.detect(photos), strict=True)
    ]


def _measured(
    encoder: FaceEncoder,
    sources: Sequence[_Source],
    kinds: Sequence[str],
    photos: Sequence[Pixels],
    found: Sequence[DetectedFace | None],
) -> Iterator[dict[str, object]]:
    crops = encoder.align(photos, [[face.landmarks] if face else [] for face in found])
    embeddings, agreement = encoder.embed_views(crops)
    faces = [face for face in found if face is not None]
    measured = measure(faces, crops, encoder.spec.alignment, agreement)
    terms = measured.weaknesses.as_array()
    owners = [(source, kind) for source, kind, face in zip(sources, kinds, found, strict=True) if face is not None]
    for index, (source, kind) in enumerate(owners):
        yield {
            "person": source.person,
            "half": source.half,
            "photo": source.photo,
            "kind": kind,
            "embedding": embeddings[index],
            "detection_score": faces[index].detection_score,
            "agreement": 1.0 if agreement is None else agreement[index],
            "size": measured.size[index],
            "sharpness": measured.sharpness[index],
            "brightness": measured.brightness[index],
            "yaw": measured.yaw[index],
            "pitch": measured.pitch[index],
            "weaknesses": terms[index],
        }
