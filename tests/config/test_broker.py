"""The broker on PostgreSQL with real Celery workers: delivery, re-delivery after kill -9, remote control, fan-out."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from kombu import Connection, Exchange, Queue

from config import broker
from config.broker.transport import LONGEST_QUEUE_NAME, install
from config.embedded import postgres
from config.embedded.postgres import Cluster
from config.paths import PROJECT
from tests.config import probe_app

PATIENCE_SECONDS = 60.0


@dataclass
class Workshop:
    """A cluster, a file that the tasks write to, and the workers started on them."""

    cluster: Cluster
    lines_path: Path
    visibility: int
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def environment(self) -> dict[str, str]:
        # Celery itself reads this variable, which the settings of the tests set.
        inherited = {name: value for name, value in os.environ.items() if name != "CELERY_BROKER_URL"}
        return {
            **inherited,
            probe_app.CLUSTER_VARIABLE: str(self.cluster.folder),
            probe_app.LINES_VARIABLE: str(self.lines_path),
            probe_app.VISIBILITY_VARIABLE: str(self.visibility),
        }

    def start_worker(self, name: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "celery", "-A", "tests.config.probe_app", "worker", "-P", "solo"]
        command += ["-n", f"{name}@here", "-Q", "probe", "--without-gossip", "--without-mingle"]
        with self.lines_path.with_name(f"{name}.log").open("wb") as log:
            worker = subprocess.Popen(
                command, cwd=PROJECT, env=self.environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self.workers.append(worker)
        return worker

    def ask(self, *statements: str) -> str:
        """Run Python in a process of its own that has the same application; returns what it printed."""
        script = "\n".join(("from tests.config.probe_app import app, write", "import json", *statements))
        answer = subprocess.run(
            [sys.executable, "-c", script],
            cwd=PROJECT,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE_SECONDS,
        )
        return answer.stdout

    def lines(self) -> list[str]:
        return self.lines_path.read_text().splitlines()

    def wait_for(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < deadline, f"not within {PATIENCE_SECONDS} s; lines: {self.lines()}"
            time.sleep(0.02)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("broker") / "postgres", durable=False)
    postgres.ensure_running(cluster)
    yield cluster
    postgres.release(cluster)
    postgres.stop(cluster)


@pytest.fixture
def workshop(cluster: Cluster, tmp_path: Path) -> Iterator[Workshop]:
    lines_path = tmp_path / "lines"
    lines_path.touch()
    workshop = Workshop(cluster, lines_path, visibility=4)
    yield workshop
    for worker in workshop.workers:
        worker.kill()
        worker.wait()


def test_tasks_are_run_once_each_and_leave_the_queue_empty(workshop: Workshop) -> None:
    workshop.start_worker("one")
    workshop.ask("for number in range(20): write.delay(str(number))")
    workshop.wait_for(lambda: len(workshop.lines()) == 40)
    assert sorted(workshop.lines()) == sorted([str(n) for n in range(20)] + [f"{n}!" for n in range(20)])

    def is_empty() -> bool:
        with psycopg.connect(workshop.cluster.conninfo()) as connection:
            return connection.execute("SELECT queue_length FROM pgmq.metrics('probe')").fetchone() == (0,)

    workshop.wait_for(is_empty)


def test_a_task_whose_worker_was_killed_is_delivered_to_the_next_one(workshop: Workshop) -> None:
    worker = workshop.start_worker("first")
    workshop.ask("write.delay('long', seconds=1)")
    workshop.wait_for(lambda: "long" in workshop.lines())
    worker.kill()
    worker.wait()
    workshop.start_worker("second")
    workshop.wait_for(lambda: "long!" in workshop.lines())
    assert workshop.lines() == ["long", "long", "long!"]


def test_a_worker_goes_on_after_the_server_was_killed(workshop: Workshop) -> None:
    workshop.start_worker("steady")
    workshop.ask("write.delay('before')")
    workshop.wait_for(lambda: "before!" in workshop.lines())
    pid = postgres.server_pid(workshop.cluster)
    assert pid is not None
    os.kill(pid, 9)
    workshop.ask("write.delay('after')")
    workshop.wait_for(lambda: "after!" in workshop.lines())


def test_remote_control_reaches_a_worker_and_its_answer_comes_back(workshop: Workshop) -> None:
    workshop.start_worker("asked")
    workshop.ask("write.delay('up')")
    workshop.wait_for(lambda: "up!" in workshop.lines())
    replies = json.loads(workshop.ask("print(json.dumps(app.control.ping(['asked@here'], timeout=10)))"))
    assert replies == [{"asked@here": {"ok": "pong"}}]
    question = "app.control.inspect(['asked@here'], timeout=10).active_queues()"
    queues = json.loads(workshop.ask(f"print(json.dumps({question}))"))
    assert [queue["name"] for queue in queues["asked@here"]] == ["probe"]


def test_a_shutdown_that_was_meant_for_a_worker_gone_does_not_stop_its_successor(workshop: Workshop) -> None:
    worker = workshop.start_worker("successor")
    workshop.ask("write.delay('first')")
    workshop.wait_for(lambda: "first!" in workshop.lines())
    worker.kill()
    worker.wait()
    workshop.ask("app.control.shutdown()")
    successor = workshop.start_worker("successor")
    workshop.ask("write.delay('second')")
    workshop.wait_for(lambda: "second!" in workshop.lines())
    replies = json.loads(workshop.ask("print(json.dumps(app.control.ping(['successor@here'], timeout=10)))"))
    assert replies == [{"successor@here": {"ok": "pong"}}]
    assert successor.poll() is None


@pytest.fixture
def connection(cluster: Cluster) -> Iterator[Connection]:
    broker.register()
    options = broker.transport_options(broker.OWN_DATABASE, None, cluster)
    with Connection(broker.OWN_DATABASE, transport_options=options) as connection:
        yield connection


@pytest.mark.parametrize("length", [LONGEST_QUEUE_NAME, LONGEST_QUEUE_NAME + 1, 200])
def test_queues_of_any_name_length_carry_messages(connection: Connection, length: int) -> None:
    with connection.SimpleQueue("q" * length) as queue:
        queue.put({"n": 1})
        message = queue.get(timeout=10)
        assert message.payload == {"n": 1}
        message.ack()


def test_long_names_that_begin_alike_are_different_queues(connection: Connection) -> None:
    with connection.SimpleQueue("q" * 60 + "a") as one, connection.SimpleQueue("q" * 60 + "b") as two:
        one.put({"n": 1})
        assert one.qsize() == 1
        assert two.qsize() == 0
        one.clear()


def test_a_broadcast_reaches_every_queue_bound_to_it(connection: Connection) -> None:
    channel = connection.channel()
    exchange = Exchange("news", type="fanout")
    queues = [Queue(f"news-{n}", exchange, channel=channel) for n in range(3)]
    for queue in queues:
        queue.declare()
    connection.Producer(channel).publish({"n": 1}, exchange=exchange, headers={"a": "b"})
    received = [queue.get(no_ack=True) for queue in queues]
    assert [message and message.payload for message in received] == [{"n": 1}] * 3


def test_installing_a_second_time_changes_nothing(cluster: Cluster) -> None:
    def functions() -> int:
        with psycopg.connect(cluster.conninfo()) as connection:
            row = connection.execute(
                "SELECT count(*) FROM pg_proc WHERE pronamespace = 'pgmq'::regnamespace"
            ).fetchone()
        assert row is not None
        return int(row[0])

    with psycopg.connect(cluster.conninfo()) as connection:
        install(connection)
    before = functions()
    with psycopg.connect(cluster.conninfo()) as connection:
        install(connection)
    assert functions() == before > 0


def test_other_brokers_get_options_of_their_own() -> None:
    cluster = Cluster(Path("/nowhere"))
    assert broker.transport_options("redis://host/0", None, cluster) == {"visibility_timeout": 900}
    assert broker.transport_options("amqp://host", None, cluster) == {}
    external = broker.transport_options(broker.OWN_DATABASE, "postgresql://host/facet", cluster)
    assert external["conn_string"] == "postgresql://host/facet"
    assert "cluster" not in external
    assert "conn_string" not in broker.transport_options("pgmq://user@host/queues", None, cluster)
