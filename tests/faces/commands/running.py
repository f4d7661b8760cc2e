"""Running commands, in this process or as an operator does."""

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.core.management import CommandError, call_command

from config.embedded import postgres
from config.embedded.postgres import Cluster
from config.paths import PROJECT
from tests.system.platform import PATIENCE_SECONDS, Platform


def listen_to_ctrl_c() -> None:
    """What a process does with SIGINT that a person starts in a terminal."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@dataclass(frozen=True)
class Ended:
    """How a command ended; a `CommandError` is what the terminal would show on standard error."""

    status: int
    out: str
    err: str


def run(name: str, *words: object) -> Ended:
    """Run a command in this process, on the test's own database."""
    out, err = io.StringIO(), io.StringIO()
    status = 0
    try:
        call_command(name, *(str(word) for word in words), stdout=out, stderr=err)
    except SystemExit as end:
        status = int(end.code or 0)
    except CommandError as error:
        status = error.returncode
        err.write(str(error))
    return Ended(status, out.getvalue(), err.getvalue())


@dataclass
class Installation(Platform):
    """Facet in a folder of its own with nothing running but PostgreSQL, and workers as they are asked for."""

    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    begun: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def cluster(self) -> Cluster:
        """Its PostgreSQL."""
        return Cluster(self.folder / "postgres", durable=False)

    @property
    def environment(self) -> dict[str, str]:
        """Platform's, with a database that need not survive a power cut and one thread for each encoder."""
        return super().environment | {"FACET_POSTGRES_DURABLE": "no", "FACET_TORCH_THREADS": "1"}

    def install(self) -> None:
        """Make the database, and keep its server running while no command or worker needs it."""
        postgres.ensure_running(self.cluster)
        answer = self.manage("migrate", "--verbosity", "0")
        assert answer.returncode == 0, answer.stderr

    def begin(self, *words: str) -> subprocess.Popen[str]:
        """Start a management command and leave it running."""
        process = subprocess.Popen(
            [sys.executable, "manage.py", *words],
            cwd=PROJECT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # Tests that run in a shell's background inherit that Ctrl-C is ignored; a person's terminal does not.
            preexec_fn=listen_to_ctrl_c,  # noqa: PLW1509 - it calls the kernel and takes no lock
        )
        self.begun.append(process)
        return process

    def start_worker(self) -> None:
        """Start a real Celery worker of the encode queue."""
        command = [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "config",
            "worker",
            "-P",
            "solo",
            "-Q",
            "encode",
            "-l",
            "WARNING",
        ]
        with self.folder.with_name("worker.log").open("ab") as log:
            worker = subprocess.Popen(
                command, cwd=PROJECT, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self.workers.append(worker)

    def stop_workers(self) -> None:
        """Stop the workers this installation started."""
        for worker in self.workers:
            worker.send_signal(signal.SIGTERM)
        for worker in self.workers:
            worker.wait(timeout=PATIENCE_SECONDS)
        self.workers.clear()

    def remove(self) -> None:
        """Stop everything."""
        for worker in self.workers:
            worker.kill()
            worker.wait()
        for process in self.begun:
            process.kill()
            process.communicate()
        postgres.release(self.cluster)
        postgres.stop(self.cluster)


def wait_until(condition: Callable[[], Any], what: str) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"Waited in vain until {what}."
        time.sleep(0.02)


def is_root() -> bool:
    """Whether this account may read everything."""
    return os.geteuid() == 0
