"""The factory backbone as it runs: folded, frozen, fused."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from encoder.backbones.sections import Averaged, Sectioned, Sections
from encoder.convolution import FusedConvolution, Normalization, fold_normalization, max_pool

if TYPE_CHECKING:
    from encoder.backbones.dlib_resnet import DlibResNet, ResidualBlock


class DlibInference(Sectioned):
    """What `DlibResNet` computes, with convolutions in one dtype and channels_last, the last layer in float32."""

    def __init__(self, network: DlibResNet, dtype: torch.dtype, normalization: Normalization | None) -> None:
        """`network` must be folded; it is not changed. With `normalization` crops are `centered` pixels."""
        super().__init__()
        self.dimension = network.dimension
        stem = network.stem.convolution
        self.stem = FusedConvolution(fold_normalization(stem, normalization) if normalization else stem, dtype)
        self.blocks = nn.ModuleList(_FusedBlock(cast("ResidualBlock", block), dtype) for block in network.blocks)
        self.head = nn.Linear(network.head.in_features, network.head.out_features, bias=False)
        self.head.load_state_dict(network.head.state_dict())
        self.eval().requires_grad_(requires_grad=False)

    def forward(self, crops: Tensor) -> Tensor:
        """(B, 3, 150, 150) in the network's dtype, channels_last -> (B, dimension) float32, of no particular length."""
        x = _max_pool_of_rectified(self.stem(crops))  # (B, 32, 35, 35)
        for block in self.blocks:
            x = block(x)
        features = x.float().mean(dim=(2, 3))  # (B, 256)
        result: Tensor = self.head(features)
        return result

    def sections(self) -> Sections:
        """Its parts, from the stem to the last layer."""
        return Sections(_FusedStem(self.stem), tuple(self.blocks), Averaged(), self.head)


class _FusedStem(nn.Module):
    """The first convolution with what follows it before the blocks."""

    def __init__(self, convolution: FusedConvolution) -> None:
        super().__init__()
        self.convolution = convolution

    def forward(self, crops: Tensor) -> Tensor:
        return _max_pool_of_rectified(self.convolution(crops))


class _FusedBlock(nn.Module):
    """`ResidualBlock`, fused."""

    def __init__(self, block: ResidualBlock, dtype: torch.dtype) -> None:
        super().__init__()
        self.halves = block.stride == 2
        self.first = FusedConvolution(block.first.convolution, dtype)
        self.second = FusedConvolution(block.second.convolution, dtype)

    def forward(self, x: Tensor) -> Tensor:
        """`x` is used up."""
        y = self.first(x)
        if not self.halves:
            result: Tensor = self.second(y, x)
            return result
        shortcut = functional.avg_pool2d(x, kernel_size=2, stride=2)
        channels, (height, width) = len(self.second.weight), y.shape[2:]
        if shortcut.shape[2:] == y.shape[2:]:
            room = _zeros(x, channels, height, width)
            room[:, : shortcut.shape[1]] = shortcut
            fused: Tensor = self.second(y, room)
            return fused
        # A convolution without padding ends a row and a column before the average does
        sum_ = _zeros(x, channels, shortcut.shape[2], shortcut.shape[3])
        sum_[:, : shortcut.shape[1]] = shortcut
        sum_[:, :, :height, :width] += self.second(y, rectify=False)
        return sum_.relu_()


def _max_pool_of_rectified(x: Tensor) -> Tensor:
    """The maximum over 3 x 3 numbers none of which is below zero.

    Of such numbers the order is that of their bits, and a CPU compares integers faster than bfloat16.
    """
    if x.dtype is torch.bfloat16 and x.is_cpu:
        return max_pool(x.view(torch.int16), 3).view(torch.bfloat16)
    return max_pool(x, 3)


def _zeros(like: Tensor, channels: int, height: int, width: int) -> Tensor:
    """(B, channels, height, width), channels_last."""
    return like.new_zeros((len(like), height, width, channels)).permute(0, 3, 1, 2)
