"""dlib's 29-layer residual network for faces (Davis King, 2017), in torch.

Where it differs from ResNet (He et al. 2015, https://arxiv.org/abs/1512.03385): convolutions with stride 2 do not pad,
and a block that halves its input adds a 2 x 2 average of that input, both sides zero-padded (channels, bottom and
right) to the larger of the two.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from encoder.backbones.dlib_inference import DlibInference
from encoder.backbones.sections import Averaged, Sectioned, Sections
from encoder.convolution import Normalization
from encoder.weights.dlib_resnet import BLOCKS

STEM_CHANNELS = 32


class ChannelAffine(nn.Module):
    """A frozen batch norm: x * gamma + beta for each channel, without statistics."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(channels))
        self.beta = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gamma[:, None, None] + self.beta[:, None, None]  # (B, C, H, W)


class ConvolutionAffine(nn.Module):
    """A convolution and, in the unfolded network, the affine layer behind it."""

    def __init__(self, inputs: int, outputs: int, *, kernel: int, stride: int, affine: bool) -> None:
        super().__init__()
        padding = kernel // 2 if stride == 1 else 0
        self.convolution = nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=padding)
        self.affine: ChannelAffine | nn.Identity = ChannelAffine(outputs) if affine else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.affine(self.convolution(x))
        return result

    @torch.no_grad()
    def folded_parameters(self) -> tuple[Tensor, Tensor]:
        """Weight and bias of the one convolution that equals this pair."""
        weight, bias = self.convolution.weight, cast(Tensor, self.convolution.bias)
        if isinstance(self.affine, nn.Identity):
            return weight, bias
        gamma, beta = self.affine.gamma.double(), self.affine.beta.double()
        folded_weight = weight.double() * gamma[:, None, None, None]
        folded_bias = bias.double() * gamma + beta
        return folded_weight.to(weight.dtype), folded_bias.to(weight.dtype)


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut; stride 2 halves height and width."""

    def __init__(self, inputs: int, outputs: int, *, stride: int, affine: bool) -> None:
        super().__init__()
        self.stride = stride
        self.first = ConvolutionAffine(inputs, outputs, kernel=3, stride=stride, affine=affine)
        self.second = ConvolutionAffine(outputs, outputs, kernel=3, stride=1, affine=affine)

    def forward(self, x: Tensor) -> Tensor:
        y = self.second(functional.relu_(self.first(x)))
        shortcut = x if self.stride == 1 else functional.avg_pool2d(x, kernel_size=2, stride=2)
        return functional.relu_(add_padded(y, shortcut))


def add_padded(x: Tensor, y: Tensor) -> Tensor:
    """x + y, each zero-padded behind its last channel, row and column to the larger of the two."""
    if x.shape == y.shape:
        return x + y
    channels, height, width = (max(x.shape[axis], y.shape[axis]) for axis in (1, 2, 3))
    return _padded(x, channels, height, width) + _padded(y, channels, height, width)


def _padded(x: Tensor, channels: int, height: int, width: int) -> Tensor:
    missing = (0, width - x.shape[3], 0, height - x.shape[2], 0, channels - x.shape[1])
    return functional.pad(x, missing) if any(missing) else x


class _Stem(nn.Module):
    """The first convolution with what follows it before the blocks."""

    def __init__(self, convolution: ConvolutionAffine) -> None:
        super().__init__()
        self.convolution = convolution

    def forward(self, crops: Tensor) -> Tensor:
        return _entered(self.convolution, crops)


def _entered(stem: ConvolutionAffine, crops: Tensor) -> Tensor:
    return functional.max_pool2d(functional.relu_(stem(crops)), kernel_size=3, stride=2)


class DlibResNet(Sectioned):
    """Crops to raw embeddings.

    With `affine` it is the network as dlib trained it. Without, the affine layers are folded into the convolutions:
    the same function in less time, and the form to fine-tune, because the unfolded weights are so small beside the
    gains that a usual step of an optimizer is a large change.
    """

    last_blocks = 3
    """Those whose input is the smallest map: 4 x 4 of 256 channels."""

    def __init__(self, dimension: int = 128, *, affine: bool) -> None:
        super().__init__()
        self.dimension = dimension
        self.stem = ConvolutionAffine(3, STEM_CHANNELS, kernel=7, stride=2, affine=affine)
        inputs = (STEM_CHANNELS, *(channels for channels, _ in BLOCKS[:-1]))
        self.blocks = nn.ModuleList(
            ResidualBlock(before, channels, stride=stride, affine=affine)
            for before, (channels, stride) in zip(inputs, BLOCKS, strict=True)
        )
        self.head = nn.Linear(BLOCKS[-1][0], dimension, bias=False)

    @property
    def has_affine(self) -> bool:
        return isinstance(self.stem.affine, ChannelAffine)

    def forward(self, crops: Tensor) -> Tensor:
        """(B, 3, 150, 150), (RGB - mean) / scale -> (B, dimension) float32, of no particular length.

        The convolutions may run in bfloat16; the average and the last layer are float32.
        """
        x = _entered(self.stem, crops)  # (B, 32, 35, 35)
        for block in self.blocks:
            x = block(x)
        features = x.float().mean(dim=(2, 3))  # (B, 256)
        result: Tensor = self.head(features)
        return result

    def sections(self) -> Sections:
        """Its parts, from the stem to the last layer."""
        return Sections(_Stem(self.stem), tuple(self.blocks), Averaged(), self.head)

    def folded(self) -> DlibResNet:
        """A copy without affine layers that computes the same; of an already folded network, a plain copy."""
        copy = DlibResNet(self.dimension, affine=False).to(self.head.weight.device)
        with torch.no_grad():
            for source, target in zip(self._pairs(), copy._pairs(), strict=True):
                weight, bias = source.folded_parameters()
                target.convolution.weight.copy_(weight)
                cast(Tensor, target.convolution.bias).copy_(bias)
            copy.head.weight.copy_(self.head.weight)
        return copy.train(self.training)

    def to_inference(self, dtype: torch.dtype, normalization: Normalization | None = None) -> DlibInference:
        """The same function, folded, frozen and fused: convolutions in `dtype`, the last layer in float32.

        With `normalization` it takes `centered` pixels and does that by itself.
        """
        return DlibInference(self.folded(), dtype, normalization)

    def _pairs(self) -> list[ConvolutionAffine]:
        return [module for module in self.modules() if isinstance(module, ConvolutionAffine)]
