"""Synthetic galleries in the platform's own tables, loaded as its own services load."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import numpy.typing as npt
from django.db import connection, transaction
from django.utils import timezone
from psycopg.sql import SQL, Literal

from benchmarks.synthetic_gallery import FaceBlock, Floats, Integers, SyntheticGallery
from faces.models import Face, Gallery, Person, Photo
from faces.services.binary_copy import Values, copy_rows, fetch_rows, reserve_ids
from faces.services.bulk_loading import copy_embeddings
from faces.services.galleries import create_gallery

FACES_AT_ONCE = 100_000
"""Rows that are in memory at a time; people are never cut in two."""

LANDMARKS = "[[75, 80], [125, 80], [100, 105], [82, 135], [118, 135]]"
BOX = {"left": 50.0, "top": 40.0, "right": 150.0, "bottom": 170.0}


@dataclass
class Loading:
    """Seconds and rows of a load, by table; `embeddings` have the templates with them, which triggers make."""

    rows: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def add(self, table: str, rows: int, seconds: float) -> None:
        """Count what was done."""
        self.rows[table] = self.rows.get(table, 0) + rows
        self.seconds[table] = self.seconds.get(table, 0.0) + seconds

    def rate(self, table: str) -> float:
        """Rows a second."""
        return self.rows[table] / self.seconds[table]

    @property
    def faces_a_second(self) -> float:
        """Faces with everything that belongs to them: people, photos, embeddings, templates."""
        return self.rows["faces"] / sum(self.seconds.values())


@dataclass(frozen=True)
class LoadedGallery:
    """A synthetic gallery and where it lies: person i of it has the number `people[i]`."""

    gallery: Gallery
    synthetic: SyntheticGallery
    people: Integers

    @property
    def faces(self) -> int:
        """How many it was made with."""
        return self.synthetic.face_count

    def person(self, index: int) -> Person:
        """The person's row."""
        return Person.objects.get(pk=self.people[index])


def load(faces: int, *, seed: int) -> tuple[LoadedGallery, Loading | None]:
    """Load a gallery, or find the one that an earlier run has loaded (then without a Loading)."""
    synthetic = SyntheticGallery(faces, seed=seed)
    name = f"Synthetic {faces} of seed {seed}"
    if (gallery := Gallery.objects.filter(name=name).first()) is not None:
        people = np.array(Person.objects.of(gallery).order_by("pk").values_list("pk", flat=True), np.int64)
        if len(people) != synthetic.person_count or Face.objects.of(gallery).count() != faces:
            raise SystemExit(
                f"The gallery “{name}” in this folder is not as it was loaded: a load was stopped, or an earlier run"
                " replaced its faces. Begin with an empty folder, or measure with --no-churn."
            )
        return LoadedGallery(gallery, synthetic, people), None
    loading = Loading()
    gallery = create_gallery(name=name)
    people = _timed(loading, "people", partial(_load_people, gallery, synthetic.person_count))
    loaded = LoadedGallery(gallery, synthetic, people)
    for block in _joined(synthetic.blocks()):
        load_faces(loaded, block, loading)
    with connection.cursor() as cursor:  # what autovacuum does a minute later, at a moment of its own
        cursor.execute("ANALYZE")
    return loaded, loading


def load_faces(loaded: LoadedGallery, block: FaceBlock, loading: Loading) -> None:
    """Give people of the gallery faces: a photo each, its face, its embedding; the database makes the templates."""
    photos = _timed(loading, "photos", partial(_load_photos, loaded.gallery, len(block)))
    faces = _timed(loading, "faces", partial(_load_faces, loaded, photos, block))
    version = loaded.gallery.encoder_version
    copied = copy_embeddings(encoder_version=version, faces=faces, vectors=block.vector)
    loading.add("embeddings", copied.rows, copied.seconds)


def _timed(loading: Loading, table: str, work: Callable[[], Integers]) -> Integers:
    started = time.perf_counter()
    ids = work()
    loading.add(table, len(ids), time.perf_counter() - started)
    return ids


