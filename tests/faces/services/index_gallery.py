"""Galleries of a few thousand templates, written as a bulk load writes them: past the faces they would be made of."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from django.db import connection, connections, transaction
from pgvector import HalfVector

from faces.models import Gallery, Job, SearchPlan
from faces.services.encoders import default_encoder_version
from faces.services.index_decision import Sizes
from faces.services.indexing import build_index, request_index
from faces.services.nearest import Neighbor, Route, nearest_people
from faces.services.working import perform
from tests import factories

if TYPE_CHECKING:
    from django.db.backends.utils import CursorWrapper

PATIENCE_SECONDS = 60.0

Vectors = npt.NDArray[np.float32]

PROBES = 30
SIZES = Sizes(build_from=1000, drop_below=500, tail=200, tail_share=0.1, dead_share=0.2)


def unit_vectors(count: int, *, seed: int, dimension: int = factories.DIMENSION) -> Vectors:
    """(count, dimension) of unit length, all numbers exact in half precision."""
    vectors = np.random.default_rng(seed).normal(size=(count, dimension))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float16).astype(np.float32)


def gallery_of(count: int, *, seed: int = 1, dimension: int = factories.DIMENSION) -> tuple[Gallery, Vectors]:
    """A gallery of `count` people with a template each, and their templates in order of their ids."""
    is_usual = dimension == factories.DIMENSION
    version = default_encoder_version() if is_usual else factories.encoder_version(dimension=dimension)
    gallery = factories.gallery(encoder_version=version)
    vectors = unit_vectors(count, seed=seed, dimension=dimension)
    add_templates(gallery, vectors)
    return gallery, vectors


def add_templates(gallery: Gallery, vectors: Vectors) -> list[int]:
    """New people with these templates; returns their ids."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH sent AS (SELECT * FROM unnest(%s::text[]) WITH ORDINALITY AS v (vector, place)), people AS ("
            " INSERT INTO faces_person (gallery_id, name, external_id, metadata, consent, consent_purpose, created_at,"
            " updated_at) SELECT %s, 'Person ' || place, '', '{}', 'unknown', '', now(), now() FROM sent"
            " ORDER BY place RETURNING id), numbered AS ("
            " SELECT id, row_number() OVER (ORDER BY id) AS place FROM people)"
            " INSERT INTO faces_template (gallery_id, person_id, encoder_version_id, faces, left_out, vector)"
            " SELECT %s, numbered.id, %s, 1, 0, sent.vector::halfvec FROM sent JOIN numbered USING (place)"
            " ORDER BY place RETURNING person_id",
            [
                [HalfVector(vector).to_text() for vector in vectors],
                gallery.pk,
                gallery.pk,
                gallery.encoder_version_id,
            ],
        )
        return [int(row[0]) for row in cursor.fetchall()]


def plan_of(gallery: Gallery) -> SearchPlan:
    """The plan by the version that serves the gallery."""
    return SearchPlan.objects.get(gallery=gallery, encoder_version=gallery.encoder_version_id)


def build(gallery: Gallery) -> Job:
    """Ask for an index and build it; returns the finished job."""
    job = request_index(gallery=gallery, sizes=SIZES)
    do(job)
    return job


def do(job: Job) -> bool:
    """Do a queued job as a worker does; returns whether it was done here."""
    is_done = perform(job=job, work=partial(build_index, sizes=SIZES, probes=PROBES))
    job.refresh_from_db()
    return is_done


def found(gallery: Gallery, probe: npt.NDArray[np.float32]) -> Neighbor:
    """The nearest person, as a search right now finds them."""
    plan = SearchPlan.objects.filter(gallery=gallery).first()
    (nearest,) = nearest_people(Route.of(plan, gallery, gallery.encoder_version), [probe], limit=1)
    return nearest[0]


def knows(gallery: Gallery, vector: npt.NDArray[np.float32]) -> bool:
    """Whether the index alone, without the tail and without a scan, finds exactly this template."""
    plan = plan_of(gallery)
    nearest = (
        f"SELECT vector <-> %s::halfvec FROM faces_template WHERE gallery_id = {gallery.pk}"
        f" AND encoder_version_id = {gallery.encoder_version_id} AND id <= {plan.index_up_to}"
        f" ORDER BY (vector::halfvec({vector.size})) <-> %s::halfvec({vector.size}) LIMIT 1"
    )
    probe = HalfVector(vector).to_text()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ivfflat.probes = {plan.lists}")
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off")
        cursor.execute(f"EXPLAIN {nearest}", [probe, probe])
        assert plan.index_name in "".join(row[0] for row in cursor.fetchall())
        cursor.execute(nearest, [probe, probe])
        return bool(cursor.fetchone()[0] == 0)


def indexes() -> dict[str, bool]:
    """Names of the platform's indexes of templates in the database, and whether each is valid."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexrelid::regclass::text, indisvalid FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid"
            " WHERE indrelid = 'faces_template'::regclass AND relam = (SELECT oid FROM pg_am WHERE amname = 'ivfflat')"
            " AND NOT starts_with(relname, 'test_')"
        )
        return {str(name): bool(valid) for name, valid in cursor.fetchall()}


def beside(work: Callable[[], Any]) -> "Future[Any]":
    """Do something in another thread, with a database connection that is closed at its end."""

    def run() -> Any:
        try:
            return work()
        finally:
            connection.close()

    with_one = ThreadPoolExecutor(max_workers=1)
    future = with_one.submit(run)
    with_one.shutdown(wait=False)
    return future


@contextmanager
def other_session() -> Iterator["CursorWrapper"]:
    """A cursor of another session; what it began and did not commit is rolled back at the end."""
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            yield cursor
    finally:
        other.close()


@contextmanager
def old_snapshot() -> Iterator["CursorWrapper"]:
    """A transaction that still sees the database as it is now: a build waits for its end before it is done."""
    with other_session() as cursor:
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("SELECT count(*) FROM faces_gallery")
        yield cursor
        cursor.execute("COMMIT")


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.02)


def wait_until_it_waits(job: Job) -> None:
    """Wait until a build waits for older transactions, and its job says so."""
    wait_for(lambda: "older transactions" in Job.objects.get(pk=job.pk).note, "the build waits")


def builders() -> list[int]:
    """Processes of the database that build an index."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_progress_create_index")
        return [int(row[0]) for row in cursor.fetchall()]
