"""`make run` without make, for real: it serves, stops everything, and recovers from kill -9."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.embedded.postgres import Cluster, server_pid
from config.paths import PROJECT

PATIENCE_SECONDS = 180.0
OPERATORS_VARIABLES = ("FACET_", "DATABASE_URL", "CELERY_", "DJANGO_SETTINGS_MODULE")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc for what was left running")


class Machine:
    """One `var` folder and one port, on which Facet is started again and again."""

    def __init__(self, var: Path) -> None:
        self.var = var
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.started: list[subprocess.Popen[bytes]] = []

    def start(self, **environment: str) -> subprocess.Popen[bytes]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(OPERATORS_VARIABLES)}
        own = {"FACET_VAR": str(self.var), "FACET_BIND": f"127.0.0.1:{self.port}", "FACET_SAMPLE_GALLERY": "no"}
        with self.output_path.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "config.run"],
                cwd=PROJECT,
                env=inherited | own | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self.started.append(process)
        return process

    @property
    def output_path(self) -> Path:
        return self.var.with_name("output")

    def output(self) -> str:
        return self.output_path.read_text()

    def wait_for(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < deadline, f"it did not happen in time; output:\n{self.output()}"
            time.sleep(0.05)

    def wait_until_ready(self, times: int = 1) -> None:
        self.wait_for(lambda: self.output().count("Facet is ready") == times)

    def processes(self) -> list[int]:
        """All processes of this machine that work on this folder, known by their environment."""
        mark = f"FACET_VAR={self.var}\0".encode()
        found = []
        for folder in Path("/proc").iterdir():
            try:
                if folder.name.isdigit() and mark in folder.joinpath("environ").read_bytes():
                    found.append(int(folder.name))
            except OSError:
                continue
        return found

    def get(self, path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        finally:
            connection.close()


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path / "var")
    yield machine
    for process in machine.started:
        if process.poll() is None:
            process.terminate()
    for process in machine.started:
        process.wait(60)
    for pid in machine.processes():
        os.kill(pid, signal.SIGKILL)


@pytest.mark.slow
def test_facet_serves_refuses_a_second_start_survives_kill_9_sweeps_and_stops_completely(machine: Machine) -> None:
    first = machine.start()
    machine.wait_until_ready()
    assert machine.get("/healthz") == 200
    assert machine.get("/admin/login/") == 200
    assert machine.get("/admin/") == 302
    assert re.search(r"name admin +password \S{16}\n", machine.output())
    assert (machine.var / "log" / "web.log").stat().st_mode & 0o777 == 0o600

    second = machine.start()
    assert second.wait(60) == 1
    assert f"already running here: http://127.0.0.1:{machine.port}/ (process {first.pid}" in machine.output()

    first.kill()
    first.wait()
    machine.start()
    machine.wait_until_ready(times=2)
    assert machine.output().count("password") == machine.output().count("An administrator was made") * 2 + 1

    log = machine.var / "log" / "worker.log"
    machine.wait_for(lambda: re.search("sweep_photos.* succeeded", log.read_text()) is not None)

    last = machine.started[-1]
    last.send_signal(signal.SIGTERM)
    assert last.wait(60) == 0
    machine.wait_for(lambda: machine.processes() == [])
    assert server_pid(Cluster(machine.var / "postgres")) is None


def test_a_port_that_is_taken_stops_the_start_before_anything_is_made(machine: Machine) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", machine.port))
        other.listen()
        assert machine.start().wait(60) == 1
    assert f"cannot listen on 127.0.0.1:{machine.port} (Address already in use)" in machine.output()
    assert not (machine.var / "postgres").exists()


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("FACET_BIND", "8000", "FACET_BIND is '8000'; it must be a host and a port"),
        ("FACET_VAR", "var", "FACET_VAR is 'var'; it must be an absolute path"),
        ("DATABASE_URL", "mysql://host/facet", "DATABASE_URL begins with 'mysql'"),
        ("FACET_STORGE", "/tmp", "did you mean FACET_STORAGE?"),
        ("FACET_DEBUG", "maybe", "FACET_DEBUG is 'maybe'; it must be one of"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_sentence(
    machine: Machine, name: str, value: str, reason: str
) -> None:
    assert machine.start(**{name: value}).wait(60) == 1
    assert reason in machine.output()
    assert "Traceback" not in machine.output()


def test_a_database_that_is_not_there_stops_the_start_with_its_reason(machine: Machine) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"postgresql://facet:hidden@127.0.0.1:{closed.getsockname()[1]}/facet"
        assert machine.start(DATABASE_URL=url).wait(60) == 1
    assert "The database cannot be used: connection" in machine.output()
    assert "hidden" not in machine.output()
    assert "Traceback" not in machine.output()