def _joined(blocks: Iterator[FaceBlock]) -> Iterator[FaceBlock]:
    """The same faces in fewer and larger blocks."""
    waiting: list[FaceBlock] = []
    for block in blocks:
        waiting.append(block)
        if sum(map(len, waiting)) >= FACES_AT_ONCE:
            yield _one(waiting)
            waiting = []
    if waiting:
        yield _one(waiting)


def _one(blocks: list[FaceBlock]) -> FaceBlock:
    return FaceBlock(
        np.concatenate([block.person for block in blocks]),
        np.concatenate([block.vector for block in blocks]),
        np.concatenate([block.quality for block in blocks]),
    )


def _load_people(gallery: Gallery, count: int) -> Integers:
    with transaction.atomic():
        ids = reserve_ids(Person._meta.db_table, count)
        now = timezone.now()
        columns: dict[str, Values] = {
            "id": ids,
            "gallery_id": gallery.pk,
            "name": np.strings.add("Person ", ids.astype("U20")),
            "external_id": "",
            "metadata": "{}",
            "consent": Person.Consent.UNKNOWN.value,
            "consent_purpose": "",
            "created_at": now,
            "updated_at": now,
        }
        copy_rows(Person._meta.db_table, columns)
    return ids


def _load_photos(gallery: Gallery, count: int) -> Integers:
    """Rows of photos whose files were never there."""
    rng = np.random.default_rng()
    with transaction.atomic():
        ids = reserve_ids(Photo._meta.db_table, count)
        keys = np.frombuffer(rng.bytes(16 * count), np.uint8).reshape(count, 16)
        names = _hexadecimal(keys)
        now = timezone.now()
        columns: dict[str, Values] = {
            "id": ids,
            "gallery_id": gallery.pk,
            "key": keys,
            "file": np.strings.add(np.strings.add("photos/", names), ".jpg"),
            "name": np.strings.add(ids.astype("U20"), ".jpg"),
            "sha256": _hexadecimal(np.frombuffer(rng.bytes(32 * count), np.uint8).reshape(count, 32)),
            "media_type": "image/jpeg",
            "size_bytes": 20_000,
            "width": 200,
            "height": 200,
            "state": Photo.State.READY.value,
            "reason": "",
            "error": "",
            "attempts": 1,
            "created_at": now,
            "finished_at": now,
        }
        copy_rows(Photo._meta.db_table, columns)
    return ids


def _hexadecimal(keys: npt.NDArray[np.uint8]) -> npt.NDArray[np.str_]:
    digits = np.frombuffer(keys.tobytes().hex().encode(), f"S{2 * keys.shape[1]}")
    return digits.astype(np.str_)


def _load_faces(loaded: LoadedGallery, photos: Integers, block: FaceBlock) -> Integers:
    with transaction.atomic():
        ids = reserve_ids(Face._meta.db_table, len(block))
        columns: dict[str, Values] = {
            "id": ids,
            "gallery_id": loaded.gallery.pk,
            "photo_id": photos,
            "person_id": loaded.people[block.person],
            **BOX,
            "landmarks": LANDMARKS,
            "detection_score": 0.999,
            "size": 100.0,
            "sharpness": 0.9,
            "brightness": 0.5,
            "yaw": 0.0,
            "pitch": 0.0,
            "roll": 0.0,
            "quality": block.quality,
            "assigned_by": Face.AssignedBy.IMPORT.value,
            "is_enrolled": True,
            "created_at": timezone.now(),
        }
        copy_rows(Face._meta.db_table, columns)
    return ids


def stored_templates(gallery: Gallery) -> tuple[Integers, Floats]:
    """Numbers of people in ascending order, (P,), and their templates as they are stored, (P, D)."""
    version = gallery.encoder_version
    query = SQL(
        "SELECT person_id, vector FROM faces_template WHERE gallery_id = {} AND encoder_version_id = {}"
    ).format(Literal(gallery.pk), Literal(version.pk))
    # A halfvec is sent as its dimension, an unused number, and the values.
    halfvec = np.dtype([("head", ">i2", (2,)), ("values", ">f2", (version.dimension,))])
    rows = fetch_rows(query, np.dtype([("person", ">i8"), ("vector", halfvec)]))
    order = np.argsort(rows["person"])
    vectors = rows["vector"]["values"][order].astype(np.float32)
    return rows["person"][order].astype(np.int64), np.ascontiguousarray(vectors)
