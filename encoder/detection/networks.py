"""The three networks of MTCNN (Zhang et al. 2016, https://arxiv.org/abs/1604.02878).

All take RGB pictures as (value - 127.5) / 128. Probabilities are of a face. Offsets are in shares of the box (see
`encoder.detection.boxes.regress`), landmarks in shares of it from its left and top: five x, then five y.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from encoder.convolution import FusedConvolution, Normalization, fold_normalization, max_pool

RNET_SIZE = 24
ONET_SIZE = 48

NORMALIZATION = Normalization((127.5, 127.5, 127.5), 128.0)

_FACE = 1
_CHANNELS = {torch.float32: 16, torch.bfloat16: 32, torch.float16: 32}
"""A multiple of these is what the CPU's PReLU needs to be quick: with 16 in bfloat16 it takes ten times as long."""


class _Pool(NamedTuple):
    """A max pool with stride 2 behind a PReLU."""

    size: int
    ceil: bool


@dataclass(frozen=True)
class _Stage:
    """One layer of a trunk: a convolution, a PReLU, and a pool where there is one."""

    convolution: nn.Conv2d
    prelu: nn.PReLU
    pool: _Pool | None


class Network(nn.Module, ABC):
    """What the three are: a trunk of convolutions, and a head that reads faces from its features."""

    @abstractmethod
    def stages(self) -> list[_Stage]:
        """The trunk."""

    @abstractmethod
    def head(self, features: Tensor) -> tuple[Tensor, ...]:
        """What the trunk gives, float32 -> the network's answers."""

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """Normalized pictures to answers, as the network was published: the reference for `DetectorInference`."""
        x = pictures
        for stage in self.stages():
            x = stage.prelu(stage.convolution(x))
            if stage.pool is not None:
                x = functional.max_pool2d(x, stage.pool.size, 2, ceil_mode=stage.pool.ceil)
        return self.head(x)


class DetectorInference(nn.Module):
    """One of the networks as it runs: frozen, on `centered` pixels, its head in float32."""

    def __init__(self, network: Network, dtype: torch.dtype, *, first: torch.dtype | None = None) -> None:
        """`dtype` is that of the trunk, `first` that of its first layer where it is another."""
        super().__init__()
        self.dtype = first or dtype
        self._network = network.eval().requires_grad_(requires_grad=False)
        self._network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._pools = [stage.pool for stage in network.stages()]
        self._convolutions = nn.ModuleList()
        self._slopes = nn.ParameterList()
        inputs = 3
        for index, stage in enumerate(network.stages()):
            convolution = stage.convolution if index else fold_normalization(stage.convolution, NORMALIZATION)
            own = dtype if index else self.dtype
            wide = _widened(convolution, inputs, _CHANNELS[own])
            slopes = torch.zeros(wide.out_channels)
            slopes[: convolution.out_channels] = stage.prelu.weight
            self._convolutions.append(FusedConvolution(wide, own))
            self._slopes.append(nn.Parameter(slopes.to(own), requires_grad=False))
            inputs = wide.out_channels
        self._features = network.stages()[-1].convolution.out_channels

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """(B, 3, H, W) `centered` pixels in the network's `dtype`, channels_last -> its answers."""
        x = pictures
        for convolution, slopes, pool in zip(self._convolutions, self._slopes, self._pools, strict=True):
            x = functional.prelu(convolution(x.to(slopes.dtype), rectify=False), slopes)
            if pool is not None:
                x = max_pool(x, pool.size, ceil=pool.ceil)
        return self._network.head(x[:, : self._features].float())


