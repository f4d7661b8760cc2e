"""Which unknown faces of a gallery lie near which: a nearest-neighbor graph that the database makes.

The unknown faces are copied to a table of the session's own. It is small where the gallery is large, an index on it
costs no writer anything, and a worker that is killed leaves none of it behind.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from django.db import connection, transaction
from pgvector import HalfVector

from encoder.quality import DEFAULT_QUALITY_LIMITS
from faces.models import EncoderVersion, Gallery

Integers: TypeAlias = npt.NDArray[np.int64]
Vectors: TypeAlias = npt.NDArray[np.float32]
Report: TypeAlias = Callable[[int], None]

NEIGHBORS = 16
"""Of each face. On LFW 8 to 64 make the same groups but for 1 % of the pairs; who has more faces than that within tau
is looked at again as a group."""

ANCHORS = 250
"""Faces whose neighbors one statement finds: a second or two in the largest table that is scanned."""

SCANNED_UP_TO = 5_000
"""Faces in a table that has no index: above, building one and asking it takes less time than all the scans. Of 10,000
faces a thousand are scanned for in 3 s and found by the index in 0.75 s, which takes 3.7 s to build."""

EF_SEARCH = 100

TABLE = "facet_unknown"
CREATE = """
    CREATE TEMPORARY TABLE {table} (
        index int PRIMARY KEY, face_id bigint, photo_id bigint, group_id bigint, vector halfvec({dimension})
    )
"""
# Only faces that searches could use: what is too small or blurred lies near everybody.
FILL = """
    INSERT INTO {table}
    SELECT row_number() OVER (ORDER BY f.id) - 1, f.id, f.photo_id, coalesce(f.probable_person_id, 0), e.vector
    FROM faces_embedding e JOIN faces_face f ON f.id = e.face_id
    WHERE e.gallery_id = %(gallery)s AND e.encoder_version_id = %(version)s AND e.person_id IS NULL
        AND f.size >= %(min_size)s AND f.sharpness >= %(min_sharpness)s AND f.quality >= %(min_score)s
        AND f.brightness BETWEEN %(min_brightness)s AND %(max_brightness)s
        AND abs(f.yaw) <= %(max_yaw)s AND abs(f.pitch) <= %(max_pitch)s
"""
# Its own nearest neighbor is each face itself. `<->` is the plain distance.
NEAREST = """
    SELECT anchor.index, near.index FROM {table} AS anchor CROSS JOIN LATERAL (
        SELECT other.index, other.vector <-> anchor.vector AS l2 FROM {table} AS other
        ORDER BY other.vector <-> anchor.vector LIMIT %(limit)s
    ) AS near
    WHERE anchor.index >= %(first)s AND anchor.index < %(end)s AND near.index <> anchor.index AND near.l2 <= %(l2)s
"""


@dataclass(frozen=True, eq=False)
class UnknownFaces:
    """The faces of a gallery that belong to nobody and can be compared, in the order of their ids.

    Attributes:
        ids: (N,) ascending.
        photos: (N,) the photo of each.
        groups: (N,) the probable person of each; 0 for none.
        dimension: of their vectors.
    """

    ids: Integers
    photos: Integers
    groups: Integers
    dimension: int

    def vectors(self, indexes: Integers) -> Vectors:
        """Return (len(indexes), D): the unit vectors of some of the faces, in this order."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT halfvec_send(t.vector) FROM unnest(%s::int[]) WITH ORDINALITY AS wanted (index, place) "  # noqa: S608 - a constant
                f"JOIN {TABLE} t USING (index) ORDER BY wanted.place",
                [indexes.tolist()],
            )
            # Two lengths of two bytes, then half floats in network order.
            rows = [np.frombuffer(row[0], dtype=">f2", offset=4) for row in cursor.fetchall()]
        vectors = np.array(rows, dtype=np.float32).reshape(len(indexes), self.dimension)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Graph:
    """What lies near what.

    Attributes:
        links: (L, 2) pairs within tau, the lower index first; each once.
        is_crowded: (N,) whether more may lie within tau than were looked for.
    """

    links: Integers
    is_crowded: npt.NDArray[np.bool_]


