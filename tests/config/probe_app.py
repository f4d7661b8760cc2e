"""A Celery application on a cluster of its own, for tests that need real workers; run as `celery -A` this module.

The environment names the cluster's folder and a file that the tasks write lines to.
"""

import os
import time
from pathlib import Path

from celery import Celery

from config import broker
from config.embedded.postgres import Cluster

CLUSTER_VARIABLE = "PROBE_CLUSTER"
LINES_VARIABLE = "PROBE_LINES"
VISIBILITY_VARIABLE = "PROBE_VISIBILITY"

cluster = Cluster(Path(os.environ.get(CLUSTER_VARIABLE, "/nowhere")), durable=False)

# Without fixups Django stays out of it, and with it the settings of the tests.
app = Celery("probe", fixups=[])
broker.register()
app.conf.update(
    broker_url=broker.OWN_DATABASE,
    broker_transport_options={
        **broker.transport_options(broker.OWN_DATABASE, None, cluster),
        "visibility_timeout": int(os.environ.get(VISIBILITY_VARIABLE, "60")),
    },
    broker_connection_retry_on_startup=True,
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    task_default_queue="probe",
)


@app.task(name="probe.write")
def write(line: str, seconds: float = 0.0) -> None:
    """Write `line`, wait, and write it again with an exclamation mark."""
    path = Path(os.environ[LINES_VARIABLE])
    with path.open("a") as file:
        file.write(f"{line}\n")
    time.sleep(seconds)
    with path.open("a") as file:
        file.write(f"{line}!\n")
