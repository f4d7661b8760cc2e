"""From a fresh clone to the first recognized photo: how long, and how much of it is installing.

    python3 benchmarks/first_run.py [--json]

Clones this repository into a temporary folder, calls `make setup` there, then `make run`, and asks `manage.py
recognize` about a photo that the sample gallery does not have until the drawn person on it is found. Needs the standard
library alone, so that it can be run by the Python that a machine comes with.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
PATIENCE_SECONDS = 600
GALLERY = "Sample people"


def main() -> None:
    """Measure, print a table, and with --json one object on the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="facet-first-run-") as scratch:
        result = measure(Path(scratch))
    for name, value in result.items():
        print(f"{name:44} {value:8.1f} s")
    if options.json:
        print(json.dumps(result))


def measure(scratch: Path) -> dict[str, float]:
    """Return the seconds each step took."""
    clone = scratch / "facet"
    subprocess.run(["git", "clone", "--quiet", str(PROJECT), str(clone)], check=True)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("FACET_", "VIRTUAL_ENV"))}
    environment = {**kept, "FACET_BIND": f"127.0.0.1:{port}"}

    started = time.monotonic()
    subprocess.run(["make", "setup"], cwd=clone, env=environment, stdout=subprocess.DEVNULL, check=True)
    installed = time.monotonic()
    output = scratch / "run.out"
    with output.open("wb") as sink:
        process = subprocess.Popen(
            ["make", "run"], cwd=clone, env=environment, stdout=sink, stderr=sink, start_new_session=True
        )
    try:
        wait_for(lambda: "Facet is ready" in output.read_text(), process, output)
        ready = time.monotonic()
        manage = [str(clone / ".venv" / "bin" / "python"), "manage.py"]
        draw = [*manage, "draw_people", str(scratch / "new"), "--people", "1", "--photos", "6"]
        subprocess.run(draw, cwd=clone, env=environment, capture_output=True, check=True)
        photo = max((scratch / "new").rglob("*.jpg"))
        ask = [*manage, "recognize", str(photo), "--gallery", GALLERY]
        wait_for(lambda: is_recognized(ask, clone, environment, photo.parent.name), process, output)
        recognized = time.monotonic()
    finally:
        stop(process)
    with output.open("wb") as sink:
        again = time.monotonic()
        process = subprocess.Popen(
            ["make", "run"], cwd=clone, env=environment, stdout=sink, stderr=sink, start_new_session=True
        )
    try:
        wait_for(lambda: "Facet is ready" in output.read_text(), process, output)
        ready_again = time.monotonic()
    finally:
        stop(process)
    return {
        "make setup (installing)": installed - started,
        "make run, until the page answers": ready - installed,
        "then, until a new photo is recognized": recognized - ready,
        "from an empty clone to the first recognition": recognized - started,
        "a second make run, until the page answers": ready_again - again,
    }


def stop(process: subprocess.Popen[bytes]) -> None:
    """Do what Ctrl-C in a terminal does: it reaches make and all it started."""
    os.killpg(process.pid, signal.SIGINT)
    process.wait()


def is_recognized(ask: list[str], clone: Path, environment: dict[str, str], person: str) -> bool:
    """Whether the command names the person on the photo."""
    answer = subprocess.run(ask, cwd=clone, env=environment, capture_output=True, text=True, check=False)
    return answer.returncode == 0 and person in answer.stdout


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[bytes], output: Path) -> None:
    """Wait until something holds, or end with what the platform said."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"It did not come so far:\n{output.read_text()}")
        time.sleep(0.1)


if __name__ == "__main__":
    main()
