"""The enrolled faces and the templates of a gallery at one moment, read in portions.

They are copied to a table of the session's own by one statement, which is one moment of the database. Reading it takes
as long as it takes, without a transaction that stays open and without all vectors in memory. A worker that is killed
leaves none of it behind.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection
from psycopg.sql import SQL, Composable, Literal

from faces.models import EncoderVersion, Gallery
from faces.services.binary_copy import fetch_rows
from training.metrics.types import Counts, Distances, Labels

Vectors = npt.NDArray[np.float32]

ROWS_AT_ONCE = 8192
"""Vectors in memory at a time: 4 MB for 128 numbers each."""

# Faces come first, then templates; both in the order of people. A template has neither face nor photo.
COPY_ALL = """
    CREATE TEMPORARY TABLE facet_enrolled AS
    SELECT (row_number() OVER (ORDER BY is_template, person_id, face_id) - 1)::int AS place, found.*
    FROM (
        SELECT FALSE AS is_template, e.face_id, e.person_id, f.photo_id, f.quality, e.vector
        FROM faces_embedding e JOIN faces_face f ON f.id = e.face_id
        WHERE e.gallery_id = %(gallery)s AND e.encoder_version_id = %(version)s AND e.is_enrolled
        UNION ALL
        SELECT TRUE, 0, person_id, 0, 0, vector FROM faces_template
        WHERE gallery_id = %(gallery)s AND encoder_version_id = %(version)s
    ) AS found
"""
DROP = "DROP TABLE IF EXISTS facet_enrolled"
LABELS = SQL("SELECT face_id, person_id, photo_id, quality, is_template FROM facet_enrolled ORDER BY place")


@dataclass(frozen=True, eq=False)
class Enrolled:
    """Who is enrolled with which faces, in the order of people; everything but the vectors.

    Attributes:
        everybody: (P,) ids of the people, ascending.
        faces: (M,) ids.
        people: (M,) rows of `everybody`, ascending.
        photos: (M,) ids.
        qualities: (M,) 0 to 1.
        templates: (N,) rows of `everybody`, ascending: who can be found.
        dimension: of the vectors.
    """

    everybody: Labels
    faces: Labels
    people: Labels
    photos: Labels
    qualities: Distances
    templates: Labels
    dimension: int

    @property
    def faces_of(self) -> Counts:
        """(P,) how many faces each person has."""
        return np.bincount(self.people, minlength=len(self.everybody)).astype(np.int64)

    def face_vectors(self, places: slice) -> Vectors:
        """Return the vectors of a run of faces, as far as there are any: (B, D), as stored (half precision)."""
        return self._run(places.start, min(places.stop, len(self.faces)))

    def some_face_vectors(self, places: Counts) -> Vectors:
        """Return the vectors of some faces: (len(places), D); places ascend, each once."""
        return self._fetch(SQL("place = ANY({})").format(Literal(places.tolist())))

    def template_vectors(self, places: slice) -> Vectors:
        """Return a run of templates, as far as there are any: (B, D)."""
        return self._run(len(self.faces) + places.start, len(self.faces) + places.stop)

    def some_template_vectors(self, places: Counts) -> Vectors:
        """Return some templates: (len(places), D); places ascend, each once."""
        return self.some_face_vectors(places + len(self.faces))

    def _run(self, start: int, stop: int) -> Vectors:
        return self._fetch(SQL("place >= {} AND place < {}").format(Literal(start), Literal(stop)))

    def _fetch(self, condition: Composable) -> Vectors:
        """halfvec is sent as its dimension and an unused number (two bytes each), then half floats."""
        kind = np.dtype([("vector", [("head", ">i4"), ("values", ">f2", (self.dimension,))])])
        query = SQL("SELECT vector FROM facet_enrolled WHERE {} ORDER BY place").format(condition)
        return np.asarray(fetch_rows(query, kind)["vector"]["values"], dtype=np.float32)


@contextmanager
def enrolled_at_this_moment(gallery: Gallery, version: EncoderVersion) -> Iterator[Enrolled]:
    """Copy what a gallery is searched by, for as long as the context lasts; nobody may be enrolled."""
    with connection.cursor() as cursor:
        cursor.execute(DROP)
        cursor.execute(COPY_ALL, {"gallery": gallery.pk, "version": version.pk})
        cursor.execute("CREATE UNIQUE INDEX ON facet_enrolled (place)")
        cursor.execute("ANALYZE facet_enrolled")
    try:
        yield _labels(version.dimension)
    finally:
        if not connection.needs_rollback:  # else the table goes with the transaction
            with connection.cursor() as cursor:
                cursor.execute(DROP)


def _labels(dimension: int) -> Enrolled:
    kind = [("face", ">i8"), ("person", ">i8"), ("photo", ">i8"), ("quality", ">f8"), ("is_template", "?")]
    rows: npt.NDArray[Any] = fetch_rows(LABELS, kind)
    faces, templates = rows[~rows["is_template"]], rows[rows["is_template"]]
    everybody = np.unique(faces["person"].astype(np.int64))
    return Enrolled(
        everybody=everybody,
        faces=faces["face"].astype(np.int64),
        people=np.searchsorted(everybody, faces["person"]).astype(np.int64),
        photos=faces["photo"].astype(np.int64),
        qualities=faces["quality"].astype(np.float64),
        templates=np.searchsorted(everybody, templates["person"]).astype(np.int64),
        dimension=dimension,
    )
