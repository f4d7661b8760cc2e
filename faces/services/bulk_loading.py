"""Embeddings by the hundred thousand: a gallery under another encoder version, an installation that moves."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from django.db import connection, transaction
from psycopg.sql import SQL

from faces.exceptions import ConflictError, NotFoundError, WrongStateError
from faces.models import EncoderVersion
from faces.services.binary_copy import copy_rows, fetch_packed
from faces.services.embedding_checks import Ids, Vectors, check_each_once, check_lengths, check_shapes, some_faces

Progress = Callable[[int], object]

ANALYZED_FROM = 10_000
"""Rows from which on the planner's statistics are renewed with a load; autovacuum does it a minute later."""

WORK_MEMORY = 64 << 20
"""Bytes that PostgreSQL may use for one step of a load."""

_STAGED = "facet_loaded_faces"
_STAGE = "CREATE TEMPORARY TABLE facet_loaded_faces (place int, face_id bigint) ON COMMIT DROP"
_LOOK_UP = SQL("""
    SELECT string_agg(
        int4send(s.place) || int8send(f.gallery_id) || int8send(coalesce(f.person_id, 0)) || boolsend(f.is_enrolled), ''
    )
    FROM facet_loaded_faces s JOIN faces_face f ON f.id = s.face_id GROUP BY s.place / 65536
""")
_FOUND = np.dtype([("place", ">i4"), ("gallery", ">i8"), ("person", ">i8"), ("is_enrolled", "?")])
_COUNT = """
    SELECT count(*) FROM facet_loaded_faces s JOIN faces_embedding e ON e.face_id = s.face_id
    WHERE e.encoder_version_id = %s
"""
_DELETE = """
    DELETE FROM faces_embedding e USING facet_loaded_faces s
    WHERE e.face_id = s.face_id AND e.encoder_version_id = %s
"""


@dataclass(frozen=True)
class CopiedEmbeddings:
    """What a bulk load did.

    Attributes:
        rows: embeddings written.
        replaced: of these, how many took the place of an earlier one.
        seconds: all of it, from the checks to the end of the transaction.
    """

    rows: int
    replaced: int
    seconds: float


@dataclass(frozen=True)
class _Faces:
    """What the stored faces say, in ascending order of their ids; `person` is 0 for nobody."""

    ids: Ids
    gallery: Ids
    person: Ids
    is_enrolled: npt.NDArray[np.bool_]


def copy_embeddings(
    *,
    encoder_version: EncoderVersion,
    faces: Ids,
    vectors: Vectors,
    replace: bool = False,
    progress: Progress = lambda _: None,
) -> CopiedEmbeddings:
    """Give stored faces their embeddings by one encoder version; all of them or none.

    Whose a face is, and whether searches find it, is read from the face. Templates are renewed with it. Searches go
    on meanwhile and answer from what was there before; who wants to change faces or add embeddings waits.

    Args:
        encoder_version: who made the vectors.
        faces: (M,) ids of faces, each once, in any order and of any galleries.
        vectors: (M, D) float32 of unit length, in the same order.
        replace: whether embeddings that these faces have by this version give way; otherwise they are an error.
        progress: is told after each portion how many rows were sent with it.

    Raises:
        InvalidRequestError: shapes or dimension are wrong, a vector is not of unit length, a face is named twice.
        NotFoundError: a face does not exist.
        ConflictError: a face has an embedding by this version, and `replace` was not said.
        WrongStateError: the encoder version is retired.
    """
    started = time.monotonic()
    check_shapes(encoder_version, faces, vectors)
    order = np.argsort(faces, kind="stable")
    check_each_once(faces[order])
    check_lengths(vectors)
    replaced = 0
    if len(faces):
        with transaction.atomic():
            _hold_faces_still()
            _check_state(encoder_version)
            found = _look_up(faces[order])
            with _more_memory(), _keys_checked_as_sets():
                replaced = _make_room(found, encoder_version, replace=replace)
                _copy(found, encoder_version, vectors, order, progress)
            _forget_faces()
        if len(faces) >= ANALYZED_FROM:
            _analyze()
    return CopiedEmbeddings(rows=len(faces), replaced=replaced, seconds=time.monotonic() - started)


