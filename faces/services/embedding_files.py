"""Embeddings in a file of numpy's (.npz), to move them to another installation or to make them elsewhere.

An id means nothing in another database, and the order in which a photo's faces were stored may differ there. So a
written file names each face by the SHA-256 of its photo and by its box; where it is read, the face of that photo whose
box covers the same place gets the embedding. A file that a program makes for this very database may give ids instead.

| array | shape | |
|---|---|---|
| `vectors` | (M, D) float16 or float32 | unit length |
| `faces` | (M,) integers | ids; or instead: |
| `photos` | (M, 32) uint8 | SHA-256 of the photo's bytes |
| `boxes` | (M, 4) float64 | left, top, right, bottom in pixels of the photo, EXIF turned |
| `weights_sha256`, `preprocessing_version` | a text, an integer | of the encoder version; checked where they are |
"""

import os
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from psycopg.sql import SQL

from faces.exceptions import ConflictError, InvalidRequestError, NotFoundError
from faces.models import Embedding, EncoderVersion, Gallery
from faces.services.binary_copy import fetch_rows
from faces.services.embedding_checks import Ids, Vectors

Digests = npt.NDArray[np.uint8]
Boxes = npt.NDArray[np.float64]

SAME_PLACE = 0.5
"""Intersection over union from which on two boxes are of one face: detections of one photo on two machines differ by
parts of a pixel, and faces of two people cover each other less."""

_EMBEDDINGS = SQL("""
    SELECT decode(p.sha256, 'hex'), f."left", f.top, f."right", f.bottom, e.vector
    FROM faces_embedding e JOIN faces_face f ON f.id = e.face_id JOIN faces_photo p ON p.id = f.photo_id
    WHERE e.gallery_id = {} AND e.encoder_version_id = {} ORDER BY e.face_id
""")
_FACES = SQL("""
    SELECT f.id, decode(p.sha256, 'hex'), f."left", f.top, f."right", f.bottom
    FROM faces_face f JOIN faces_photo p ON p.id = f.photo_id WHERE f.gallery_id = {}
""")
_SIDES = [(side, ">f8") for side in ("left", "top", "right", "bottom")]


@dataclass(frozen=True, eq=False)
class Places:
    """Where faces are to be seen, in any database: (M, 32) SHA-256 of the photos, and (M, 4) boxes."""

    photos: Digests
    boxes: Boxes


@dataclass(frozen=True, eq=False)
class EmbeddingFile:
    """What a file holds; `faces` are ids or places."""

    vectors: Vectors
    faces: Ids | Places
    weights_sha256: str | None
    preprocessing_version: int | None


def write_embeddings(
    *, gallery: Gallery, encoder_version: EncoderVersion, path: Path, progress: Callable[[int], object] = lambda _: None
) -> int:
    """Write a gallery's embeddings by one encoder version into a new file that its owner alone can read.

    Args:
        gallery: whose.
        encoder_version: by whom.
        path: a name that nothing has yet.
        progress: is told how many embeddings were read, as they come.

    Returns:
        How many there are.

    Raises:
        ConflictError: there is such a file already.
        NotFoundError: there are no embeddings, or no such folder.
    """
    if path.exists():
        raise ConflictError(f"{path} is there already. Name a new file.")
    if not path.parent.is_dir():
        raise NotFoundError(f"The folder {path.parent} is not there.")
    vector = np.dtype([("dimension", ">i2"), ("unused", ">i2"), ("numbers", ">f2", (encoder_version.dimension,))])
    query = _EMBEDDINGS.format(gallery.pk, encoder_version.pk)
    rows = fetch_rows(query, [("photo", "u1", (32,)), *_SIDES, ("vector", vector)], progress=progress)
    if not len(rows):
        raise NotFoundError(f"Gallery “{gallery.name}” has no embeddings by “{encoder_version.name}”.")
    arrays: dict[str, Any] = {
        "photos": rows["photo"],
        "boxes": _boxes(rows),
        "vectors": rows["vector"]["numbers"].astype(np.float16),
        "encoder_version": np.array(encoder_version.name),
        "weights_sha256": np.array(encoder_version.weights_sha256),
        "preprocessing_version": np.array(encoder_version.preprocessing_version),
    }
    _save(path, arrays)
    return len(rows)


