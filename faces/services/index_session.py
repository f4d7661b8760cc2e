"""A database session of its own in which an index is built or dropped.

CREATE INDEX CONCURRENTLY runs outside of every transaction and takes minutes, so it runs in a thread on a connection
that nobody else uses, while the caller watches it. One session at a time holds the lock under which indexes come and
go, on whichever machine: two builds on one table would wait for each other, and what a killed build left behind can be
told from what is being built.
"""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Self

from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connections
from psycopg import sql
from psycopg.errors import DiskFull, LockNotAvailable

from faces.services.index_catalog import TABLE, BuildProgress, build_progress, unplanned_indexes
from faces.services.nearest import Route

logger = logging.getLogger(__name__)

LOCK = 0x6661636574
"""Of PostgreSQL's advisory locks: who holds it may create and drop indexes of templates."""

POLL_SECONDS = 1.0
DROP_PATIENCE_MS = 20_000
"""How long a drop waits for transactions that still may use the index; after that it is tried again another time."""

MEGABYTE = 1 << 20
SPARE = 1.1
SORTING = 64 * MEGABYTE
"""For the templates in the order of their lists."""

SESSION_SETTINGS = {
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_session_timeout": "0",
    # The database ends a build whose worker was killed; without this it would build on for nobody.
    "client_connection_check_interval": "5s",
}

CREATE = """
    CREATE INDEX CONCURRENTLY {name} ON {table} USING ivfflat ((vector::halfvec({dimension})) halfvec_l2_ops)
    WITH (lists = {lists})
    WHERE gallery_id = {gallery} AND encoder_version_id = {version} AND id <= {up_to}
"""

Watch = Callable[[BuildProgress], None]


class IndexSession:
    """Use it in a `with` statement; it ends, and gives up the lock, with the statement."""

    def __init__(self) -> None:
        """Nothing is connected before the `with` statement."""
        self._connection = connections.create_connection(DEFAULT_DB_ALIAS)

    def __enter__(self) -> Self:
        """Connect."""
        self._connection.inc_thread_sharing()
        for name, value in SESSION_SETTINGS.items():
            self._set(name, value)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Disconnect."""
        self._connection.close()

    def try_lock(self) -> bool:
        """Take the lock unless another session holds it; waiting for it in the database would hold up a build."""
        return bool(self._one("SELECT pg_try_advisory_lock(%s)", LOCK))

    def memory_allowed(self) -> int:
        """Return the bytes that a build may have: two thirds of what the server counts on as a cache."""
        allowed = self._one(
            "SELECT greatest(pg_size_bytes(current_setting('maintenance_work_mem')),"
            " pg_size_bytes(current_setting('effective_cache_size')) * 2 / 3)"
        )
        return int(str(allowed))

    def give_memory(self, needed: int) -> None:
        """Let the next build have this many bytes; pgvector refuses to look for centers with less than it needs."""
        self._set("maintenance_work_mem", f"{max(int(needed * SPARE), SORTING) // MEGABYTE + 1}MB")

    def create(self, index: Route, *, lists: int, watch: Watch) -> None:
        """Build an index; `watch` is told about every second how far it is, and what it raises ends the build.

        Searches and writers go on meanwhile. The index knows every template with an id up to `index_up_to`, however
        late its transaction is committed: it is built after all transactions have ended that wrote before there was an
        index, and later ones write to it themselves. What a build leaves that ends early is to be dropped.
        """
        statement = sql.SQL(CREATE).format(
            name=sql.Identifier(index.index_name),
            table=sql.Identifier(TABLE),
            dimension=sql.Literal(index.dimension),
            lists=sql.Literal(lists),
            gallery=sql.Literal(index.gallery_id),
            version=sql.Literal(index.encoder_version_id),
            up_to=sql.Literal(index.index_up_to),
        )
        try:
            self._watched(statement, watch)
        except OperationalError as error:
            if not isinstance(error.__cause__, DiskFull):
                raise
            # Most likely the shared memory that processes need to build together, and of which containers have little.
            logger.warning("Several processes found no room to build an index; trying with one")
            self.drop(index.index_name)
            self._set("max_parallel_maintenance_workers", "0")
            self._watched(statement, watch)

    def drop(self, name: str) -> bool:
        """Drop an index without holding up searches.

        Returns:
            False where transactions that may use it do not end; it is useless from then on, and to be dropped later.
        """
        self._set("lock_timeout", str(DROP_PATIENCE_MS))
        try:
            self._execute(sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(sql.Identifier(name)))
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable):
                raise
            return False
        finally:
            if self._connection.connection is not None and not self._connection.connection.closed:
                self._set("lock_timeout", "0")
        return True

    def drop_remains(self, name: str) -> None:
        """Drop what a failed build left; where the database does not let it now, the next tending does."""
        try:
            self.drop(name)
        except (OperationalError, InterfaceError):
            logger.warning("What remains of an index could not be dropped now; it will be later")

    def _watched(self, statement: sql.Composed, watch: Watch) -> None:
        pid = self._connection.connection.info.backend_pid
        with ThreadPoolExecutor(max_workers=1) as thread:
            build = thread.submit(self._execute, statement)
            try:
                while wait([build], timeout=POLL_SECONDS).not_done:
                    progress = build_progress(pid)
                    if progress is not None:
                        watch(progress)
            except BaseException:
                self._cancel(build)
                raise
            build.result()

    def _cancel(self, build: "Future[None]") -> None:
        """End the statement; asked again until it has ended, because one may come before the statement has begun."""
        while wait([build], timeout=POLL_SECONDS).not_done:
            self._connection.connection.cancel_safe()

    def _execute(self, statement: sql.Composed) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(statement)

    def _set(self, name: str, value: str) -> None:
        self._one("SELECT set_config(%s, %s, false)", name, value)

    def _one(self, statement: str, *parameters: str | int) -> object:
        with self._connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchone()[0]


def drop_unplanned() -> int:
    """Drop the indexes that no plan refers to, unless one is being built right now; returns how many are gone."""
    with IndexSession() as session:
        # In this order: an index that is being built is in no plan yet.
        return sum(session.drop(name) for name in unplanned_indexes()) if session.try_lock() else 0
