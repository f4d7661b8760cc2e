"""Where and how precisely to compute."""

from __future__ import annotations

import time
from enum import StrEnum
from functools import lru_cache

import torch
from torch import Tensor, nn

from encoder.convolution import FusedConvolution
from encoder.images import Pixels

WORTHWHILE = 1.25
"""A speedup for which the rounding of bfloat16 is accepted; processors with AMX have 4 and more."""

ROUNDING = 0.02
TRIES = 15


class Precision(StrEnum):
    """Of the backbone's convolutions, and of most of the detector's; everything else is float32.

    Between bfloat16 and float32, squared distances between LFW photos differ by 0.0006 on average and by at most 0.0042
    (two million pairs); the tests hold them to 0.01. float16, which is for CUDA, has three more bits: 0.0001 and 0.0004
    (64 faces), and no value in the factory network exceeds 21 of its 65,504. Between batch sizes they differ by less
    than 0.0001 in float32.
    """

    AUTO = "auto"
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"
    FLOAT16 = "float16"


def choose_device(name: str) -> torch.device:
    """ "auto" is CUDA where there is one, else the CPU; otherwise a torch device such as "cpu" or "cuda:1".

    Raises ValueError for a device that is not there.
    """
    has_cuda = torch.cuda.is_available()
    if name == "auto":
        name = "cuda" if has_cuda else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(f"{name!r} is not a device; use 'auto', 'cpu', 'cuda' or 'cuda:N'.") from error
    if device.type not in ("cpu", "cuda"):
        raise ValueError(f"The device {name!r} is not supported; use 'auto', 'cpu', 'cuda' or 'cuda:N'.")
    if device.type == "cuda":
        if not has_cuda or (device.index or 0) >= torch.cuda.device_count():
            raise ValueError(
                f"There is no device {name!r}: torch sees {torch.cuda.device_count() if has_cuda else 0} CUDA devices."
            )
        _make_float32_exact()
    return device


def _make_float32_exact() -> None:
    """Has convolutions on CUDA compute float32 as such, and not as TF32, which has 10 of its 23 bits: torch's default.

    What is computed in float32 there shall be what it is on a CPU.
    """
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False


def choose_dtype(precision: str, device: torch.device) -> torch.dtype:
    """ "auto" is float16 on CUDA, bfloat16 on a CPU that convolves faster in it (`bfloat16_speedup`), else float32.

    Raises ValueError for an unknown word, and for float16 on a CPU.
    """
    if precision not in tuple(Precision):
        raise ValueError(f"{precision!r} is not a precision; use one of {', '.join(Precision)}.")
    on_cuda = device.type == "cuda"
    match Precision(precision):
        case Precision.FLOAT32:
            return torch.float32
        case Precision.BFLOAT16:
            return torch.bfloat16
        case Precision.FLOAT16 if not on_cuda:
            raise ValueError("The precision 'float16' is for CUDA devices; on a CPU use 'bfloat16' or 'float32'.")
        case Precision.AUTO if not on_cuda:
            return torch.bfloat16 if bfloat16_speedup() >= WORTHWHILE else torch.float32
        case _:
            return torch.float16


def upload(pixels: Pixels, device: torch.device) -> Tensor:
    """An array as a tensor of the same shape on the device; on a CPU it shares memory where the array allows it.

    To CUDA it goes through page-locked memory, and the copy may still be under way when this returns: what the device
    is asked to do next waits for it, and the caller prepares the next one meanwhile.
    """
    array = pixels if pixels.flags.writeable and pixels.flags.c_contiguous else pixels.copy(order="C")
    tensor = torch.from_numpy(array)
    if device.type == "cuda":
        tensor = tensor.pin_memory()
    return tensor.to(device, non_blocking=True)


@lru_cache(maxsize=1)
def bfloat16_speedup() -> float:
    """How many times faster this CPU convolves in bfloat16 than in float32; 0 where its answers are too far off.

    Measured once a process, in some milliseconds, on a convolution as the backbones have them: processors that list
    instructions for bfloat16 differ by what they make of them, and where it is emulated it is slower than float32. On
    one thread: several wait for each other, and on a busy machine that would be what is measured.
    """
    module = nn.Conv2d(64, 64, 3, padding=1)
    pixels = torch.rand(16, 64, 17, 17).contiguous(memory_format=torch.channels_last)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            exact, exact_seconds = _convolved(FusedConvolution(module, torch.float32), pixels)
            rounded, rounded_seconds = _convolved(FusedConvolution(module, torch.bfloat16), pixels.bfloat16())
    finally:
        torch.set_num_threads(threads)
    is_close = bool((rounded.float() - exact).abs().max() <= ROUNDING * exact.abs().max())
    return exact_seconds / rounded_seconds if is_close else 0.0


def _convolved(convolution: FusedConvolution, pixels: Tensor) -> tuple[Tensor, float]:
    """The answer, and the seconds of the quickest try: other work on the machine only makes some of them slower."""
    answer = convolution(pixels)
    seconds = []
    for _ in range(TRIES):
        started = time.perf_counter()
        convolution(pixels)
        seconds.append(time.perf_counter() - started)
    return answer, min(seconds)
