"""The faces of the retraining benchmark: aligned crops, who is judged, and what a poor camera makes of their faces."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Self

import numpy as np
from PIL import Image

from benchmarks.calibration_faces import draw_people
from encoder.geometry import DetectedFace, portrait_score
from encoder.images import Pixels, decode_image
from encoder.pipeline import FaceEncoder
from training.metrics.types import Counts, Mask
from training.mining.sets import Part, TrainingSet

BATCH = 32
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}

PEOPLE_JUDGED = 1349
"""Of Labeled Faces in the Wild; of the part of it with 10,175 photos half of all people with several photos are among
them."""
PHOTOS_JUDGED = 10
"""Of one person at most: pairs grow with the square of photos, and one man with 530 would be most of what is judged."""
SPLIT = 0
"""Seed of who is judged, the same people in every run."""

POOR_SIDE = 30
"""Pixels of the side of the whole crop; the face in it is some 20 high."""
POOR_QUALITY = 30

DRAWN_PHOTOS = 6
"""Of each drawn person."""


@dataclass(frozen=True, eq=False)
class Album:
    """M aligned faces.

    Attributes:
        crops: (M, S, S, 3) uint8.
        people: (M,) numbers from 0.
    """

    crops: Pixels
    people: Counts

    def __len__(self) -> int:
        return len(self.people)

    @classmethod
    def of(cls, folder: Path, kept: Path | None = None) -> Self:
        """Cut the main face out of every photo in the folders of a folder, or take what an earlier run has `kept`."""
        if kept is not None and kept.exists():
            with np.load(kept) as arrays:
                return cls(arrays["crops"], arrays["people"])
        photos = [
            (person, path)
            for person, album in enumerate(sorted(path for path in folder.iterdir() if path.is_dir()))
            for path in sorted(album.iterdir())
            if path.suffix.lower() in SUFFIXES
        ]
        encoder = FaceEncoder.load()
        crops, people = [], []
        for number, (person, crop) in enumerate(_cut(photos, encoder), start=1):
            crops.append(crop)
            people.append(person)
            if number % BATCH == 0:
                print(f"\r{number:,} of {len(photos):,} faces cut out", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        if not crops:
            raise SystemExit(f"No photo in the folders of {folder} shows a face.")
        found = cls(np.stack(crops), np.unique(people, return_inverse=True)[1].astype(np.int64))
        if kept is not None:
            np.savez(kept, crops=found.crops, people=found.people)
        return found


@dataclass(frozen=True, eq=False)
class Domain:
    """What is learned from and what is judged by.

    Attributes:
        faces: the training set: first the album, then the J probes.
        judged: (J,) rows of the judged people's photos, as they are; the gallery.
        probes: (J,) rows of what is compared with them: poor copies of the same photos, or the photos themselves.
    """

    faces: TrainingSet
    judged: Counts
    probes: Counts

    @property
    def people(self) -> Counts:
        """(J,) who is judged."""
        return self.faces.people[self.judged]

    @property
    def has_copies(self) -> bool:
        """Whether probes are copies of the photos."""
        return not np.array_equal(self.judged, self.probes)

    @classmethod
    def poor_cameras(cls, album: Album, *, people_judged: int = PEOPLE_JUDGED) -> Self:
        """Judge by poor copies of some people's photos; learn from the photos of everybody else, as they are."""
        judged = np.flatnonzero(among_few(album.people, judged_people(album.people, people_judged)))
        copies = np.stack([poor_copy(crop) for crop in album.crops[judged]])
        crops = np.concatenate([album.crops, copies])
        people = np.concatenate([album.people, album.people[judged]])
        is_trained_on = ~np.isin(people, people[judged])
        probes = np.arange(len(album), len(crops), dtype=np.int64)
        return cls(_training_set(crops, people, is_trained_on), judged.astype(np.int64), probes)

    @classmethod
    def drawn(cls, album: Album, *, people_judged: int) -> Self:
        """Judge by the last of the drawn people, and learn from the others."""
        last = np.unique(album.people)[-people_judged:]
        judged = np.flatnonzero(np.isin(album.people, last)).astype(np.int64)
        return cls(_training_set(album.crops, album.people, ~np.isin(album.people, last)), judged, judged)


def judged_people(people: Counts, number: int) -> Counts:
    """Return who is judged: half of those with several photos, then people with a single one.

    Of the other half of all people, in one order by chance, those with several photos come first, so that the gallery
    has `number` people of whom as many as possible are looked for.
    """
    names, photos = np.unique(people, return_counts=True)
    order = np.random.default_rng(SPLIT).permutation(len(names))
    half = order[len(order) // 2 :]
    several = photos[half] > 1
    judged: Counts = names[np.concatenate([half[several], half[~several]])[:number]]
    return judged


def among_few(people: Counts, wanted: Counts, most: int = PHOTOS_JUDGED) -> Mask:
    """(M,) whether each face is one of the first `most` of a wanted person."""
    order = np.argsort(people, kind="stable")
    _, begins, sizes = np.unique(people[order], return_index=True, return_counts=True)
    rank = np.empty(len(people), dtype=np.int64)
    rank[order] = np.arange(len(people)) - np.repeat(begins, sizes)
    few: Mask = np.isin(people, wanted) & (rank < most)
    return few


def poor_copy(crop: Pixels) -> Pixels:
    """What a poor camera makes of an aligned face, (S, S, 3) uint8 to the same: small, compressed, enlarged again."""
    size = crop.shape[0]
    side = round(POOR_SIDE * size / 150)
    file = io.BytesIO()
    Image.fromarray(crop).resize((side, side), Image.Resampling.BOX).save(file, "JPEG", quality=POOR_QUALITY)
    with Image.open(file) as small:
        return np.asarray(small.convert("RGB").resize((size, size), Image.Resampling.BICUBIC))


def drawn_album(folder: Path, *, people: int, kept: Path | None) -> Album:
    """Draw people who are not in the folder yet, and cut their faces out."""
    if kept is None or not kept.exists():
        draw_people(folder, people=people, photos_each=DRAWN_PHOTOS)
    return Album.of(folder, kept)


def _training_set(crops: Pixels, people: Counts, is_trained_on: Mask) -> TrainingSet:
    parts = np.where(is_trained_on, Part.TRAINED_ON, Part.HELD_OUT).astype(np.int8)
    return TrainingSet(faces=np.arange(len(people), dtype=np.int64), people=people, parts=parts, crops=crops)


def _cut(photos: Sequence[tuple[int, Path]], encoder: FaceEncoder) -> Iterator[tuple[int, Pixels]]:
    remaining = iter(photos)
    while some := list(islice(remaining, BATCH)):
        pictures = [decode_image(path.read_bytes()).pixels for _, path in some]
        mains = [_main(faces, picture) for faces, picture in zip(encoder.detect(pictures), pictures, strict=True)]
        landmarks = [[main.landmarks] if main else [] for main in mains]
        people = [person for (person, _), main in zip(some, mains, strict=True) if main]
        yield from zip(people, encoder.align(pictures, landmarks), strict=True)


def _main(faces: Sequence[DetectedFace], picture: Pixels) -> DetectedFace | None:
    height, width = picture.shape[:2]
    return max(faces, key=lambda face: portrait_score(face.box, width, height), default=None)
