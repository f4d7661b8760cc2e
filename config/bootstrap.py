"""Makes the virtual environment and installs what the requirements files name. Run by `make setup`.

    python3 config/bootstrap.py [--dev]

Run by its path with whatever Python 3 the machine has, so nothing but the standard library is imported and the
syntax is old enough to reach the message about the version. What was installed is remembered by a digest: a second
run takes no time.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

NEEDED = (3, 11)
NEWEST_MINOR = 20
PROJECT = Path(__file__).resolve().parent.parent
VENV = PROJECT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
RUN_FILES = ("requirements.txt",)
DEV_FILES = ("requirements.txt", "requirements-dev.txt")


def main() -> int:
    """Install for running, or with --dev for testing too; the exit status says whether that went well."""
    use_new_enough_python()
    is_dev = "--dev" in sys.argv[1:]
    # One at a time: the lock is on the project's folder itself and ends with this process.
    fcntl.flock(os.open(str(PROJECT), os.O_RDONLY), fcntl.LOCK_EX)
    if is_installed("dev", DEV_FILES) or (not is_dev and is_installed("run", RUN_FILES)):
        return 0
    started = time.time()
    say("Installing into .venv (several minutes the first time; PyTorch is large) ...")
    status = make_venv() or install(DEV_FILES if is_dev else RUN_FILES)
    if status == 0:
        remember("run", RUN_FILES)
        if is_dev:
            remember("dev", DEV_FILES)
        say(f"Installed in {time.time() - started:.0f} s.")
    return status


def say(text: str) -> None:
    """Tell the person at the terminal."""
    sys.stderr.write(text + "\n")


def use_new_enough_python() -> None:
    """Go on with this Python, become a newer one of this machine, or end with an explanation."""
    if sys.version_info >= NEEDED:
        return
    for minor in range(NEWEST_MINOR, NEEDED[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found:
            os.execv(found, [found, *sys.argv])
    say(
        f"Facet needs Python {NEEDED[0]}.{NEEDED[1]} or later, but {sys.executable} is {sys.version.split()[0]}."
        " Install a newer one, or name it: make setup PYTHON=/path/to/python3"
    )
    sys.exit(1)


def make_venv() -> int:
    """Make .venv unless a working one is there; returns an exit status."""
    if VENV_PYTHON.exists() and works([str(VENV_PYTHON), "-m", "pip", "--version"]):
        return 0
    status = subprocess.call([sys.executable, "-m", "venv", "--clear", str(VENV)], stdin=subprocess.DEVNULL)
    if status:
        say(
            "The virtual environment could not be made. Where Python comes in parts, the part `venv` is needed too"
            " (Debian, Ubuntu: apt-get install python3-venv)."
        )
    return status


def install(files: "tuple[str, ...]") -> int:
    """Install the requirements; returns pip's exit status."""
    command = [str(VENV_PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    for name in files:
        command += ["-r", str(PROJECT / name)]
    status = subprocess.call(command, stdin=subprocess.DEVNULL)
    if status:
        say("Installing failed (see above). The next `make setup` goes on where it stopped.")
    return status


def works(command: "list[str]") -> bool:
    """Whether a command ends well; its output is dropped."""
    quiet = subprocess.DEVNULL
    return subprocess.call(command, stdin=quiet, stdout=quiet, stderr=quiet) == 0


def stamp(kind: str) -> Path:
    """The file that remembers what was installed."""
    return VENV / f".installed-for-{kind}"


def digest_of(files: "tuple[str, ...]") -> str:
    """What a stamp holds: the requirements, and the place of the environment, which cannot be moved."""
    digest = hashlib.sha256(os.fsencode(str(VENV)))
    for name in files:
        digest.update((PROJECT / name).read_bytes())
    return digest.hexdigest()


def is_installed(kind: str, files: "tuple[str, ...]") -> bool:
    """Whether exactly these requirements were installed here before."""
    return VENV_PYTHON.exists() and stamp(kind).exists() and stamp(kind).read_text() == digest_of(files)


def remember(kind: str, files: "tuple[str, ...]") -> None:
    """Write down that these requirements are installed."""
    stamp(kind).write_text(digest_of(files))


if __name__ == "__main__":
    sys.exit(main())
