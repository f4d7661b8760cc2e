"""Where and how precisely to compute."""

from __future__ import annotations

from enum import StrEnum

import torch


class Precision(StrEnum):
    """Of the backbone's convolutions; everything else is float32.

    Between the two, squared distances between LFW photos differ by 0.0006 on average and by at most 0.0042 (two
    million pairs); the tests hold them to 0.01. Between batch sizes they differ by less than 0.0001 in float32.
    """

    AUTO = "auto"
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


def choose_device(name: str) -> torch.device:
    """ "auto" is CUDA where there is one, else the CPU; otherwise a torch device such as "cpu" or "cuda:1".

    Raises ValueError for a device that is not there.
    """
    has_cuda = torch.cuda.is_available()
    if name == "auto":
        return torch.device("cuda" if has_cuda else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(f"{name!r} is not a device; use 'auto', 'cpu', 'cuda' or 'cuda:N'.") from error
    if device.type not in ("cpu", "cuda"):
        raise ValueError(f"The device {name!r} is not supported; use 'auto', 'cpu', 'cuda' or 'cuda:N'.")
    if device.type == "cuda" and (not has_cuda or (device.index or 0) >= torch.cuda.device_count()):
        raise ValueError(
            f"There is no device {name!r}: torch sees {torch.cuda.device_count() if has_cuda else 0} CUDA devices."
        )
    return device


def choose_dtype(precision: str, device: torch.device) -> torch.dtype:
    """ "auto" is bfloat16 on a CPU with instructions for it, else float32. Raises ValueError for an unknown word."""
    if precision not in tuple(Precision):
        raise ValueError(f"{precision!r} is not a precision; use one of {', '.join(Precision)}.")
    match Precision(precision):
        case Precision.FLOAT32:
            return torch.float32
        case Precision.BFLOAT16:
            return torch.bfloat16
        case Precision.AUTO:
            return torch.bfloat16 if device.type == "cpu" and cpu_has_bfloat16() else torch.float32


def cpu_has_bfloat16() -> bool:
    """Whether the CPU multiplies bfloat16 by itself (AVX-512 BF16 or AMX); emulated it is slower than float32."""
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
