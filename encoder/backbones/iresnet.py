"""IResNet: the residual network that most published face checkpoints hold.

A ResNet (He et al. 2015, https://arxiv.org/abs/1512.03385) with the "improved residual" unit of ArcFace (Deng et al.
2019, https://arxiv.org/abs/1801.07698, section 3.1): BN - conv - BN - PReLU - conv - BN, without an activation behind
the sum. The stem keeps its input's size, and instead of an average the last map is flattened into a linear layer.
Modules are named as in the published PyTorch state dicts, so that these load as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import ceil
from typing import cast

import torch
from torch import Tensor, nn

from encoder.backbones.sections import Flattened, NormalizedFirst, Sectioned, Sections
from encoder.convolution import Normalization
from encoder.spec import Architecture

BLOCKS: Mapping[Architecture, tuple[int, int, int, int]] = {
    Architecture.IRESNET18: (2, 2, 2, 2),
    Architecture.IRESNET34: (3, 4, 6, 3),
    Architecture.IRESNET50: (3, 4, 14, 3),
    Architecture.IRESNET100: (3, 13, 30, 3),
}
"""Residual blocks of each of the four layers. A layer halves height and width in its first block."""

CHANNELS = (64, 128, 256, 512)
STEM_CHANNELS = 64


class ChannelAffine(nn.Module):
    """What is left of a batch norm whose statistics are fixed: x * weight + bias for each channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        return torch.addcmul(self.bias[:, None, None], x, self.weight[:, None, None])  # (B, C, H, W)


def _convolution(inputs: int, outputs: int, *, kernel: int, stride: int = 1, affine: bool) -> nn.Conv2d:
    """Without a bias where a batch norm follows it."""
    return nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=not affine)


def _norm_behind(channels: int, *, affine: bool) -> nn.Module:
    """The batch norm behind a convolution; folded into it, nothing is left."""
    return nn.BatchNorm2d(channels) if affine else nn.Identity()


class ImprovedResidual(nn.Module):
    """Two 3 x 3 convolutions, the second with the stride, beside the input or a 1 x 1 convolution of it."""

    def __init__(self, inputs: int, outputs: int, *, stride: int, affine: bool) -> None:
        super().__init__()
        # Zeros are padded behind this norm, not before it, so it cannot be folded into the convolution that follows.
        self.bn1 = nn.BatchNorm2d(inputs) if affine else ChannelAffine(inputs)
        self.conv1 = _convolution(inputs, outputs, kernel=3, affine=affine)
        self.bn2 = _norm_behind(outputs, affine=affine)
        self.prelu = nn.PReLU(outputs)
        self.conv2 = _convolution(outputs, outputs, kernel=3, stride=stride, affine=affine)
        self.bn3 = _norm_behind(outputs, affine=affine)
        self.downsample = (
            nn.Sequential(
                _convolution(inputs, outputs, kernel=1, stride=stride, affine=affine),
                _norm_behind(outputs, affine=affine),
            )
            if stride != 1
            else None
        )

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.prelu(self.bn2(self.conv1(self.bn1(x))))
        y = self.bn3(self.conv2(y))  # (B, outputs, H / stride, W / stride)
        shortcut: Tensor = x if self.downsample is None else self.downsample(x)
        return y + shortcut