@torch.no_grad()
def _widened(convolution: nn.Conv2d, inputs: int, multiple: int) -> nn.Conv2d:
    """The same for inputs that have channels of zeros behind their own, and with such channels added to its output."""
    outputs = -(-convolution.out_channels // multiple) * multiple
    wide = nn.Conv2d(inputs, outputs, (convolution.kernel_size[0], convolution.kernel_size[1]))
    for target, source in ((wide.weight, convolution.weight), (wide.bias, convolution.bias)):
        if target is not None and source is not None:
            target.zero_()
            target[tuple(slice(0, length) for length in source.shape)] = source
    return wide


class ProposalNetwork(Network):
    """P-Net, for pictures of any size: every second pixel, the chance of a face in the 12 x 12 pixels around it.

    (B, 3, H, W) -> probabilities (B, h, w), offsets (B, 4, h, w).
    """

    def __init__(self) -> None:
        super().__init__()
        self.convolution1 = nn.Conv2d(3, 10, 3)
        self.prelu1 = nn.PReLU(10)
        self.convolution2 = nn.Conv2d(10, 16, 3)
        self.prelu2 = nn.PReLU(16)
        self.convolution3 = nn.Conv2d(16, 32, 3)
        self.prelu3 = nn.PReLU(32)
        self.offsets = nn.Conv2d(32, 4, 1)
        self.scores = nn.Conv2d(32, 2, 1)

    def stages(self) -> list[_Stage]:
        return [
            _Stage(self.convolution1, self.prelu1, _Pool(2, ceil=True)),
            _Stage(self.convolution2, self.prelu2, None),
            _Stage(self.convolution3, self.prelu3, None),
        ]

    def head(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """From (B, 32, h, w)."""
        rows = features.permute(0, 2, 3, 1)  # where channels lie last, a 1 x 1 convolution is a product of matrices
        scores, offsets = (
            functional.linear(rows, layer.weight.flatten(1), layer.bias) for layer in (self.scores, self.offsets)
        )
        # The softmax of two, in a form that is quick for many
        return torch.sigmoid(scores[..., _FACE] - scores[..., 1 - _FACE]), offsets.permute(0, 3, 1, 2)


class RefinementNetwork(Network):
    """R-Net, for squares of 24 pixels: (B, 3, 24, 24) -> probabilities (B,), offsets (B, 4)."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution1 = nn.Conv2d(3, 28, 3)
        self.prelu1 = nn.PReLU(28)
        self.convolution2 = nn.Conv2d(28, 48, 3)
        self.prelu2 = nn.PReLU(48)
        self.convolution3 = nn.Conv2d(48, 64, 2)
        self.prelu3 = nn.PReLU(64)
        self.dense = nn.Linear(576, 128)
        self.prelu4 = nn.PReLU(128)
        self.offsets = nn.Linear(128, 4)
        self.scores = nn.Linear(128, 2)

    def stages(self) -> list[_Stage]:
        return [
            _Stage(self.convolution1, self.prelu1, _Pool(3, ceil=True)),  # (B, 28, 11, 11)
            _Stage(self.convolution2, self.prelu2, _Pool(3, ceil=False)),  # (B, 48, 4, 4)
            _Stage(self.convolution3, self.prelu3, None),  # (B, 64, 3, 3)
        ]

    def head(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """From (B, 64, 3, 3)."""
        x = self.prelu4(self.dense(_flatten(features)))  # (B, 128)
        return torch.softmax(self.scores(x), dim=1)[:, _FACE], self.offsets(x)


class OutputNetwork(Network):
    """O-Net, for squares of 48 pixels: (B, 3, 48, 48) -> probabilities (B,), offsets (B, 4), landmarks (B, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution1 = nn.Conv2d(3, 32, 3)
        self.prelu1 = nn.PReLU(32)
        self.convolution2 = nn.Conv2d(32, 64, 3)
        self.prelu2 = nn.PReLU(64)
        self.convolution3 = nn.Conv2d(64, 64, 3)
        self.prelu3 = nn.PReLU(64)
        self.convolution4 = nn.Conv2d(64, 128, 2)
        self.prelu4 = nn.PReLU(128)
        self.dense = nn.Linear(1152, 256)
        self.prelu5 = nn.PReLU(256)
        self.offsets = nn.Linear(256, 4)
        self.landmarks = nn.Linear(256, 10)
        self.scores = nn.Linear(256, 2)

    def stages(self) -> list[_Stage]:
        return [
            _Stage(self.convolution1, self.prelu1, _Pool(3, ceil=True)),  # (B, 32, 23, 23)
            _Stage(self.convolution2, self.prelu2, _Pool(3, ceil=False)),  # (B, 64, 10, 10)
            _Stage(self.convolution3, self.prelu3, _Pool(2, ceil=True)),  # (B, 64, 4, 4)
            _Stage(self.convolution4, self.prelu4, None),  # (B, 128, 3, 3)
        ]

    def head(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """From (B, 128, 3, 3)."""
        x = self.prelu5(self.dense(_flatten(features)))  # (B, 256)
        return torch.softmax(self.scores(x), dim=1)[:, _FACE], self.offsets(x), self.landmarks(x)


def _flatten(x: Tensor) -> Tensor:
    """(B, C, H, W) -> (B, W * H * C), the order in which the dense layers were trained."""
    return x.permute(0, 3, 2, 1).flatten(1)
