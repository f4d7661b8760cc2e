"""The supervisor with small processes: restarted, stopped, and none left behind, whatever was killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.embedded.processes import is_alive, start_mark
from config.embedded.supervisor import Service, Supervisor
from config.paths import PROJECT

PATIENCE_SECONDS = 30.0

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)",
]
WITH_A_CHILD = [
    sys.executable,
    "-c",
    "import subprocess, time; print(subprocess.Popen(['sleep', '600']).pid, flush=True); time.sleep(600)",
]

SUPERVISE = """
import sys
from pathlib import Path
from config.embedded.supervisor import Service, Supervisor
folder = Path(sys.argv[1])
supervisor = Supervisor([Service("sleeper", sys.argv[2:])], folder, folder, folder, print)
supervisor.listen_to_signals()
supervisor.start()
print("started", flush=True)
supervisor.run_until_stopped()
supervisor.stop()
"""


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


class Bench:
    """A supervisor on a folder of its own, and what it said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []

    def supervise(self, *services: Service) -> Supervisor:
        self.supervisor = Supervisor(services, self.folder, self.folder, self.folder, self.said.append)
        self.supervisor.start()
        for service in services:
            wait_for(lambda service=service: self.output(service.name) != "")  # type: ignore[misc]
        return self.supervisor

    def output(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def pid(self, index: int = 0) -> int:
        process = self.supervisor.running[index].process
        assert process is not None
        return process.pid


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    if hasattr(bench, "supervisor"):
        bench.supervisor.in_a_hurry = True
        bench.supervisor.stop()


def test_a_process_that_dies_is_started_again_and_that_is_said(bench: Bench) -> None:
    supervisor = bench.supervise(Service("sleeper", SLEEP))
    first = bench.pid()
    os.kill(first, signal.SIGKILL)

    def is_back() -> bool:
        supervisor.look_after()
        process = supervisor.running[0].process
        return process is not None and process.pid != first

    wait_for(is_back)
    assert bench.said == [
        f"sleeper was killed by SIGKILL; it is started again in 1 s (see {bench.folder / 'sleeper.log'})"
    ]


def test_the_pause_before_a_restart_doubles_with_each_failure(bench: Bench) -> None:
    supervisor = bench.supervise(Service("failing", [sys.executable, "-c", "print('up'); raise SystemExit(3)"]))

    def was_said(number: int) -> bool:
        supervisor.look_after()
        return len(bench.said) >= number

    wait_for(lambda: was_said(3))
    assert [line.split("again in ")[1].split(" s")[0] for line in bench.said] == ["1", "2", "4"]
    assert all("ended with status 3" in line for line in bench.said)


def test_a_process_that_has_something_to_finish_is_started_again_until_it_has(bench: Bench) -> None:
    # It fails the first time and finishes the second.
    script = f"""
from pathlib import Path
print('up', flush=True)
mark = Path({str(bench.folder / "mark")!r})
was_there = mark.exists()
mark.touch()
raise SystemExit(0 if was_there else 3)
"""
    supervisor = bench.supervise(Service("drawing", [sys.executable, "-c", script], once=True))

    def is_over() -> bool:
        supervisor.look_after()
        return supervisor.running == []

    wait_for(is_over)
    assert len(bench.said) == 1
    assert bench.output("drawing").count("up") == 2


def test_stopping_ends_a_process_and_everything_it_started(bench: Bench) -> None:
    supervisor = bench.supervise(Service("parent", WITH_A_CHILD))
    parent, grandchild = bench.pid(), int(bench.output("parent"))
    supervisor.stop()
    wait_for(lambda: not is_alive(parent) and not is_alive(grandchild))


def test_a_process_that_does_not_listen_is_killed_after_its_time(bench: Bench) -> None:
    supervisor = bench.supervise(Service("stubborn", STUBBORN, stop_seconds=0.3))
    pid = bench.pid()
    supervisor.stop()
    assert not is_alive(pid)
    assert bench.said == ["stubborn did not end by itself and is killed"]


def test_a_killed_supervisor_leaves_nothing_running(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux ends children with their parent; elsewhere the next start does")
    supervisor = subprocess.Popen(
        [sys.executable, "-c", SUPERVISE, str(tmp_path), *SLEEP], cwd=PROJECT, stdout=subprocess.PIPE
    )
    wait_for(lambda: (tmp_path / "sleeper.log").exists() and (tmp_path / "sleeper.log").read_text() == "up\n")
    pid = json.loads((tmp_path / "processes.json").read_text())[0]["pid"]
    assert is_alive(pid)
    supervisor.kill()
    supervisor.communicate()
    wait_for(lambda: not is_alive(pid))


def test_what_a_killed_supervisor_left_behind_is_ended_by_the_next(bench: Bench) -> None:
    orphan = subprocess.Popen(SLEEP, stdout=subprocess.DEVNULL, start_new_session=True)
    entry = {"name": "orphan", "pid": orphan.pid, "start_mark": start_mark(orphan.pid)}
    (bench.folder / "processes.json").write_text(json.dumps([entry]))
    supervisor = Supervisor([], bench.folder, bench.folder, bench.folder, bench.said.append)
    assert supervisor.end_orphans() == ["orphan"]
    assert orphan.wait(PATIENCE_SECONDS) == -signal.SIGTERM
    assert supervisor.end_orphans() == []


def test_a_stranger_with_the_number_of_an_old_process_is_left_alone(bench: Bench) -> None:
    stranger = subprocess.Popen(SLEEP, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        entry = {"name": "gone", "pid": stranger.pid, "start_mark": "0"}
        (bench.folder / "processes.json").write_text(json.dumps([entry]))
        supervisor = Supervisor([], bench.folder, bench.folder, bench.folder, bench.said.append)
        assert supervisor.end_orphans() == []
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_list_cut_short_by_a_full_disk_does_not_stop_the_next_start(bench: Bench) -> None:
    (bench.folder / "processes.json").write_text('[{"name": "web", "pi')
    assert Supervisor([], bench.folder, bench.folder, bench.folder, bench.said.append).end_orphans() == []


def test_a_long_log_is_set_aside_while_the_process_goes_on_writing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("config.embedded.supervisor.LOG_BYTES", 100)
    chatty = "import time\nwhile True: print('x' * 20, flush=True); time.sleep(0.01)"
    supervisor = bench.supervise(Service("chatty", [sys.executable, "-c", chatty]))
    wait_for(lambda: len(bench.output("chatty")) > 100)
    supervisor.look_after()
    assert len((bench.folder / "chatty.log.1").read_text()) > 100
    wait_for(lambda: len(bench.output("chatty")) > 0)
    assert "\0" not in bench.output("chatty")
