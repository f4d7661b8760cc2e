"""The faces of a training run in a table of its own, and for each of them its nearest faces of other people.

The database finds them. The table is filled anew before each epoch, gets an index where that pays, and goes with the
run. Searches know nothing of it.
"""

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import Self

import numpy as np
from django.db import DatabaseError, OperationalError, connection, transaction
from psycopg.errors import DiskFull
from psycopg.sql import SQL, Identifier, Literal

from faces.models import Job
from faces.services.binary_copy import copy_rows, fetch_packed
from faces.services.waiting import kept_alive
from training.metrics.types import Counts, Embeddings, Mask, Progress, ignore
from training.mining.neighbors import NOBODY, Neighbors, as_stored, joined, ranked
from training.models import TrainingRun

logger = logging.getLogger(__name__)

PREFIX = "training_neighbors_run_"

SCANNED_UP_TO = 5_000
"""Faces that are all compared with each other: above, building an index and asking it takes less time.

Measured with 128 numbers on one core: a scan takes 0.23 µs for each two faces, the index 0.3 ms a face to build and 0.6
to ask (0.4 and 0.9 among 100,000). IVFFlat is built seven times sooner, but takes twice as long to find as many."""

EF_SEARCH = 80
"""Faces in view of a search through the index, at least. Of the 16 nearest of other people it finds 99.5 % among 10,000
faces and 97.7 % among 100,000."""

IN_VIEW = 2
"""Faces in view for each neighbor that is wanted, if these are more."""

MOST_IN_VIEW = 1_000
"""pgvector allows no more."""

SPARE = 4
"""Neighbors beyond those wanted that the database returns, as it compares in single precision."""

ANCHORS = 1_000
"""Faces whose neighbors one statement finds: a second's work."""

LINKS_BYTES = 500
"""That a face takes in an index that is being built, beside its vector."""

CREATE = """
    CREATE UNLOGGED TABLE {table} (row int PRIMARY KEY, person bigint NOT NULL, vector halfvec({dimension}) NOT NULL)
    WITH (autovacuum_enabled = false)
"""
INDEX = "CREATE INDEX ON {table} USING hnsw (vector halfvec_l2_ops)"
# Whoever has more faces than are in view would find only those if the scan did not go on.
SETTINGS = """
    SET LOCAL hnsw.ef_search = {in_view};
    SET LOCAL hnsw.iterative_scan = relaxed_order;
    SET LOCAL enable_seqscan = off
"""
BY_INDEX = SQL("other.vector <-> anchor.vector")
BY_SCAN = SQL("(other.vector <-> anchor.vector) + 0, other.row")
NEAREST = """
    SELECT coalesce(string_agg(int4send(anchor.row) || int4send(near.row), ''::bytea), ''::bytea)
    FROM (SELECT row, person, vector FROM {table} WHERE row = ANY({anchors})) AS anchor
    CROSS JOIN LATERAL (
        SELECT other.row FROM {table} AS other WHERE other.person <> anchor.person ORDER BY {order} LIMIT {limit}
    ) AS near
"""
PAIR = np.dtype([("anchor", ">i4"), ("near", ">i4")])

MEMORY = """
    SELECT set_config('maintenance_work_mem', greatest(
        pg_size_bytes(current_setting('maintenance_work_mem')),
        least(%s, pg_size_bytes(current_setting('effective_cache_size')) * 2 / 3)
    ) / 1024 || 'kB', true)
"""
LEFTOVERS = "SELECT relname FROM pg_class WHERE relkind = 'r' AND starts_with(relname, %s) AND pg_table_is_visible(oid)"


