"""State dicts as others publish them: safetensors, or what `torch.save` wrote, without running anything in them."""

from __future__ import annotations

import io
import pickle
import re
import zipfile
from collections.abc import Mapping

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

WRAPPERS = ("state_dict", "model_state_dict", "model", "backbone", "network", "net")
"""Names under which training programs keep the state dict, beside an optimizer's state and the like."""

PREFIXES = ("module.", "_orig_mod.", "backbone.", "model.")
"""What wrappers of a network (DataParallel, torch.compile, a class around it) put before every name."""

COUNTERS = ".num_batches_tracked"
"""How many batches a norm has seen: in newer files, of no use to evaluation."""

_ZIP, _PICKLE = b"PK\x03\x04", b"\x80"
_SAFETENSORS_HEADER = 8  # the byte at which its JSON begins
_LONGEST_NAME = 100  # in an error
_DEEPEST = 4  # wrappers inside wrappers
_UNKNOWN_GLOBAL = re.compile(r"GLOBAL ([\w.]+)")


class StateDictError(ValueError):
    """What is wrong with a file; the text goes into a sentence."""


def parse_state_dict(data: bytes, *, max_bytes: int) -> dict[str, Tensor]:
    """The tensors of a file by their names, without prefixes that all have and without counters of batches.

    Args:
        data: the whole file.
        max_bytes: what may be unpacked from it.

    Raises StateDictError.
    """
    if data[_SAFETENSORS_HEADER : _SAFETENSORS_HEADER + 1] == b"{":
        content: object = _read_safetensors(data)
    elif data.startswith((_ZIP, _PICKLE)):
        content = _read_torch(data, max_bytes=max_bytes)
    else:
        raise StateDictError("it is neither a safetensors file nor one that torch.save wrote")
    return _named(_unwrapped(content))


def _read_safetensors(data: bytes) -> dict[str, Tensor]:
    try:
        return safetensors.torch.load(data)
    except SafetensorError as error:
        raise StateDictError(f"it is damaged ({error})") from error


def _read_torch(data: bytes, *, max_bytes: int) -> object:
    if data.startswith(_ZIP):
        _check_unpacked_size(data, max_bytes)
    try:
        return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        wanted = _UNKNOWN_GLOBAL.search(str(error))
        what = f"it asks for {wanted.group(1)}" if wanted else "it holds other things than tensors"
        raise StateDictError(
            f"{what}, and reading more than tensors could run code. Save the network's state dict alone, "
            "as safetensors or by torch.save(network.state_dict(), file)"
        ) from error
    except Exception as error:
        # torch reads the file step by step, and what a damaged or made-up one breaks in it is of any kind
        raise StateDictError("it is damaged, or no state dict that torch.save wrote") from error


def _check_unpacked_size(data: bytes, max_bytes: int) -> None:
    """A few packed bytes can stand for any number of zeros."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise StateDictError("it is damaged") from error
    if size > max_bytes:
        raise StateDictError(f"unpacked it has {size:,} bytes, and at most {max_bytes:,} are read")


def _unwrapped(content: object) -> Mapping[object, object]:
    """The mapping that holds tensors."""
    for _ in range(_DEEPEST):
        if not isinstance(content, Mapping):
            raise StateDictError(f"it holds a {type(content).__name__}, not a state dict")
        if any(isinstance(value, Tensor) for value in content.values()):
            return content
        inner = [content[name] for name in WRAPPERS if isinstance(content.get(name), Mapping)]
        if not inner:
            names = ", ".join(sorted(str(name)[:_LONGEST_NAME] for name in content)[:5])
            raise StateDictError(f"it holds no tensors, but {names or 'nothing'}; there must be a state dict")
        content = inner[0]
    raise StateDictError("its state dict lies too deep inside other things")


def _named(content: Mapping[object, object]) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}
    for name, value in content.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise StateDictError(f"{str(name)[:_LONGEST_NAME]!r} is not a tensor with a name, as in a state dict")
        if value.layout != torch.strided or value.is_quantized or value.is_meta:
            raise StateDictError(f"{name[:_LONGEST_NAME]} is a sparse, quantized or empty tensor; it must be dense")
        tensors[name] = value
    while prefix := next((prefix for prefix in PREFIXES if all(name.startswith(prefix) for name in tensors)), ""):
        tensors = {name.removeprefix(prefix): value for name, value in tensors.items()}
    return {name: value for name, value in tensors.items() if not name.endswith(COUNTERS)}
