"""The main face of each photo in a folder, as a worker encodes it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from encoder.images import decode_image
from encoder.pipeline import FaceEncoder

BATCH = 32
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


@dataclass(frozen=True, eq=False)
class MainFaces:
    """`people` (M,) numbers, `embeddings` (M, D) and `quality` (M,)."""

    people: npt.NDArray[np.int64]
    embeddings: npt.NDArray[np.float32]
    quality: npt.NDArray[np.float64]

    def save(self, path: Path) -> None:
        """Write an .npz with an array of each name."""
        np.savez(path, people=self.people, embeddings=self.embeddings, quality=self.quality)


def embed_folder(folder: Path) -> MainFaces:
    """Encode the photos, and return those that show a clear main face.

    Args:
        folder: one folder a person.
    """
    paths = [path for path in sorted(folder.glob("*/*")) if path.suffix.lower() in SUFFIXES]
    if not paths:
        raise SystemExit(f"There are no photos in the folders of {folder}.")
    encoder = FaceEncoder.load()
    names, vectors, quality = [], [], []
    for start in range(0, len(paths), BATCH):
        batch = paths[start : start + BATCH]
        photos = encoder.encode([decode_image(path.read_bytes()).pixels for path in batch])
        for path, photo in zip(batch, photos, strict=True):
            face = encoder.main_face(photo)
            if face is not None:
                names.append(path.parent.name)
                vectors.append(face.embedding)
                quality.append(face.quality.score)
    people = np.unique(names, return_inverse=True)[1].astype(np.int64)
    return MainFaces(people, np.stack(vectors).astype(np.float32), np.array(quality))