def _hold_faces_still() -> None:
    """Wait until nobody is changing a face or adding an embedding, and keep everybody from it until the end."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT faces_lock_for_load()")


@contextmanager
def _more_memory() -> Iterator[None]:
    """Let what is checked and sorted at once stay in memory as far as a small machine has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('work_mem'), pg_size_bytes(current_setting('work_mem'))")
        before, size = cursor.fetchone() or ("", 0)
        if size >= WORK_MEMORY:
            yield
            return
        cursor.execute("SELECT set_config('work_mem', %s, true)", [f"{WORK_MEMORY >> 10}kB"])
        yield
        cursor.execute("SELECT set_config('work_mem', %s, true)", [before])


@contextmanager
def _keys_checked_as_sets() -> Iterator[None]:
    """Spare this session the foreign keys' triggers for each row, where the database's account may do that.

    The triggers of faces_embedding fire all the same, and check the same for all rows at once: see the migration
    `bulk_loading`. Without the right (a superuser grants it by `GRANT SET ON PARAMETER session_replication_role`), a
    load is some three times slower, and no less checked.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_parameter_privilege('session_replication_role', 'SET')")
        if cursor.fetchone() != (True,):
            # Triggers keep the plan that they were first run with, for one row or for a million.
            cursor.execute("DISCARD PLANS")
            yield
            cursor.execute("DISCARD PLANS")
            return
        cursor.execute("SELECT current_setting('session_replication_role')")
        (before,) = cursor.fetchone() or ("origin",)
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield  # an error takes the setting back with the transaction
        cursor.execute("SELECT set_config('session_replication_role', %s, true)", [before])


def _check_state(encoder_version: EncoderVersion) -> None:
    """Hold the version's row until the end of the transaction, so that nobody retires it in between."""
    held = EncoderVersion.objects.select_for_update(no_key=True).get(pk=encoder_version.pk)
    if held.state == EncoderVersion.State.RETIRED:
        raise WrongStateError(
            f"Encoder version “{held.name}” is retired; it gets no embeddings any more.", state=held.state
        )


def _look_up(in_order: Ids) -> _Faces:
    """Read from the stored faces what their embeddings carry along."""
    with connection.cursor() as cursor:
        cursor.execute(_STAGE)
    copy_rows(_STAGED, {"place": np.arange(len(in_order)), "face_id": in_order})
    rows = fetch_packed(_LOOK_UP, _FOUND)
    if len(rows) < len(in_order):
        missing = np.delete(in_order, rows["place"])
        raise NotFoundError(
            f"Only faces that are stored can have embeddings; {some_faces(missing)} not there.", faces=len(missing)
        )
    back = np.argsort(rows["place"])
    return _Faces(
        ids=in_order,
        gallery=rows["gallery"][back].astype(np.int64),
        person=rows["person"][back].astype(np.int64),
        is_enrolled=rows["is_enrolled"][back],
    )


def _forget_faces() -> None:
    """Leave room for another load in the same transaction."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE facet_loaded_faces")


def _analyze() -> None:
    """Tell the planner of the new rows; a table that somebody else holds (an index is built) is left to autovacuum."""
    with connection.cursor() as cursor:
        cursor.execute(
            "ANALYZE (SKIP_LOCKED) faces_embedding (face_id, encoder_version_id, gallery_id, person_id, is_enrolled),"
            " faces_template (person_id, encoder_version_id, gallery_id)"
        )


def _make_room(found: _Faces, encoder_version: EncoderVersion, *, replace: bool) -> int:
    """Remove the embeddings that these faces have by this version; returns how many."""
    galleries = np.unique(found.gallery).tolist()
    there = encoder_version.embeddings.filter(gallery__in=galleries)
    if not there.exists():
        return 0
    with connection.cursor() as cursor:
        if replace:
            cursor.execute(_DELETE, [encoder_version.pk])
            return int(cursor.rowcount)
        cursor.execute(_COUNT, [encoder_version.pk])
        (count,) = cursor.fetchone() or (0,)
    if count:
        raise ConflictError(
            f"{count:,} of {len(found.ids):,} faces have an embedding by “{encoder_version.name}” already. "
            "Say that they shall be replaced, or leave them out.",
            faces=count,
        )
    return 0


def _copy(found: _Faces, encoder_version: EncoderVersion, vectors: Vectors, order: Ids, progress: Progress) -> None:
    is_ascending = bool((order[1:] > order[:-1]).all())
    copy_rows(
        "faces_embedding",
        {
            "face_id": found.ids,
            "encoder_version_id": encoder_version.pk,
            "gallery_id": found.gallery,
            "person_id": np.ma.array(found.person, mask=found.person == 0),
            "is_enrolled": found.is_enrolled,
            "vector": vectors if is_ascending else vectors[order],
        },
        progress=progress,
    )
