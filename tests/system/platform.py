"""The whole platform as an operator runs it, in a folder of its own: real server, workers, clock and database."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from config.embedded.postgres import Cluster
from config.paths import PROJECT

PATIENCE_SECONDS = 240.0


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass
class Platform:
    """Facet in `folder`; `start` it, talk to it, and kill parts of it."""

    folder: Path
    sample_gallery: bool = False
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("FACET_", "CELERY_"))}
        sample = "yes" if self.sample_gallery else "no"
        own = {"FACET_VAR": str(self.folder), "FACET_BIND": f"127.0.0.1:{self.port}", "FACET_SAMPLE_GALLERY": sample}
        settings = {"DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONUNBUFFERED": "1"}
        return {**inherited, **own, **settings}

    @property
    def output(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.out")

    @property
    def cluster(self) -> Cluster:
        return Cluster(self.folder / "postgres")

    def start(self) -> None:
        """Start everything and wait until the page answers."""
        with self.output.open("wb") as output:
            command = [sys.executable, "-m", "config.run"]
            self.process = subprocess.Popen(
                command, cwd=PROJECT, env=self.environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        self.wait_for(lambda: "Facet is ready" in self.output.read_text(), "the page answers")

    def stop(self) -> int:
        """Stop everything as Ctrl-C does; returns the exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(timeout=PATIENCE_SECONDS)
        self.process = None
        return status

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a management command to its end."""
        command = [sys.executable, "manage.py", *words]
        return subprocess.run(command, cwd=PROJECT, env=self.environment, capture_output=True, text=True, check=False)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the database; a statement that changes something is committed."""
        with psycopg.connect(self.cluster.conninfo(), autocommit=True) as connection:
            cursor = connection.execute(query.encode())
            return cursor.fetchall() if cursor.description else []

    def number(self, query: str) -> int:
        """The one number that the database answers."""
        return int(self.rows(query)[0][0])

    def pid_of(self, service: str) -> int:
        """The process of one service, as the supervisor noted it."""
        entries = json.loads((self.folder / "run" / "processes.json").read_text())
        return int(next(entry["pid"] for entry in entries if entry["name"] == service))

    def signal_encoders(self, number: signal.Signals) -> None:
        """Stop all encode workers where they stand (SIGSTOP), or let them go on (SIGCONT)."""
        entries = json.loads((self.folder / "run" / "processes.json").read_text())
        for entry in entries:
            if entry["name"].startswith("encoder"):
                os.kill(entry["pid"], number)

    def kill(self, pid: int) -> None:
        """Kill -9, and wait until it is gone."""
        os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)

    def kill_database(self) -> None:
        """Kill -9 PostgreSQL's main process; its children notice and end themselves."""
        pid = int((self.cluster.data / "postmaster.pid").read_text().split("\n", 1)[0])
        os.kill(pid, signal.SIGKILL)

    def wait_for(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until something holds; a database that is away just now counts as not yet."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            with contextlib.suppress(psycopg.OperationalError):
                if condition():
                    return
            ended = self.process is not None and self.process.poll() is not None
            if ended or time.monotonic() > deadline:
                raise AssertionError(f"Waited in vain until {what}. Output:\n{self.output.read_text()}")
            time.sleep(0.05)
