"""The same numbers from the same seed, on the same device."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

_CUBLAS = "CUBLAS_WORKSPACE_CONFIG"


@contextmanager
def deterministic() -> Iterator[None]:
    """Have torch choose algorithms whose result is the same each time, where it has any."""
    filling: Any = torch.utils.deterministic
    before = torch.are_deterministic_algorithms_enabled()
    only_warned = torch.is_deterministic_algorithms_warn_only_enabled()
    filled = filling.fill_uninitialized_memory
    tries = torch.backends.cudnn.benchmark
    torch.use_deterministic_algorithms(mode=True, warn_only=True)
    filling.fill_uninitialized_memory = False  # nobody reads it, and filling it takes a tenth of a step
    torch.backends.cudnn.benchmark = False
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = tries
        filling.fill_uninitialized_memory = filled
        torch.use_deterministic_algorithms(before, warn_only=only_warned)


def reserve_workspace(device: torch.device) -> None:
    """Have cuBLAS sum in one order, which it does with a workspace of a fixed size; before its first use."""
    if device.type == "cuda":
        os.environ.setdefault(_CUBLAS, ":4096:8")
