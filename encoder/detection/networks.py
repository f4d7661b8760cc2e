"""The three networks of MTCNN (Zhang et al. 2016, https://arxiv.org/abs/1604.02878).

All take RGB pictures as (value - 127.5) / 128. Probabilities are of a face. Offsets are in shares of the box (see
`encoder.detection.boxes.regress`), landmarks in shares of it from its left and top: five x, then five y.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

RNET_SIZE = 24
ONET_SIZE = 48

_FACE = 1


def normalize(pixels: Tensor) -> Tensor:
    """(B, 3, H, W) uint8 -> float32 in [-1, 1), memory layout kept."""
    return pixels.float().sub_(127.5).mul_(1 / 128)


class ProposalNetwork(nn.Module):
    """P-Net, for pictures of any size: every second pixel, the chance of a face in the 12 x 12 pixels around it."""

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

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, H, W) -> probabilities (B, h, w), offsets (B, 4, h, w)."""
        x = self.prelu1(self.convolution1(pictures))
        x = functional.max_pool2d(x, 2, 2, ceil_mode=True)
        x = self.prelu2(self.convolution2(x))
        x = self.prelu3(self.convolution3(x))  # (B, 32, h, w)
        return torch.softmax(self.scores(x), dim=1)[:, _FACE], self.offsets(x)


class RefinementNetwork(nn.Module):
    """R-Net, for squares of 24 pixels."""

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

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, 24, 24) -> probabilities (B,), offsets (B, 4)."""
        x = functional.max_pool2d(self.prelu1(self.convolution1(crops)), 3, 2, ceil_mode=True)  # (B, 28, 11, 11)
        x = functional.max_pool2d(self.prelu2(self.convolution2(x)), 3, 2)  # (B, 48, 4, 4)
        x = self.prelu3(self.convolution3(x))  # (B, 64, 3, 3)
        x = self.prelu4(self.dense(_flatten(x)))  # (B, 128)
        return torch.softmax(self.scores(x), dim=1)[:, _FACE], self.offsets(x)


class OutputNetwork(nn.Module):
    """O-Net, for squares of 48 pixels."""

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

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, 3, 48, 48) -> probabilities (B,), offsets (B, 4), landmarks (B, 10)."""
        x = functional.max_pool2d(self.prelu1(self.convolution1(crops)), 3, 2, ceil_mode=True)  # (B, 32, 23, 23)
        x = functional.max_pool2d(self.prelu2(self.convolution2(x)), 3, 2)  # (B, 64, 10, 10)
        x = functional.max_pool2d(self.prelu3(self.convolution3(x)), 2, 2, ceil_mode=True)  # (B, 64, 4, 4)
        x = self.prelu4(self.convolution4(x))  # (B, 128, 3, 3)
        x = self.prelu5(self.dense(_flatten(x)))  # (B, 256)
        return torch.softmax(self.scores(x), dim=1)[:, _FACE], self.offsets(x), self.landmarks(x)


def _flatten(x: Tensor) -> Tensor:
    """(B, C, H, W) -> (B, W * H * C), the order in which the dense layers were trained."""
    return x.permute(0, 3, 2, 1).flatten(1)
