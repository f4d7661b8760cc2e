"""State dicts of others: read in every usual wrapping, and nothing in them is run."""

import io
import os
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

from encoder.weights.state_dict import StateDictError, parse_state_dict

STATE = {"conv.weight": torch.arange(6.0).reshape(2, 3), "conv.bias": torch.ones(2)}
MAX_BYTES = 1_000_000


def saved(content: object, *, zipped: bool = True) -> bytes:
    target = io.BytesIO()
    torch.save(content, target, _use_new_zipfile_serialization=zipped)
    return target.getvalue()


def same(found: dict[str, torch.Tensor]) -> bool:
    return found.keys() == STATE.keys() and all(torch.equal(found[name], STATE[name]) for name in STATE)


def prefixed(prefix: str) -> dict[str, torch.Tensor]:
    return {prefix + name: value for name, value in STATE.items()}


@pytest.mark.parametrize(
    "data",
    [
        safetensors.torch.save(STATE),
        saved(STATE),
        saved(STATE, zipped=False),
        saved(OrderedDict(STATE)),
        saved({"epoch": 3, "state_dict": STATE, "optimizer": {"lr": 0.1}}),
        saved({"model": {"state_dict": prefixed("module.")}}),
        saved({name: nn.Parameter(value) for name, value in STATE.items()}),
        saved(prefixed("module.")),
        safetensors.torch.save(prefixed("module.backbone.")),
        saved(STATE | {"conv.num_batches_tracked": torch.tensor(7)}),
    ],
    ids=[
        "safetensors",
        "torch",
        "torch before 1.6",
        "ordered",
        "beside an optimizer",
        "two wrappers",
        "parameters",
        "DataParallel",
        "a class around it",
        "counters",
    ],
)
def test_a_state_dict_is_found_in_every_usual_wrapping(data: bytes) -> None:
    assert same(parse_state_dict(data, max_bytes=MAX_BYTES))


def test_a_prefix_that_only_some_names_have_belongs_to_them() -> None:
    mixed = prefixed("module.") | {"head": torch.ones(1)}
    assert parse_state_dict(saved(mixed), max_bytes=MAX_BYTES).keys() == mixed.keys()


class Touch:
    """Pickled, it runs a command when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("wrapped", [True, False])
def test_a_file_that_would_run_something_is_refused_and_runs_nothing(
    tmp_path: Path, zipped: bool, wrapped: bool
) -> None:
    trace = tmp_path / "ran"
    data = saved(STATE | {"extra": Touch(trace)} if wrapped else Touch(trace), zipped=zipped)
    with pytest.raises(
        StateDictError, match=r"it asks for (posix|os)\.system, and reading more than tensors could run"
    ):
        parse_state_dict(data, max_bytes=MAX_BYTES)
    assert not trace.exists()


def test_a_whole_pickled_network_is_refused_with_what_to_do() -> None:
    with pytest.raises(
        StateDictError, match=r"torch\.nn\.modules\.linear\.Linear.*Save the network's state dict alone"
    ):
        parse_state_dict(saved(nn.Linear(2, 2)), max_bytes=MAX_BYTES)


def test_a_file_that_unpacks_to_more_than_is_read_is_refused() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(MAX_BYTES + 1))
    assert len(target.getvalue()) < MAX_BYTES / 100
    with pytest.raises(StateDictError, match="unpacked it has 1,000,001 bytes, and at most 1,000,000 are read"):
        parse_state_dict(target.getvalue(), max_bytes=MAX_BYTES)


def sparse() -> torch.Tensor:
    return torch.eye(3).to_sparse()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "neither a safetensors file nor one that torch.save wrote"),
        (b"\x08\x07onnx", "neither a safetensors file nor"),
        (safetensors.torch.save(STATE)[:-3], "it is damaged"),
        (b"\xff\xff\xff\xff\xff\xff\xff\x7f{", "it is damaged"),
        (saved(STATE)[:-100], "it is damaged"),
        (saved(STATE, zipped=False)[:-5], "it is damaged"),
        (b"\x80\x02K\x01.", "it is damaged, or no state dict"),
        (saved([torch.ones(1)]), "it holds a list, not a state dict"),
        (saved(torch.ones(1)), "it holds a Tensor, not a state dict"),
        (saved({}), "it holds no tensors, but nothing"),
        (saved({"epoch": 1, "args": "x"}), "it holds no tensors, but args, epoch"),
        (saved(STATE | {"epoch": 3}), "'epoch' is not a tensor with a name"),
        (saved({3: torch.ones(1)}), "'3' is not a tensor with a name"),
        (saved({"mask": sparse()}), "mask is a sparse, quantized or empty tensor"),
        (saved({"model": {"model": {"model": {"model": {"model": STATE}}}}}), "too deep"),
    ],
)
def test_anything_else_is_refused_with_what_it_is(data: bytes, says: str) -> None:
    with pytest.raises(StateDictError, match=says):
        parse_state_dict(data, max_bytes=MAX_BYTES)


def damaged(data: bytes, generator: np.random.Generator) -> bytes:
    """A few bytes changed, most of them where a file says what is in it; sometimes some are cut out."""
    changed = bytearray(data)
    for _ in range(generator.choice([1, 2, 8])):
        within = min(len(changed), int(generator.choice([400, len(data)])))
        changed[generator.integers(within)] = generator.integers(256)
    if generator.random() < 0.2:
        start = generator.integers(len(changed))
        del changed[start : start + generator.integers(1, 50)]
    return bytes(changed)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("data", [safetensors.torch.save(STATE), saved(STATE), saved({"model": STATE}, zipped=False)])
def test_however_a_file_is_damaged_it_is_read_or_refused_in_words(data: bytes) -> None:
    generator = np.random.default_rng(0)
    refusals: list[str] = []
    for _ in range(1000):
        try:
            parse_state_dict(damaged(data, generator), max_bytes=MAX_BYTES)
        except StateDictError as error:
            refusals.append(str(error))
    assert len(refusals) > 300
    assert all(10 < len(refusal) < 500 for refusal in refusals)
