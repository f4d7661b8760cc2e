"""The files that runs keep: found whole or not at all, and gone with their runs."""

import hashlib
import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage

from faces.services.galleries import delete_gallery
from tests.training.models import factories
from training.exceptions import TrainingFailedError
from training.models import TrainingRun
from training.services.run_actions import delete_run
from training.services.run_files import fetch_file, forget_files, keep_file, remove_leftover_files


def kept(run: TrainingRun, folder: Path, data: bytes = b"weights", *, epoch: int = 1) -> dict[str, object]:
    file = folder / "checkpoint.safetensors"
    file.write_bytes(data)
    return keep_file(run, file, sha256=hashlib.sha256(data).hexdigest(), epoch=epoch)


def files() -> list[str]:
    """Names of all files that runs keep."""
    root = Path(default_storage.path("training"))
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def named(run: TrainingRun, entry: dict[str, object]) -> None:
    TrainingRun.objects.filter(pk=run.pk).update(checkpoint=entry)


@pytest.mark.django_db
def test_what_is_kept_is_fetched_again(tmp_path: Path) -> None:
    run = factories.run()
    entry = kept(run, tmp_path, epoch=3)
    assert entry["epoch"] == 3
    assert fetch_file(entry, tmp_path / "copy").read_bytes() == b"weights"
    forget_files(entry, {})
    with pytest.raises(TrainingFailedError, match="is gone from the storage"):
        fetch_file(entry, tmp_path / "copy")


@pytest.mark.django_db
def test_a_damaged_file_is_not_used(tmp_path: Path) -> None:
    entry = kept(factories.run(), tmp_path)
    Path(default_storage.path(str(entry["path"]))).write_bytes(b"wrights")
    with pytest.raises(TrainingFailedError, match="is damaged: its SHA-256 is not the one it had"):
        fetch_file(entry, tmp_path / "copy")


@pytest.mark.django_db
def test_two_epochs_never_share_a_file(tmp_path: Path) -> None:
    run = factories.run()
    first, second = kept(run, tmp_path, epoch=1), kept(run, tmp_path, epoch=2)
    assert kept(run, tmp_path, epoch=2)["path"] not in (first["path"], second["path"])
    assert first["path"] != second["path"]


@pytest.mark.django_db
def test_files_that_no_run_names_are_removed_when_they_are_old_enough(tmp_path: Path) -> None:
    run = factories.run()
    entry = kept(run, tmp_path)
    named(run, entry)
    old, young = (kept(run, tmp_path, epoch=epoch) for epoch in (2, 3))
    yesterday = time.time() - 86_400
    os.utime(default_storage.path(str(old["path"])), (yesterday, yesterday))
    os.utime(default_storage.path(str(entry["path"])), (yesterday, yesterday))
    assert remove_leftover_files() == 1
    assert files() == sorted(str(each["path"]).removeprefix("training/") for each in (entry, young))
    assert remove_leftover_files(only=run) == 1
    assert files() == [str(entry["path"]).removeprefix("training/")]


@pytest.mark.django_db
def test_the_folder_of_a_run_that_is_gone_goes_too(tmp_path: Path) -> None:
    run = factories.run()
    kept(run, tmp_path)
    TrainingRun.objects.all().delete()
    assert remove_leftover_files(older_than=timedelta(0)) == 1
    assert not default_storage.exists(f"training/{run.pk}")
    assert remove_leftover_files(older_than=timedelta(0)) == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["run", "gallery"])
def test_a_deleted_run_takes_its_files_along(tmp_path: Path, how: str) -> None:
    run = factories.run(state="cancelled", finished_at="2026-01-01T00:00Z")
    entries = kept(run, tmp_path), kept(run, tmp_path, b"best")
    TrainingRun.objects.filter(pk=run.pk).update(checkpoint=entries[0], best=entries[1])
    assert len(files()) == 2
    if how == "run":
        delete_run(run=run)
    else:
        delete_gallery(gallery=run.gallery)
    assert not TrainingRun.objects.exists()
    assert files() == []
