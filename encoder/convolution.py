"""Convolutions for inference, with what follows them done while the values are still in registers; max pools.

On a CPU oneDNN adds a shortcut and rectifies within the convolution, and takes weights in an order of its own choice.
torch reaches that through the operators its compiler emits (`torch.ops.mkldnn`), which are no public interface: torch
is pinned, the tests hold them to the plain convolution, and where they are missing the plain one is used. Fused, the
factory backbone takes two thirds of the time in bfloat16.
"""

from __future__ import annotations

import copy
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

_LARGEST_BATCH = 16
"""Weights are ordered for the batch they will meet; oneDNN's choice does not change beyond this one."""

_SMALL = 100_000
"""Numbers for which one slow pass costs less than several quick ones."""


def has_fused_operators() -> bool:
    """Whether this build of torch carries oneDNN's fused convolutions."""
    available: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return available and hasattr(torch.ops.mkldnn, "_convolution_pointwise")


def centered(pixels: Tensor, dtype: torch.dtype) -> Tensor:
    """uint8 values less 128, exact in every floating dtype; memory layout kept."""
    return torch.bitwise_xor(pixels, 128).view(torch.int8).to(dtype)


class Normalization(NamedTuple):
    """What a network's pixels of 0 to 255 go through first: (value - mean) / scale, a mean for each channel."""

    mean: tuple[float, ...]
    scale: float


class NormalizeCentered(nn.Module):
    """`centered` pixels to normalized ones, for a network whose first convolution pads."""

    def __init__(self, normalization: Normalization) -> None:
        super().__init__()
        self._scale = normalization.scale
        offset = torch.tensor([(128.0 - value) / normalization.scale for value in normalization.mean])
        self._offset: Tensor
        self.register_buffer("_offset", offset[:, None, None], persistent=False)

    def forward(self, pixels: Tensor) -> Tensor:
        """In float32 and back to the dtype of `pixels`: (B, C, H, W)."""
        return torch.add(self._offset, pixels.float(), alpha=1 / self._scale).to(pixels.dtype)


def fold_normalization(convolution: nn.Conv2d, normalization: Normalization) -> nn.Conv2d:
    """What takes `centered` pixels and answers as `convolution` does to normalized ones.

    Raises ValueError for a convolution that pads: its zeros would be other pixels.
    """
    if any(cast(tuple[int, ...], convolution.padding)):
        raise ValueError("A normalization folds only into a convolution without padding.")
    folded = copy.deepcopy(convolution)
    with torch.no_grad():
        weight = convolution.weight.double() / normalization.scale
        offset = torch.tensor([128.0 - value for value in normalization.mean], dtype=torch.float64)  # (C,)
        moved = cast(Tensor, convolution.bias).double() + (weight * offset[:, None, None]).sum(dim=(1, 2, 3))
        folded.weight.copy_(weight)
        cast(Tensor, folded.bias).copy_(moved)
    return folded


class FusedConvolution(nn.Module):
    """A frozen convolution, then optionally `+ shortcut`, then optionally ReLU.

    Takes and gives (B, C, H, W), channels_last, in the dtype it was made with.
    """

    def __init__(self, convolution: nn.Conv2d, dtype: torch.dtype) -> None:
        super().__init__()
        weight = convolution.weight.detach().to(dtype)
        bias = torch.zeros(len(weight)) if convolution.bias is None else convolution.bias.detach()
        self.weight = nn.Parameter(weight.contiguous(memory_format=torch.channels_last), requires_grad=False)
        self.bias = nn.Parameter(bias.to(dtype), requires_grad=False)
        self.stride = cast(tuple[int, int], convolution.stride)
        self.padding = cast(tuple[int, int], convolution.padding)
        self._has_fused_operators = has_fused_operators()
        self._ordered: dict[tuple[int, int, int], Tensor] = {}

    def forward(self, x: Tensor, shortcut: Tensor | None = None, *, rectify: bool = True) -> Tensor:
        """`shortcut` has the shape of the result, and may be overwritten with it."""
        if x.is_cpu and self._has_fused_operators:
            return self._fused(x, shortcut, rectify=rectify)
        y = functional.conv2d(x, self.weight, self.bias, self.stride, self.padding)
        y = y if shortcut is None else y.add_(shortcut)
        return y.relu_() if rectify else y

    def _fused(self, x: Tensor, shortcut: Tensor | None, *, rectify: bool) -> Tensor:
        weight = self._ordered_weight(x)
        activation = "relu" if rectify else "none"
        place = (list(self.padding), list(self.stride), [1, 1], 1)
        if shortcut is None:
            result: Tensor = torch.ops.mkldnn._convolution_pointwise(x, weight, self.bias, *place, activation, [], "")
        else:
            result = torch.ops.mkldnn._convolution_pointwise_(
                shortcut, x, weight, self.bias, *place, "add", 1.0, activation if rectify else None, [], ""
            )
        return result

    def _ordered_weight(self, x: Tensor) -> Tensor:
        """The weight as oneDNN wants it for a picture of this size in a batch of about this one."""
        batch = min(1 << (len(x) - 1).bit_length(), _LARGEST_BATCH)
        key = (batch, *x.shape[2:])
        if key not in self._ordered:
            self._ordered[key] = torch.ops.mkldnn._reorder_convolution_weight(
                self.weight, list(self.padding), list(self.stride), [1, 1], 1, [batch, *x.shape[1:]]
            )
        return self._ordered[key]


def max_pool(x: Tensor, size: int, *, ceil: bool = False) -> Tensor:
    """The maximum over `size` x `size` pixels (2 or 3) at every second row and column, without padding.

    (B, C, H, W), channels_last. With `ceil` windows may reach over the end. First down, then across, as whole rows: on
    a CPU torch's own takes up to twice as long, and in bfloat16 more.
    """
    if not x.is_cpu or (x.numel() < _SMALL and x.is_floating_point()):
        return functional.max_pool2d(x, kernel_size=size, stride=2, ceil_mode=ceil)
    return _pooled(_pooled(x, 2, size, ceil=ceil), 3, size, ceil=ceil)


def _pooled(x: Tensor, axis: int, size: int, *, ceil: bool) -> Tensor:
    """The maximum of `size` neighbors at every second place along one axis."""
    windows = (x.shape[axis] - size + int(ceil)) // 2 + 1
    places = [_every_second(x, axis, first, windows) for first in range(size)]
    if places[1].shape[axis] == windows:
        result = torch.maximum(places[0], places[1])
    else:  # the last window has but one pixel
        result = places[0].clone()
        _raise_to(result, places[1], axis)
    for more in places[2:]:
        _raise_to(result, more, axis)
    return result


def _every_second(x: Tensor, axis: int, first: int, count: int) -> Tensor:
    """At most `count` of them."""
    last = min(first + 2 * count - 1, x.shape[axis])
    return x[:, :, first:last:2] if axis == 2 else x[:, :, :, first:last:2]


def _raise_to(x: Tensor, other: Tensor, axis: int) -> None:
    """In place, as far along the axis as `other` reaches."""
    part = x.narrow(axis, 0, other.shape[axis])
    torch.maximum(part, other, out=part)
