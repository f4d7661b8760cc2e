"""A gallery of these faces, as an evaluation reads one from the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from benchmarks.template_faces import Album
from encoder.templates import templates
from training.metrics.evidence import Evidence
from training.metrics.types import Counts
from training.services.enrolled import Enrolled, Vectors
from training.services.evidence import gather_evidence


@dataclass(frozen=True, eq=False)
class EnrolledInMemory(Enrolled):
    """Everybody's faces, `vectors` (M, D), and templates, `template_rows` (N, D), rounded as they are stored."""

    vectors: Vectors
    template_rows: Vectors

    @classmethod
    def of(cls, album: Album) -> Self:
        """Enroll all faces of an album, in the order of people."""
        album = album[np.argsort(album.people, kind="stable")]
        everybody, people = np.unique(album.people, return_inverse=True)
        stand = templates(album.embeddings, album.people, album.qualities).vectors
        return cls(
            everybody=everybody,
            faces=np.arange(len(album)),
            people=people.astype(np.int64),
            photos=album.photos,
            qualities=album.qualities,
            templates=np.arange(len(everybody)),
            dimension=album.embeddings.shape[1],
            vectors=album.embeddings.astype(np.float16).astype(np.float32),
            template_rows=stand.astype(np.float16).astype(np.float32),
        )

    def face_vectors(self, places: slice) -> Vectors:
        """Return the vectors of a run of faces: (B, D)."""
        return self.vectors[places]

    def some_face_vectors(self, places: Counts) -> Vectors:
        """Return the vectors of some faces: (len(places), D)."""
        return self.vectors[places]

    def template_vectors(self, places: slice) -> Vectors:
        """Return a run of templates: (B, D)."""
        return self.template_rows[places]

    def some_template_vectors(self, places: Counts) -> Vectors:
        """Return some templates: (len(places), D)."""
        return self.template_rows[places]


def evidence_of(album: Album) -> Evidence:
    """Return what an evaluation of this gallery rests on."""
    return gather_evidence(EnrolledInMemory.of(album))
