"""kombu's pgmq transport, repaired for Celery.

Four defects of kombu 5.7.0 with pgmq 1.1.4: queue names longer than pgmq takes are refused; a worker that
answers a remote-control command looks for the reply queue among bindings that only the asking process has;
pgmq's SQL has no `send_topic(text, jsonb, jsonb)`, which the client calls for every broadcast; and a worker whose
acknowledgement fails, because the database was restarted meanwhile, never reads another message.

The transport also installs pgmq's SQL where it is missing (the extension itself need not be there), and passes
the whole connection string on to libpq, of which the client would keep five fields.
"""

import hashlib
import math
import re
import time
from typing import Any

import psycopg
from celery.worker import state as worker_state
from kombu.transport import pgmq as kombu_pgmq
from pgmq import PGMQueue, get_embedded_install_sql
from psycopg_pool import ConnectionPool

from config.embedded.postgres import ensure_running

# A table of pgmq is named `q_` and the queue's name, its index one word longer: 63 bytes in all.
LONGEST_QUEUE_NAME = 47
DIGEST_LENGTH = 12
# How long a worker may take to notice that it shall stop.
TURN_SECONDS = 0.25
REPLY_EXCHANGE = re.compile(r"reply\..+\.pidbox")
# Any number will do that nothing else in this database locks.
INSTALL_LOCK = 7_346_201_355

SEND_TOPIC_WITH_HEADERS = """
CREATE OR REPLACE FUNCTION pgmq.send_topic(routing_key text, msg jsonb, headers jsonb)
    RETURNS integer LANGUAGE sql VOLATILE AS
$$ SELECT pgmq.send_topic(routing_key, msg, headers, 0) $$
"""


class Channel(kombu_pgmq.Channel):
    """A channel whose queue names fit, and whose reply queues are found."""

    def canonical_queue_name(self, queue_name: str) -> str:
        """The queue's name as pgmq may have it: long ones end in a digest of the whole."""
        name: str = super().canonical_queue_name(queue_name)
        if len(name) <= LONGEST_QUEUE_NAME:
            return name
        digest = hashlib.sha256(name.encode()).hexdigest()[:DIGEST_LENGTH]
        return f"{name[: LONGEST_QUEUE_NAME - DIGEST_LENGTH - 1]}_{digest}"

    def _lookup(self, exchange: str, routing_key: str, default: str | None = None) -> Any:
        """The queues a message goes to; a reply queue is named after its routing key and exchange."""
        if REPLY_EXCHANGE.fullmatch(exchange):
            return [f"{routing_key}.{exchange}"]
        return super()._lookup(exchange, routing_key, default)

    def basic_consume(self, queue: str, no_ack: bool, *args: Any, **kwargs: Any) -> Any:  # noqa: FBT001
        """Begin to read a queue; of a worker's own command queue only what is sent from now on.

        pgmq keeps commands for a worker that is gone; the next one of that name would obey an old shutdown.
        """
        if queue.endswith(".pidbox") and ".reply." not in queue:
            self.queue_purge(queue)
        return super().basic_consume(queue, no_ack, *args, **kwargs)  # type: ignore[no-untyped-call]

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:  # noqa: FBT001, FBT002
        """Delete a message that was worked off; where the database is away, give its place in the prefetch window up.

        Celery only logs an acknowledgement that failed. A message that kept its place would block a worker that
        prefetches one for ever; this way it is delivered once more when its time is up, which every task allows.
        """
        try:
            super().basic_ack(delivery_tag, multiple)  # type: ignore[no-untyped-call]
        except (psycopg.OperationalError, psycopg.InterfaceError):
            self.qos.ack(delivery_tag)
            raise


class Transport(kombu_pgmq.Transport):
    """The transport behind `pgmq://` in this project."""

    Channel = Channel
    client: Any

    def drain_events(self, connection: Any, timeout: float | None = None) -> None:  # type: ignore[override]
        """Wait for one message, in short turns, so that a worker that shall stop does not wait out its time twice.

        Raises:
            TimeoutError: none came within `timeout` seconds, or this worker has been asked to stop.
        """
        deadline = math.inf if timeout is None else time.monotonic() + timeout
        while True:
            remaining = deadline - time.monotonic()
            try:
                turn = max(0.0, min(TURN_SECONDS, remaining))
                super().drain_events(connection, timeout=turn)  # type: ignore[no-untyped-call]
            except TimeoutError:
                if remaining <= TURN_SECONDS or worker_state.should_stop is not None:
                    raise
            else:
                return

    def _create_pgmq_client(self) -> PGMQueue:
        options: dict[str, Any] = self.client.transport_options
        if cluster := options.get("cluster"):
            ensure_running(cluster)
        conninfo = options.get("conn_string") or self._conninfo_of_url()
        with psycopg.connect(conninfo) as connection:
            install(connection)
        # A connection is tried before it is handed out: one that a restart of the database has cut is replaced.
        check = ConnectionPool.check_connection
        pool = ConnectionPool(conninfo, min_size=1, max_size=4, open=True, timeout=30, check=check)
        return PGMQueue(
            pool=pool,
            conn_string="host=pool",  # not used, as the pool is given; left out it would be read from DATABASE_URL
            vt=int(options["visibility_timeout"]),
            init_extension=False,
        )

    def _conninfo_of_url(self) -> str:
        """The connection string of a `pgmq://user:password@host:port/name` address."""
        client = self.client
        given: dict[str, Any] = {
            "host": client.hostname,
            "port": client.port,
            "dbname": (client.virtual_host or "").strip("/"),
            "user": client.userid,
            "password": client.password,
        }
        return psycopg.conninfo.make_conninfo(**{name: value for name, value in given.items() if value})

    def close_connection(self, connection: Any) -> None:
        """Close the pool too, which the client leaves alone as it was given to it."""
        pool = self._pgmq_client.pool if self._pgmq_client is not None else None
        try:
            super().close_connection(connection)
        finally:
            if pool is not None:
                pool.close()


def install(connection: psycopg.Connection) -> None:
    """Make the schema `pgmq` and the missing overload where they are not there; safe from several processes."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", [INSTALL_LOCK])
    found = connection.execute("SELECT to_regprocedure('pgmq.create(text)') IS NOT NULL").fetchone()
    if found == (False,):
        connection.execute(get_embedded_install_sql().encode())
    found = connection.execute("SELECT to_regprocedure('pgmq.send_topic(text, jsonb, jsonb)') IS NOT NULL").fetchone()
    if found == (False,):
        connection.execute(SEND_TOPIC_WITH_HEADERS)