class NeighborTable:
    """Use it in a `with` statement: the table is dropped at its end, whatever ends it."""

    def __init__(self, run_id: int, *, job: Job | None = None, scanned_up_to: int = SCANNED_UP_TO) -> None:
        """Nothing is created before `write`.

        Args:
            run_id: of the training run.
            job: is kept alive, and can be cancelled, while the index is built.
            scanned_up_to: so many faces get no index.
        """
        self._name = f"{PREFIX}{int(run_id)}"
        self._job = job
        self._scanned_up_to = scanned_up_to
        self._stored: Embeddings = np.empty((0, 0), dtype=np.float32)
        self._others: Counts = np.empty(0, dtype=np.int64)  # of each face: how many are of other people

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Drop the table."""
        if connection.needs_rollback:
            return  # it goes with the transaction, or stays as it was before
        try:
            _drop(self._name)
        except DatabaseError:
            if error is None:
                raise
            logger.warning("The table of a training run could not be dropped; it will be with the next run's")

    @property
    def is_indexed(self) -> bool:
        """Whether neighbors are found through an index, which misses some, and not by comparing all."""
        return len(self._stored) > self._scanned_up_to

    def write(self, vectors: Embeddings, people: Counts, *, progress: Progress = ignore) -> None:
        """Write all faces anew.

        Args:
            vectors: (M, D) of unit length.
            people: (M,) ids of whose they are.
            progress: told how many rows were written since the last call.

        Raises:
            JobCancelledError: somebody cancelled the job meanwhile.
        """
        self._stored = as_stored(vectors)
        _, owner, sizes = np.unique(people, return_inverse=True, return_counts=True)
        self._others = len(people) - sizes[owner]
        with self._kept_alive(), transaction.atomic():
            _drop(self._name)
            _run(CREATE, table=Identifier(self._name), dimension=Literal(vectors.shape[1]))
            rows = np.arange(len(vectors), dtype=np.int32)
            copy_rows(self._name, {"row": rows, "person": people, "vector": self._stored}, progress=progress)
            if self.is_indexed:
                self._index()
            _run("ANALYZE {table}", table=Identifier(self._name))

    def nearest(self, k: int, *, progress: Progress = ignore) -> Neighbors:
        """Return the k nearest faces of other people of every face that was written.

        Args:
            k: at least 1.
            progress: told how many faces are done since the last call; what it raises ends the search.

        Raises:
            OperationalError: the table was emptied, as by a crash of the database server.
        """
        return joined(list(self._portions(k, progress)), k)

    def _portions(self, k: int, progress: Progress) -> Iterator[Neighbors]:
        for first in range(0, len(self._stored), ANCHORS):
            anchors = np.arange(first, min(first + ANCHORS, len(self._stored)))
            pairs = self._nearest(anchors, k, by_index=self.is_indexed)
            found = self._ranked(pairs, anchors, k)
            if self.is_indexed and len(short := anchors[self._misses(found, anchors, k)]):
                # Copies of one photo may be an island from which the index leads nowhere.
                by_scan = self._scanned(short, k, progress)
                found = self._ranked(np.concatenate([pairs[~np.isin(pairs["anchor"], short)], *by_scan]), anchors, k)
            if self._misses(found, anchors, k).any():
                # An UNLOGGED table is empty after a crash of the server.
                raise OperationalError("The faces of the training run are not in the database any more.")
            yield found
            progress(len(anchors))

    def _scanned(self, anchors: Counts, k: int, progress: Progress) -> Iterator[np.ndarray]:
        size = max(1, ANCHORS * SCANNED_UP_TO // len(self._stored))
        for start in range(0, len(anchors), size):
            yield self._nearest(anchors[start : start + size], k, by_index=False)
            progress(0)

    def _ranked(self, pairs: np.ndarray, anchors: Counts, k: int) -> Neighbors:
        ours, near = pairs["anchor"].astype(np.int64), pairs["near"].astype(np.int64)
        return ranked(self._stored, ours, near, first=int(anchors[0]), faces=len(anchors), k=k)

    def _misses(self, found: Neighbors, anchors: Counts, k: int) -> Mask:
        """(len(anchors),) whether there are faces of others that should have been found."""
        misses: Mask = (found.rows != NOBODY).sum(axis=1) < np.minimum(k, self._others[anchors])
        return misses

    def _nearest(self, anchors: Counts, k: int, *, by_index: bool) -> np.ndarray:
        query = SQL(NEAREST).format(
            table=Identifier(self._name),
            anchors=Literal(anchors.tolist()),
            order=BY_INDEX if by_index else BY_SCAN,
            limit=Literal(k + SPARE),
        )
        with transaction.atomic():
            if by_index:
                in_view = min(max(EF_SEARCH, IN_VIEW * (k + SPARE)), MOST_IN_VIEW)
                _run(SETTINGS, in_view=Literal(in_view))
            return fetch_packed(query, PAIR)

    def _index(self) -> None:
        rows, dimension = self._stored.shape
        with connection.cursor() as cursor:
            cursor.execute(MEMORY, [rows * (2 * dimension + LINKS_BYTES)])
        try:
            with transaction.atomic():
                _run(INDEX, table=Identifier(self._name))
        except OperationalError as error:
            if not isinstance(error.__cause__, DiskFull):
                raise
            # Most likely the shared memory that processes need to build together, and of which containers have little.
            logger.warning("Several processes found no room to build an index; trying with one")
            _run("SET LOCAL max_parallel_maintenance_workers = 0")
            _run(INDEX, table=Identifier(self._name))

    def _kept_alive(self) -> AbstractContextManager[None]:
        if self._job is None:
            return nullcontext()
        return kept_alive(self._job, note=f"Writing {len(self._stored):,} faces to look for neighbors")


def drop_leftovers() -> int:
    """Drop the tables of runs that are finished or gone, which killed workers left; returns how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(LEFTOVERS, [PREFIX])
        names = [str(row[0]) for row in cursor.fetchall()]
    needed = {
        f"{PREFIX}{pk}"
        for pk in TrainingRun.objects.exclude(state__in=TrainingRun.FINISHED).values_list("pk", flat=True)
    }
    unneeded = [name for name in names if name not in needed]
    for name in unneeded:
        _drop(name)
    return len(unneeded)


def _drop(name: str) -> None:
    _run("DROP TABLE IF EXISTS {table}", table=Identifier(name))


def _run(statement: str, **parts: SQL | Identifier | Literal) -> None:
    with connection.cursor() as cursor:
        cursor.execute(SQL(statement).format(**parts))
