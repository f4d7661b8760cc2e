"""Files of named tensors (safetensors), written whole or not at all, byte for byte the same for the same content."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import safetensors.torch
from torch import Tensor

_LENGTH_BYTES = 8  # a safetensors file begins with the length of its JSON header


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> str:
    """Write the file in place of one that may be there; return its SHA-256."""
    whole = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    data = _in_one_order(safetensors.torch.save(whole, dict(metadata)))
    _write_atomically(path, data)
    return hashlib.sha256(data).hexdigest()


def is_tensor_file(data: bytes) -> bool:
    """Whether a file begins as those of this module do."""
    return data[_LENGTH_BYTES : _LENGTH_BYTES + 1] == b"{"


def read_metadata(data: bytes) -> dict[str, str]:
    """What a file says of itself. Raises ValueError where it has no header that says anything."""
    length = int.from_bytes(data[:_LENGTH_BYTES], "little")
    try:
        metadata: dict[str, str] = json.loads(data[_LENGTH_BYTES : _LENGTH_BYTES + length])["__metadata__"]
    except (KeyError, TypeError) as error:
        raise ValueError("The file's header has no metadata.") from error
    return metadata


def _in_one_order(data: bytes) -> bytes:
    """The same safetensors file with its header's names sorted: written as they come, they differ from run to run."""
    start = _LENGTH_BYTES + int.from_bytes(data[:_LENGTH_BYTES], "little")
    header = json.dumps(json.loads(data[_LENGTH_BYTES:start]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % _LENGTH_BYTES)
    return len(header).to_bytes(_LENGTH_BYTES, "little") + header + data[start:]


def _write_atomically(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink()
        raise