@contextmanager
def unknown_faces(gallery: Gallery, version: EncoderVersion) -> Iterator[UnknownFaces]:
    """Copy the gallery's unknown faces to a table of the session, for as long as the context lasts."""
    limits = DEFAULT_QUALITY_LIMITS
    values: Mapping[str, float] = {"gallery": gallery.pk, "version": version.pk} | vars(limits)
    with _table(TABLE, version.dimension):
        with connection.cursor() as cursor:
            cursor.execute(FILL.format(table=TABLE), values)
            cursor.execute(f"ANALYZE {TABLE}")
            cursor.execute(f"SELECT face_id, photo_id, group_id FROM {TABLE} ORDER BY index")  # noqa: S608 - a constant
            rows = np.array(cursor.fetchall(), dtype=np.int64).reshape(-1, 3)
        yield UnknownFaces(rows[:, 0], rows[:, 1], rows[:, 2], version.dimension)


@contextmanager
def _table(name: str, dimension: int) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {name}")
        cursor.execute(CREATE.format(table=name, dimension=dimension))
    try:
        yield
    finally:
        if not connection.needs_rollback:  # else the table goes with the transaction
            with connection.cursor() as cursor:
                cursor.execute(f"DROP TABLE IF EXISTS {name}")


def is_worth_an_index(faces: UnknownFaces) -> bool:
    """Whether so many faces are compared sooner with an index."""
    return len(faces.ids) > SCANNED_UP_TO


def build_index() -> None:
    """Give the table of unknown faces an HNSW index."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE INDEX ON {TABLE} USING hnsw (vector halfvec_l2_ops)")


def neighbors_of_faces(faces: UnknownFaces, *, tau: float, report: Report) -> Graph:
    """Find the nearest neighbors of every unknown face, as far as they lie within tau; `report` hears how many."""
    return _graph(TABLE, len(faces.ids), tau=tau, report=report)


def neighbors_of_means(means: Vectors, *, tau: float, report: Report) -> Graph:
    """Find the nearest neighbors among (G, D) unit vectors, as far as they lie within tau."""
    name = f"{TABLE}_means"
    with _table(name, means.shape[1]):
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {name} SELECT place - 1, 0, 0, 0, vector::halfvec "  # noqa: S608 - a constant
                "FROM unnest(%s::text[]) WITH ORDINALITY AS sent (vector, place)",
                [[HalfVector(mean).to_text() for mean in means]],
            )
            cursor.execute(f"ANALYZE {name}")
        return _graph(name, len(means), tau=tau, report=report)


def _graph(table: str, count: int, *, tau: float, report: Report) -> Graph:
    pairs: list[Integers] = [np.empty((0, 2), dtype=np.int64)]
    found = np.zeros(count, dtype=np.int64)
    for first in range(0, count, ANCHORS):
        rows = _nearest(table, first, tau)
        found += np.bincount(rows[:, 0], minlength=count)
        pairs.append(np.sort(rows, axis=1))
        report(min(first + ANCHORS, count))
    return Graph(links=np.unique(np.concatenate(pairs), axis=0), is_crowded=found >= NEIGHBORS)


def _nearest(table: str, first: int, tau: float) -> Integers:
    values: dict[str, float] = {
        "first": first,
        "end": first + ANCHORS,
        "limit": NEIGHBORS + 1,
        "l2": float(np.sqrt(tau)),
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL hnsw.ef_search = {EF_SEARCH}")
        cursor.execute(NEAREST.format(table=table), values)
        rows: Sequence[tuple[int, int]] = cursor.fetchall()
    return np.array(rows, dtype=np.int64).reshape(-1, 2)
