"""The files of training runs in the storage: what is needed to go on, and the weights of the best epoch."""

import contextlib
import hashlib
import shutil
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.files.storage import default_storage
from django.utils import timezone

from training.exceptions import TrainingFailedError
from training.models import TrainingRun

FOLDER = "training"
YOUNG = timedelta(hours=1)
"""A file this new may be one that its row is just about to name."""


def keep_file(run: TrainingRun, file: Path, *, sha256: str, epoch: int) -> dict[str, Any]:
    """Put a file of a run into the storage; returns what `TrainingRun.checkpoint` and `best` hold of it."""
    with file.open("rb") as source:
        path = default_storage.save(f"{FOLDER}/{run.pk}/{sha256[:16]}-{epoch}{file.suffix}", File(source))
    return {"path": path, "sha256": sha256, "epoch": epoch}


def fetch_file(entry: Mapping[str, Any], target: Path) -> Path:
    """Copy a kept file to `target`.

    Raises:
        TrainingFailedError: it is gone, or not what it was.
    """
    path, digest = str(entry["path"]), hashlib.sha256()
    if not default_storage.exists(path):
        raise TrainingFailedError(f"The file {path} of this run is gone from the storage. Start a new run.", path=path)
    with default_storage.open(path, "rb") as source, target.open("wb") as copy:
        shutil.copyfileobj(source, copy, 1 << 20)
    with target.open("rb") as copied:
        while block := copied.read(1 << 20):
            digest.update(block)
    if digest.hexdigest() != entry["sha256"]:
        raise TrainingFailedError(
            f"The file {path} of this run is damaged: its SHA-256 is not the one it had. Start a new run.", path=path
        )
    return target


def forget_files(*entries: Mapping[str, Any]) -> None:
    """Remove kept files; empty entries are passed over."""
    for entry in entries:
        if entry:
            default_storage.delete(str(entry["path"]))


def remove_leftover_files(*, older_than: timedelta = YOUNG, only: TrainingRun | None = None) -> int:
    """Remove files that no run names: a process was killed between writing a file and its row, or the run is gone.

    Args:
        older_than: younger ones are left alone, but for those of `only`.
        only: look at the files of this run alone; the caller is the one who writes them.

    Returns:
        How many there were.
    """
    if not default_storage.exists(FOLDER):
        return 0
    folders = [str(only.pk)] if only is not None else default_storage.listdir(FOLDER)[0]
    return sum(_remove_from(folder, timedelta(0) if only is not None else older_than) for folder in folders)


def _remove_from(folder: str, older_than: timedelta) -> int:
    path = f"{FOLDER}/{folder}"
    if not default_storage.exists(path):
        return 0
    run = TrainingRun.objects.filter(pk=int(folder)).first() if folder.isdecimal() else None
    owned = {str(entry["path"]) for entry in (run.checkpoint, run.best) if entry} if run is not None else set()
    names = default_storage.listdir(path)[1]
    removed = 0
    for file in (f"{path}/{name}" for name in names):
        if file not in owned and default_storage.get_modified_time(file) <= timezone.now() - older_than:
            default_storage.delete(file)
            removed += 1
    if run is None and removed == len(names):
        with contextlib.suppress(OSError):  # somebody has just put a file there
            default_storage.delete(path)
    return removed