def _save(path: Path, arrays: dict[str, Any]) -> None:
    """Write beside it and rename: a file of this name is a whole one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # 0600: embeddings are biometrics
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, **arrays)
        Path(name).rename(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _boxes(rows: npt.NDArray[Any]) -> Boxes:
    return np.stack([rows[side] for side, _ in _SIDES], axis=1).astype(np.float64)


def read_embeddings(path: Path) -> EmbeddingFile:
    """Read a file. Nothing in it is run.

    Raises:
        NotFoundError: it is not there.
        InvalidRequestError: it is no such file, or an array is missing or of another shape than the others.
    """
    if not path.is_file():
        raise NotFoundError(f"{path} is not a file." if path.exists() else f"The file {path} is not there.")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return _checked(arrays)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, TypeError) as error:
        raise InvalidRequestError(f"{path} is no file of arrays as numpy.savez writes it ({error}).") from error


def _checked(arrays: Any) -> EmbeddingFile:
    names = set(arrays.files)
    if "vectors" not in names or not ("faces" in names or {"photos", "boxes"} <= names):
        raise InvalidRequestError(
            "It needs the array “vectors”, and for whose they are “faces” (ids), or “photos” (SHA-256) and “boxes”; "
            f"it has {', '.join(sorted(names)) or 'none'}."
        )
    vectors = arrays["vectors"]
    if vectors.ndim != 2 or vectors.dtype.kind != "f":
        raise InvalidRequestError(f"“vectors” are floats (M, D), not {vectors.dtype} of shape {vectors.shape}.")
    count = len(vectors)
    has_ids = "faces" in names
    wanted = {"faces": ((count,), "iu")} if has_ids else {"photos": ((count, 32), "u"), "boxes": ((count, 4), "f")}
    for name, (shape, kinds) in wanted.items():
        if arrays[name].shape != shape or arrays[name].dtype.kind not in kinds:
            raise InvalidRequestError(
                f"“{name}” have the shape {shape} where there are {count} vectors; "
                f"these are {arrays[name].dtype} of shape {arrays[name].shape}."
            )
    if has_ids:
        faces: Ids | Places = arrays["faces"].astype(np.int64)
    else:
        faces = Places(arrays["photos"].astype(np.uint8), arrays["boxes"].astype(np.float64))
    return EmbeddingFile(
        vectors=vectors.astype(np.float32),
        faces=faces,
        weights_sha256=str(arrays["weights_sha256"]) if "weights_sha256" in names else None,
        preprocessing_version=int(arrays["preprocessing_version"]) if "preprocessing_version" in names else None,
    )


def check_made_by(file: EmbeddingFile, encoder_version: EncoderVersion) -> None:
    """Refuse vectors that say of themselves that another encoder made them.

    Raises:
        ConflictError: they do.
    """
    has_other_weights = file.weights_sha256 not in (None, encoder_version.weights_sha256)
    if has_other_weights or file.preprocessing_version not in (None, encoder_version.preprocessing_version):
        raise ConflictError(
            f"The embeddings in this file were made by another encoder than “{encoder_version.name}”: weights "
            f"{file.weights_sha256}, preprocessing {file.preprocessing_version}. Name the version that has these; "
            "vectors of two versions cannot be compared."
        )


def faces_of(file: EmbeddingFile, gallery: Gallery | None) -> Ids:
    """Return the ids of the faces that the vectors are of: (M,) int64, 0 where this database has no such face.

    Raises:
        InvalidRequestError: the file names photos, and no gallery was said.
    """
    if not isinstance(file.faces, Places):
        return file.faces
    if gallery is None:
        raise InvalidRequestError("This file names photos; say which gallery has them.")
    rows = fetch_rows(_FACES.format(gallery.pk), [("id", ">i8"), ("photo", "u1", (32,)), *_SIDES])
    order = np.argsort(_keys(rows["photo"]), kind="stable")
    return _match(rows["id"][order].astype(np.int64), _keys(rows["photo"])[order], _boxes(rows)[order], file.faces)


def _keys(digests: Digests) -> npt.NDArray[np.bytes_]:
    """Digests as something that numpy can sort: (n,)."""
    return np.ascontiguousarray(digests).view("S32").reshape(-1)


def _match(ids: Ids, photos: npt.NDArray[np.bytes_], boxes: Boxes, places: Places) -> Ids:
    """For each place the face of its photo that covers most of it, or 0; faces come in the order of photos."""
    wanted = _keys(places.photos)
    first, stop = np.searchsorted(photos, wanted, "left"), np.searchsorted(photos, wanted, "right")
    count = stop - first
    row = np.repeat(np.arange(len(wanted)), count)  # one pair a stored face of the row's photo
    start_of_row = np.cumsum(count) - count
    face = np.arange(len(row)) - start_of_row[row] + first[row]
    overlap = _overlap(places.boxes[row], boxes[face])
    best_last = np.lexsort((overlap, row))
    is_last = np.ones(len(row), bool)
    is_last[:-1] = row[best_last][1:] != row[best_last][:-1]
    best = best_last[is_last]
    best = best[overlap[best] >= SAME_PLACE]
    found = np.zeros(len(wanted), np.int64)
    found[row[best]] = ids[face[best]]
    return found


def _overlap(some: Boxes, others: Boxes) -> npt.NDArray[np.float64]:
    """Intersection over union of boxes, pair by pair: (n, 4) and (n, 4) to (n,)."""
    low, high = np.maximum(some[:, :2], others[:, :2]), np.minimum(some[:, 2:], others[:, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=1)
    areas = np.prod(some[:, 2:] - some[:, :2], axis=1) + np.prod(others[:, 2:] - others[:, :2], axis=1)
    return np.asarray(shared / np.maximum(areas - shared, np.finfo(np.float64).tiny))


def count_embeddings(gallery: Gallery, encoder_version: EncoderVersion) -> int:
    """How many embeddings a gallery has by one encoder version."""
    return Embedding.objects.of(gallery).filter(encoder_version=encoder_version).count()
