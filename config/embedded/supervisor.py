"""Keeps a handful of processes running, and leaves none behind.

Each process has a group of its own, so that Ctrl-C reaches the supervisor alone and it can end them in order.
What it started is written to a file with a mark of each process's start: after a kill -9 the next start ends
whatever is left, and never a stranger that got the same number.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from config.embedded.processes import is_same_process, start_mark

CHILD = Path(__file__).with_name("child.py")
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
# A process that ran for so long has started well; its next failure is a new story.
SETTLED_SECONDS = 60.0
ORPHAN_SECONDS = 10.0
LOG_BYTES = 20_000_000
TICK_SECONDS = 0.25


@dataclass(frozen=True)
class Service:
    """One process to keep running: its name is also its log's, and it has `stop_seconds` to end on SIGTERM.

    `once`: it has something to finish, and is not started again after it ended with status 0.
    """

    name: str
    command: Sequence[str]
    stop_seconds: float = 15.0
    once: bool = False


@dataclass
class Running:
    """A service with its process, or with the moment at which it is started again."""

    service: Service
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    pause: float = FIRST_PAUSE
    start_at: float = 0.0


@dataclass
class Supervisor:
    """Starts services, restarts those that die, and stops them all in the reverse order.

    `say` is told what happened, one line at a time.
    """

    services: Sequence[Service]
    working_folder: Path
    run_folder: Path
    log_folder: Path
    say: Callable[[str], None]
    running: list[Running] = field(default_factory=list)
    # Plain flags: a signal may come while a lock of a threading.Event is held, and would wait for itself.
    stop_is_wished: bool = False
    in_a_hurry: bool = False

    def listen_to_signals(self) -> None:
        """Stop on SIGINT, SIGTERM and SIGHUP (unless started with nohup); a second signal hurries."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._on_signal)

    def start(self) -> None:
        """Start every service."""
        for folder in (self.run_folder, self.log_folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for service in self.services:
            self.add(service)

    def add(self, service: Service) -> None:
        """Start one more service."""
        entry = Running(service)
        self.running.append(entry)
        self._spawn(entry)

    def run_until_stopped(self) -> None:
        """Watch over the services until somebody wishes to stop."""
        while not self.stop_is_wished:
            self.look_after()
            time.sleep(TICK_SECONDS)

    def look_after(self) -> None:
        """Start again what has died, after a pause that doubles each time; keep the logs short."""
        now = time.monotonic()
        for entry in list(self.running):
            if entry.process is None:
                if now >= entry.start_at:
                    self._spawn(entry)
            elif (status := entry.process.poll()) is not None:
                if entry.service.once and status == 0:
                    self.running.remove(entry)
                    self._remember()
                    continue
                self._schedule_restart(entry, status, now)
            self._shorten_log(entry.service)

    def stop(self) -> None:
        """End every process, the last started first; one that does not listen is killed."""
        for entry in reversed(self.running):
            if entry.process is not None:
                _signal_group(entry.process.pid, signal.SIGTERM)
        for entry in reversed(self.running):
            if entry.process is not None:
                self._wait_for_end(entry.service, entry.process)
                entry.process = None
        self._remember()

    def end_orphans(self) -> list[str]:
        """End what an earlier supervisor left behind when it was killed; returns their names."""
        try:
            left_over = json.loads(self._list_file.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return []
        ours = [entry for entry in left_over if is_same_process(entry["pid"], entry["start_mark"])]
        for entry in ours:
            _signal_group(entry["pid"], signal.SIGTERM)
        deadline = time.monotonic() + ORPHAN_SECONDS
        for entry in ours:
            while is_same_process(entry["pid"], entry["start_mark"]):
                if time.monotonic() > deadline:
                    _signal_group(entry["pid"], signal.SIGKILL)
                    time.sleep(0.2)
                    break
                time.sleep(0.05)
        self._list_file.unlink()
        return [entry["name"] for entry in ours]

    def log_path(self, service: Service) -> Path:
        """Where the service's output goes."""
        return self.log_folder / f"{service.name}.log"

    @property
    def _list_file(self) -> Path:
        return self.run_folder / "processes.json"

    def _on_signal(self, number: int, frame: object) -> None:
        self.in_a_hurry = self.stop_is_wished
        self.stop_is_wished = True

    def _spawn(self, entry: Running) -> None:
        command = [sys.executable, str(CHILD), str(os.getpid()), *entry.service.command]
        descriptor = os.open(self.log_path(entry.service), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            entry.process = subprocess.Popen(
                command,
                cwd=self.working_folder,
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        finally:
            os.close(descriptor)
        entry.started_at = time.monotonic()
        self._remember()

    def _schedule_restart(self, entry: Running, status: int, now: float) -> None:
        if now - entry.started_at > SETTLED_SECONDS:
            entry.pause = FIRST_PAUSE
        how = f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
        self.say(
            f"{entry.service.name} {how}; it is started again in {entry.pause:.0f} s"
            f" (see {self.log_path(entry.service)})"
        )
        entry.process = None
        entry.start_at = now + entry.pause
        entry.pause = min(entry.pause * 2, LONGEST_PAUSE)

    def _wait_for_end(self, service: Service, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + service.stop_seconds
        while process.poll() is None and time.monotonic() < deadline and not self.in_a_hurry:
            time.sleep(0.02)
        if process.poll() is None:
            self.say(f"{service.name} did not end by itself and is killed")
        # Also when it ended: whatever it has started ends with it.
        _signal_group(process.pid, signal.SIGKILL)
        process.wait()

    def _remember(self) -> None:
        entries = [
            {
                "name": entry.service.name,
                "pid": entry.process.pid,
                "start_mark": start_mark(entry.process.pid),
            }
            for entry in self.running
            if entry.process is not None and entry.process.poll() is None
        ]
        draft = self._list_file.with_suffix(".new")
        draft.write_text(json.dumps(entries))
        draft.replace(self._list_file)

    def _shorten_log(self, service: Service) -> None:
        """Keep one earlier log. The process appends, so it goes on at the start of the emptied file."""
        path = self.log_path(service)
        if path.stat().st_size > LOG_BYTES:
            with path.open("r+b") as file:
                earlier = path.with_suffix(".log.1")
                earlier.touch(mode=0o600)
                earlier.write_bytes(file.read())
                file.truncate(0)


def _signal_group(pid: int, number: signal.Signals) -> None:
    """Signal a process and all it has started; nothing happens where they are gone."""
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return
    except PermissionError:
        # macOS answers so for a group whose processes have all ended but are not yet waited for.
        return
