"""The faces of a run, cut out of their photos as the encode workers cut them."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap

from encoder.geometry import Landmarks
from encoder.images import Pixels
from encoder.pipeline import FaceEncoder
from faces.models import Face, Photo
from faces.portions import PIXELS_AT_ONCE, PORTION, Read, read_ahead
from faces.services.runs import runs
from training.metrics.types import Counts, Mask, Progress, ignore
from training.mining.sets import TrainingSet
from training.services.training_sets import ChosenFaces

PHOTOS_AT_ONCE = 512
"""Rows of the database that are looked up together."""

DROPPED = -1
"""In the place of a part: of people who withdrew consent, or were deleted, since the run began."""


@dataclass(frozen=True, eq=False)
class Material:
    """What a run learns from.

    Attributes:
        faces: the training set.
        photos: (M,) int64, the photo of each face.
        unreadable: faces that were left out because their photo's file is missing or damaged.
    """

    faces: TrainingSet
    photos: Counts
    unreadable: int

    def without(self, gone: Mask) -> "Material":
        """Return the same with some rows dropped: they stay where they are and serve for nothing."""
        parts = np.where(gone, np.int8(DROPPED), self.faces.parts).astype(np.int8)
        return replace(self, faces=replace(self.faces, parts=parts))

    @property
    def usable(self) -> ChosenFaces:
        """Those that were not dropped."""
        faces = self.faces
        return ChosenFaces(faces.faces, faces.people, self.photos, faces.parts).only(faces.parts != DROPPED)


def cut_crops(chosen: ChosenFaces, encoder: FaceEncoder, path: Path, *, progress: Progress = ignore) -> Material:
    """Write the crops of the chosen faces to a file, (M, S, S, 3) uint8, that is mapped into memory.

    Args:
        chosen: which faces.
        encoder: of the run's parent: it says how large a crop is and where the landmarks lie in it.
        path: of the new file.
        progress: told how many faces are done since the last call.

    Raises:
        OSError: the disk is full; nothing was read yet.
    """
    size = encoder.spec.input_size
    crops: Pixels = open_memmap(path, mode="w+", dtype=np.uint8, shape=(len(chosen), size, size, 3))
    _reserve(path)
    is_there = np.zeros(len(chosen), dtype=np.bool_)
    order = np.argsort(chosen.photos, kind="stable")
    for places in np.array_split(order, range(PHOTOS_AT_ONCE, len(order), PHOTOS_AT_ONCE)):
        landmarks = dict(Face.objects.filter(pk__in=chosen.faces[places].tolist()).values_list("pk", "landmarks"))
        photos = Photo.objects.filter(pk__in=np.unique(chosen.photos[places]).tolist()).order_by("pk")
        counted = 0
        for portion in read_ahead(
            runs(photos, most=PORTION, size_of=lambda photo: photo.width * photo.height, limit=PIXELS_AT_ONCE // 2)
        ):
            rows = _cut(portion, chosen, places, landmarks, encoder, crops)
            is_there[rows] = True
            counted += len(rows)
            progress(len(rows))
        progress(len(places) - counted)
    kept = np.flatnonzero(is_there)
    for row, place in enumerate(kept):
        if row != place:
            crops[row] = crops[place]
    del crops
    here = chosen.only(is_there)
    mapped: Pixels = np.load(path, mmap_mode="r")[: len(kept)]
    faces = TrainingSet(faces=here.faces, people=here.people, parts=here.parts, crops=mapped)
    return Material(faces, here.photos, unreadable=len(chosen) - len(here))


def _cut(
    portion: Sequence[Read],
    chosen: ChosenFaces,
    places: Counts,
    landmarks: dict[int, list[list[float]]],
    encoder: FaceEncoder,
    crops: Pixels,
) -> Counts:
    """Write the crops of some photos; returns the rows."""
    rows: list[int] = []
    pixels: list[Pixels] = []
    points: list[list[Landmarks]] = []
    for one in portion:
        here = places[chosen.photos[places] == one.photo.pk]
        here = np.array([row for row in here if int(chosen.faces[row]) in landmarks], dtype=np.int64)
        if one.pixels is None or not len(here):
            continue
        pixels.append(one.pixels)
        points.append([Landmarks.from_array(landmarks[int(face)]) for face in chosen.faces[here]])
        rows.extend(here.tolist())
    if rows:
        crops[rows] = encoder.align(pixels, points)
    return np.array(rows, dtype=np.int64)


def _reserve(path: Path) -> None:
    """Have the disk keep all of the file's bytes: to run out of them later would end the process."""
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
