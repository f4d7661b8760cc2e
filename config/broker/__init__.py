"""Celery's broker on PostgreSQL, so that one machine needs no second server.

`transport` holds kombu's own pgmq transport with its defects repaired; here is what the settings need to know.
"""

from typing import Any

from kombu.transport import TRANSPORT_ALIASES

from config.embedded.postgres import Cluster

SCHEME = "pgmq"
OWN_DATABASE = f"{SCHEME}://database"
# Longer than any task takes: a message that is not acknowledged by then goes to another worker. Whatever may
# take longer is a Job in the database with a heartbeat, and refuses to be claimed twice.
VISIBILITY_SECONDS = 900
POLLING_SECONDS = 0.05


def register() -> None:
    """Let `pgmq://` addresses mean the repaired transport."""
    TRANSPORT_ALIASES[SCHEME] = "config.broker.transport:Transport"


def transport_options(broker_url: str, database_url: str | None, cluster: Cluster) -> dict[str, Any]:
    """Celery's transport options for this broker address.

    `pgmq://database` means the platform's own database, `pgmq://user:password@host:port/name` another one.
    The broker of redis:// re-delivers after a time, too; RabbitMQ knows by itself when a worker is gone.
    """
    scheme = broker_url.partition("://")[0]
    if scheme in ("redis", "rediss", "sentinel"):
        return {"visibility_timeout": VISIBILITY_SECONDS}
    if scheme != SCHEME:
        return {}
    options: dict[str, Any] = {
        "visibility_timeout": VISIBILITY_SECONDS,
        "polling_interval": POLLING_SECONDS,
        # A poll inside the server would keep a worker from seeing its other queues.
        "wait_time_seconds": 0,
    }
    if broker_url == OWN_DATABASE:
        if database_url is None:
            options["cluster"] = cluster
        options["conn_string"] = database_url or cluster.conninfo()
    return options
