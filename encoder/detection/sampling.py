"""Reduced pictures, uint8 (B, 3, H, W), channels_last, and squares cut out of them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from encoder.convolution import centered
from encoder.detection.boxes import Boxes, Indices
from encoder.devices import upload
from encoder.images import Pixels

BLACK = -128.0  # as a centered pixel


def to_tensor(pixels: Pixels, device: torch.device) -> Tensor:
    """(H, W, 3) uint8 -> (1, 3, H, W), channels_last; shares memory on a CPU where the array allows it."""
    return upload(pixels, device)[None].permute(0, 3, 1, 2)


def resize(pictures: Tensor, height: int, width: int) -> Tensor:
    """Bilinear, with antialiasing where it shrinks (a triangle as wide as two target pixels)."""
    if pictures.device.type == "cpu":
        return functional.interpolate(pictures, size=(height, width), mode="bilinear", antialias=True)
    exact = functional.interpolate(pictures.float(), size=(height, width), mode="bilinear", antialias=True)
    return exact.round_().clamp_(0, 255).to(torch.uint8)


def shrink_to_area(picture: Tensor, max_pixels: int) -> Tensor:
    """The picture itself where it has at most `max_pixels`, else a smaller copy."""
    height, width = picture.shape[2:]
    factor = math.sqrt(max_pixels / (height * width))
    if factor >= 1:
        return picture
    return resize(picture, max(round(height * factor), 1), max(round(width * factor), 1))


class Stack:
    """Pictures of one size.

    Attributes:
        owners: (B,) the index of each in the whole batch.
        pixels: (B, 3, H, W) uint8, channels_last.
    """

    def __init__(self, owners: Indices, pixels: Tensor, *, keeps_largest: bool = False) -> None:
        """`keeps_largest`: whether to keep what takes four times the memory of the pictures, too."""
        self.owners = owners
        self._smallest_kept = 0 if keeps_largest else 1
        self.pixels = pixels
        self._reduced = [pixels]
        self._tall: dict[int, Tensor] = {}

    def reduced(self, halvings: int) -> Tensor:
        """The pictures at a half, a quarter, ... of their size, like `pixels`; each is made once."""
        while len(self._reduced) <= halvings:
            last = self._reduced[-1]
            self._reduced.append(resize(last, -(-last.shape[2] // 2), -(-last.shape[3] // 2)))
        return self._reduced[halvings]

    def tall(self, halvings: int) -> Tensor:
        """The same pictures one under the other, `centered`: (1, 3, B * h, w) float32, channels_last.

        Kept, but for the largest.
        """
        if halvings in self._tall:
            return self._tall[halvings]
        pictures = self.reduced(halvings)
        rows = centered(pictures, torch.float32).permute(0, 2, 3, 1).reshape(1, -1, pictures.shape[3], 3)
        tall = rows.permute(0, 3, 1, 2)
        if halvings >= self._smallest_kept:
            self._tall[halvings] = tall
        return tall


def stack_alike(pictures: Sequence[Tensor], max_pixels: int) -> list[Stack]:
    """Pictures, (1, 3, H, W) each, with others of their size: `max_pixels` of area together, but at least one."""
    by_shape: dict[torch.Size, list[int]] = defaultdict(list)
    for owner, picture in enumerate(pictures):
        by_shape[picture.shape].append(owner)
    groups = []
    for shape, owners in by_shape.items():
        at_once = max(1, max_pixels // (shape[2] * shape[3]))
        groups += [owners[start : start + at_once] for start in range(0, len(owners), at_once)]
    return [
        Stack(np.array(group), torch.cat([pictures[owner] for owner in group]), keeps_largest=len(groups) == 1)
        for group in groups
    ]


def cut_squares(stacks: Sequence[Stack], owners: Indices, squares: Boxes, size: int) -> Tensor:
    """Cuts squares out of pictures of different sizes and scales them: (K, 3, size, size) float32, channels_last.

    Values are `centered`, as in `encoder.convolution`. Bilinear, from the picture at that half, quarter, ... of its
    size from which a square has to shrink no further than by two, so that little is skipped over and nothing enlarged.
    No loop over squares: all of one stack and scale are one sampling.

    Args:
        stacks: all pictures, each once.
        owners: (K,) for each square the index of its picture in the batch.
        squares: (K, 4) pixels of that picture. What lies outside of it is black.
    """
    device = stacks[0].pixels.device
    result = torch.empty((len(squares), size, size, 3), device=device)
    for stack in stacks:
        order = np.argsort(stack.owners)
        places = order[np.searchsorted(stack.owners, owners, sorter=order).clip(max=len(order) - 1)]
        (own,) = np.nonzero(stack.owners[places] == owners)
        halvings = np.floor(np.log2((squares[own, 2] - squares[own, 0]) / size)).clip(min=0)
        for halving in np.unique(halvings).astype(int).tolist():
            chosen = own[halvings == halving]
            result[torch.from_numpy(chosen).to(device)] = _sample(stack, halving, places[chosen], squares[chosen], size)
    return result.permute(0, 3, 1, 2)


def _sample(stack: Stack, halvings: int, places: Indices, squares: Boxes, size: int) -> Tensor:
    """(K, size, size, 3) `centered`: squares, (K, 4) in pixels before reduction, of the pictures at `places`."""
    pictures = stack.reduced(halvings)
    count, _, height, width = pictures.shape
    steps = (np.arange(size, dtype=np.float32) + 0.5) / size
    x = squares[:, 0, None] + (squares[:, 2] - squares[:, 0])[:, None] * steps  # (K, size)
    y = squares[:, 1, None] + (squares[:, 3] - squares[:, 1])[:, None] * steps
    full_height, full_width = stack.pixels.shape[2:]
    columns = (x * (width / full_width)).clip(0.5, width - 0.5)
    rows = (y * (height / full_height)).clip(0.5, height - 0.5) + places[:, None] * height  # never between two pictures
    grid = torch.empty((len(squares), size, size, 2), device=pictures.device)
    grid[..., 0] = _to(columns * (2 / width) - 1, grid)[:, None, :]
    grid[..., 1] = _to(rows * (2 / (count * height)) - 1, grid)[:, :, None]
    cut = functional.grid_sample(
        stack.tall(halvings),
        grid.reshape(1, -1, size, 2),
        mode="bilinear",
        padding_mode="border",
        align_corners=False,
    )  # (1, 3, K * size, size)
    crops = cut[0].permute(1, 2, 0).reshape(-1, size, size, 3)
    across, down = (x >= 0) & (x < full_width), (y >= 0) & (y < full_height)
    if across.all() and down.all():
        return crops
    inside = _to(down, grid)[:, :, None] * _to(across, grid)[:, None, :]  # (K, size, size)
    return torch.lerp(torch.full_like(crops, BLACK), crops, inside[..., None])


def _to(values: npt.NDArray[np.generic], like: Tensor) -> Tensor:
    """As float32 on its device."""
    return torch.from_numpy(values.astype(np.float32)).to(like.device)