class IResNet(Sectioned):
    """Crops to raw embeddings.

    With `affine` it is the network as it was trained, with its batch norms. Without, those behind convolutions and
    around the last layer are folded into them, the others are fixed: the same function as in evaluation, in less
    time, and independent of the batch in training.
    """

    def __init__(self, blocks: Sequence[int], dimension: int = 512, *, input_size: int = 112, affine: bool) -> None:
        """`blocks`: of each layer, as in `BLOCKS`. `input_size` decides how many numbers the last layer takes in."""
        super().__init__()
        self.blocks = tuple(blocks)
        self.dimension = dimension
        self.input_size = input_size
        self.conv1 = _convolution(3, STEM_CHANNELS, kernel=3, affine=affine)
        self.bn1 = _norm_behind(STEM_CHANNELS, affine=affine)
        self.prelu = nn.PReLU(STEM_CHANNELS)
        inputs = (STEM_CHANNELS, *CHANNELS[:-1])
        self.layer1, self.layer2, self.layer3, self.layer4 = (
            _layer(before, channels, count, affine=affine)
            for before, channels, count in zip(inputs, CHANNELS, blocks, strict=True)
        )
        side = ceil(input_size / 2 ** len(CHANNELS))
        self.bn2 = _norm_behind(CHANNELS[-1], affine=affine)
        self.fc = nn.Linear(CHANNELS[-1] * side**2, dimension)
        self.features = nn.BatchNorm1d(dimension) if affine else nn.Identity()

    @property
    def has_affine(self) -> bool:
        return isinstance(self.features, nn.BatchNorm1d)

    def forward(self, crops: Tensor) -> Tensor:
        """(B, 3, S, S), (RGB - mean) / scale -> (B, dimension) float32, of no particular length.

        The convolutions may run in bfloat16 or float16; what follows them is float32.
        """
        x = self.prelu(self.bn1(self.conv1(crops)))  # (B, 64, S, S)
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = layer(x)
        x = self.bn2(x).float().flatten(1)  # (B, 512 * (S / 16)^2)
        result: Tensor = self.features(self.fc(x))
        return result

    @property
    def last_blocks(self) -> int:
        """Those whose input is the smallest map: of 512 channels."""
        return self.blocks[-1] - 1

    def sections(self) -> Sections:
        """Its parts, from the stem to the last layer."""
        return Sections(
            stem=nn.Sequential(self.conv1, self.bn1, self.prelu),
            blocks=tuple(self._residuals()),
            pool=nn.Sequential(self.bn2, Flattened()),
            head=nn.Sequential(self.fc, self.features),
        )

    def folded(self) -> IResNet:
        """A copy in evaluation's form: batch norms folded or fixed; of an already folded network, a plain copy."""
        copy = IResNet(self.blocks, self.dimension, input_size=self.input_size, affine=False)
        copy = copy.to(self.fc.weight.device)
        with torch.no_grad():
            if not self.has_affine:
                copy.load_state_dict(self.state_dict())
                return copy.train(self.training)
            _fold(self.conv1, self.bn1, copy.conv1)
            copy.prelu.weight.copy_(self.prelu.weight)
            for source, target in zip(self._residuals(), copy._residuals(), strict=True):
                _fold_residual(source, target)
            self._fold_head(copy.fc)
        return copy.train(self.training)

    def to_inference(self, dtype: torch.dtype, normalization: Normalization | None = None) -> Sectioned:
        """A folded, frozen copy: convolutions in `dtype` and channels_last, the last layer in float32.

        With `normalization` it takes `centered` pixels in `dtype`.
        """
        copy = self.folded().eval().requires_grad_(requires_grad=False)
        copy.to(dtype=dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]
        copy.fc.float()
        if normalization is None:
            return copy
        return NormalizedFirst(normalization, copy).to(self.fc.weight.device)

    def _residuals(self) -> Iterator[ImprovedResidual]:
        for module in self.modules():
            if isinstance(module, ImprovedResidual):
                yield module

    def _fold_head(self, target: nn.Linear) -> None:
        """fc with the norm before it (nothing is padded there, so it folds) and the norm behind it."""
        scale, shift = (part.repeat_interleave(self.fc.in_features // CHANNELS[-1]) for part in _scale_shift(self.bn2))
        gain, offset = _scale_shift(self.features)
        weight = self.fc.weight.double()
        target.weight.copy_(gain[:, None] * weight * scale)
        target.bias.copy_(gain * (weight @ shift + self.fc.bias.double()) + offset)


def _layer(inputs: int, outputs: int, count: int, *, affine: bool) -> nn.Sequential:
    first = ImprovedResidual(inputs, outputs, stride=2, affine=affine)
    rest = (ImprovedResidual(outputs, outputs, stride=1, affine=affine) for _ in range(count - 1))
    return nn.Sequential(first, *rest)


def _scale_shift(module: nn.Module) -> tuple[Tensor, Tensor]:
    """A batch norm in evaluation is x * scale + shift: both (C,) float64."""
    norm = cast(nn.BatchNorm2d, module)
    mean, variance = cast(Tensor, norm.running_mean).double(), cast(Tensor, norm.running_var).double()
    scale = norm.weight.double() / torch.sqrt(variance + norm.eps)
    return scale, norm.bias.double() - mean * scale


def _fold(convolution: nn.Conv2d, norm: nn.Module, target: nn.Conv2d) -> None:
    """Gives `target` the weight and bias of the one convolution that equals this pair."""
    scale, shift = _scale_shift(norm)
    target.weight.copy_(convolution.weight.double() * scale[:, None, None, None])
    cast(Tensor, target.bias).copy_(shift)


def _fold_residual(source: ImprovedResidual, target: ImprovedResidual) -> None:
    fixed = cast(ChannelAffine, target.bn1)
    scale, shift = _scale_shift(source.bn1)
    fixed.weight.copy_(scale)
    fixed.bias.copy_(shift)
    _fold(source.conv1, source.bn2, target.conv1)
    target.prelu.weight.copy_(source.prelu.weight)
    _fold(source.conv2, source.bn3, target.conv2)
    if source.downsample is not None and target.downsample is not None:
        _fold(cast(nn.Conv2d, source.downsample[0]), source.downsample[1], cast(nn.Conv2d, target.downsample[0]))
