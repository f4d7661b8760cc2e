"""A folder for what a run needs while it runs: crops of faces, stored features, files on their way to the storage."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from django.conf import settings

PREFIX = "run-"
LOCK = "lock"


@contextmanager
def scratch_folder(run_id: int) -> Iterator[Path]:
    """Yield an empty folder that nobody else can read and that is removed at the end, whatever the end is."""
    remove_leftover_folders()
    home = _home()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    while True:
        folder = Path(mkdtemp(prefix=f"{PREFIX}{run_id}-", dir=home))
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if (folder / LOCK).exists():
            break
        os.close(descriptor)  # somebody took it for a leftover before it was locked
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def remove_leftover_folders() -> int:
    """Remove the folders of processes that were killed; returns how many there were."""
    return sum(_remove_if_left(folder) for folder in sorted(_home().glob(f"{PREFIX}*")))


def _remove_if_left(folder: Path) -> bool:
    try:
        descriptor = os.open(folder / LOCK, os.O_RDWR)
    except FileNotFoundError:
        return False  # its process is just making it, or another one removing it
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        shutil.rmtree(folder, ignore_errors=True)
        return True
    finally:
        os.close(descriptor)


def _home() -> Path:
    return Path(settings.FOLDERS.var) / "training"
