"""What runs write beside the storage goes with them, and with those that were killed."""

import fcntl
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from training.services.run_scratch import remove_leftover_folders, scratch_folder


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings: Any) -> Path:
    settings.FOLDERS = SimpleNamespace(var=tmp_path)
    return tmp_path / "training"


def test_a_folder_is_private_and_goes_at_the_end_whatever_that_is(home: Path) -> None:
    def interrupted() -> None:
        with scratch_folder(7) as folder:
            assert folder.parent == home
            assert folder.stat().st_mode & 0o777 == 0o700
            (folder / "crops.npy").write_bytes(b"faces")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(home.iterdir()) == []


def test_two_attempts_have_two_folders_and_neither_removes_the_other_ones() -> None:
    with scratch_folder(7) as first, scratch_folder(7) as second:
        assert first != second
        assert remove_leftover_folders() == 0
        assert first.is_dir()


def test_what_a_killed_process_left_is_removed(home: Path) -> None:
    left = home / "run-7-abc"
    left.mkdir(parents=True)
    (left / "lock").touch()
    (left / "crops.npy").write_bytes(b"faces")
    held = os.open(left / "lock", os.O_RDWR)
    fcntl.flock(held, fcntl.LOCK_EX)
    assert remove_leftover_folders() == 0
    os.close(held)  # as the system does for a process that is gone
    with scratch_folder(8):
        assert not left.exists()
