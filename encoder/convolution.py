"""Convolutions for inference, with what follows them done while the values are still in registers.

On a CPU oneDNN adds a shortcut and rectifies within the convolution, and takes weights in an order of its own choice.
torch reaches that through the operators its compiler emits (`torch.ops.mkldnn`), which are no public interface: torch
is pinned, the tests hold them to the plain convolution, and where they are missing the plain one is used. Fused, the
factory backbone takes two thirds of the time in bfloat16.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

_LARGEST_BATCH = 16
"""Weights are ordered for the batch they will meet; oneDNN's choice does not change beyond this one."""


def has_fused_operators() -> bool:
    """Whether this build of torch carries oneDNN's fused convolutions."""
    available: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return available and hasattr(torch.ops.mkldnn, "_convolution_pointwise")


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


def max_pool_3x3(x: Tensor) -> Tensor:
    """The maximum over 3 x 3 pixels, every second row and column, without padding: (B, C, H, W), channels_last.

    First down, then across, as whole rows: on a CPU in bfloat16 torch's own takes twice as long and more.
    """
    if not x.is_cpu:
        return functional.max_pool2d(x, kernel_size=3, stride=2)
    rows = torch.maximum(torch.maximum(x[:, :, 0:-2:2], x[:, :, 1:-1:2]), x[:, :, 2::2])
    return torch.maximum(torch.maximum(rows[..., 0:-2:2], rows[..., 1:-1:2]), rows[..., 2::2])
