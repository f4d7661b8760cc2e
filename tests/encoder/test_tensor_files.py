"""Files of tensors: whole or not at all, the same bytes for the same content."""

import hashlib
from pathlib import Path

import pytest
import safetensors.torch
import torch

from encoder.tensor_files import is_tensor_file, read_metadata, write_tensors

METADATA = {"first": "a", "second": "b"}


def tensors() -> dict[str, torch.Tensor]:
    return {"x": torch.arange(6.0).reshape(2, 3), "steps": torch.tensor(7.0), "y": torch.ones(2, dtype=torch.bfloat16)}


def test_what_was_written_is_read_and_the_digest_is_the_files(tmp_path: Path) -> None:
    path = tmp_path / "below" / "file.safetensors"
    digest = write_tensors(path, tensors(), METADATA)
    data = path.read_bytes()
    assert hashlib.sha256(data).hexdigest() == digest
    assert is_tensor_file(data)
    assert read_metadata(data) == METADATA
    read = safetensors.torch.load(data)
    assert read.keys() == tensors().keys()
    assert all(torch.equal(read[name], value) for name, value in tensors().items())


def test_the_order_in_which_things_are_named_does_not_change_the_file(tmp_path: Path) -> None:
    one = write_tensors(tmp_path / "one", tensors(), METADATA)
    other = write_tensors(tmp_path / "other", dict(reversed(tensors().items())), dict(reversed(METADATA.items())))
    assert one == other


def test_memory_order_does_not_change_the_file(tmp_path: Path) -> None:
    map_ = torch.rand(2, 3, 4, 5)
    one = write_tensors(tmp_path / "one", {"map": map_}, {})
    other = write_tensors(tmp_path / "other", {"map": map_.contiguous(memory_format=torch.channels_last)}, {})
    assert one == other


def test_where_writing_fails_the_old_file_stays_and_nothing_else_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    write_tensors(path, tensors(), METADATA)
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="no space"):
        write_tensors(path, {"x": torch.zeros(1)}, METADATA)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("data", [b"", b"no header at all", b"\x02\0\0\0\0\0\0\0{}"])
def test_a_file_that_says_nothing_of_itself_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        read_metadata(data)
