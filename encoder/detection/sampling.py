"""Reduced pictures, uint8 (B, 3, H, W), channels_last, and squares cut out of them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from encoder.detection.boxes import Boxes, Indices
from encoder.devices import upload
from encoder.images import Pixels


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

    def __init__(self, owners: Indices, pixels: Tensor) -> None:
        self.owners = owners
        self.pixels = pixels
        self._reduced = [pixels]

    def reduced(self, halvings: int) -> Tensor:
        """The pictures at a half, a quarter, ... of their size, like `pixels`; each is made once."""
        while len(self._reduced) <= halvings:
            last = self._reduced[-1]
            self._reduced.append(resize(last, -(-last.shape[2] // 2), -(-last.shape[3] // 2)))
        return self._reduced[halvings]


def stack_alike(pictures: Sequence[Tensor], max_pixels: int) -> list[Stack]:
    """Pictures, (1, 3, H, W) each, with others of their size: `max_pixels` of area together, but at least one."""
    by_shape: dict[torch.Size, list[int]] = defaultdict(list)
    for owner, picture in enumerate(pictures):
        by_shape[picture.shape].append(owner)
    stacks = []
    for shape, owners in by_shape.items():
        at_once = max(1, max_pixels // (shape[2] * shape[3]))
        for start in range(0, len(owners), at_once):
            group = owners[start : start + at_once]
            stacks.append(Stack(np.array(group), torch.cat([pictures[owner] for owner in group])))
    return stacks


def cut_squares(stacks: Sequence[Stack], owners: Indices, squares: Boxes, size: int) -> Tensor:
    """Cuts squares out of pictures of different sizes and scales them: (K, 3, size, size) float32, channels_last.

    Values are `centered`, as in `encoder.convolution`. Bilinear, from the picture at that half, quarter, ... of its
    size that is nearest to the size asked for, so that nothing is skipped over. No loop over squares: all of one stack
    and scale are one sampling.

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
        halvings = np.rint(np.log2((squares[own, 2] - squares[own, 0]) / size)).clip(min=0)
        for halving in np.unique(halvings).astype(int).tolist():
            chosen = own[halvings == halving]
            where = torch.from_numpy(chosen).to(device)
            extent = (stack.pixels.shape[2], stack.pixels.shape[3])
            result[where] = _sample(stack.reduced(halving), extent, places[chosen], squares[chosen], size)
    return result.permute(0, 3, 1, 2)


def _sample(pictures: Tensor, extent: tuple[int, int], places: Indices, squares: Boxes, size: int) -> Tensor:
    """(K, size, size, 3): squares, (K, 4) in pixels before reduction, of the pictures at `places` of (B, 3, h, w).

    `extent`: height and width before the reduction. The pictures are sampled as one tall one.
    """
    count, _, height, width = pictures.shape
    tall = pictures.float().permute(0, 2, 3, 1).reshape(1, count * height, width, 3).permute(0, 3, 1, 2)
    boxes = torch.from_numpy(squares).to(pictures.device)
    steps = (torch.arange(size, device=pictures.device) + 0.5) / size
    x = boxes[:, 0, None] + (boxes[:, 2] - boxes[:, 0])[:, None] * steps  # (K, size)
    y = boxes[:, 1, None] + (boxes[:, 3] - boxes[:, 1])[:, None] * steps
    inside = ((y >= 0) & (y < extent[0]))[:, :, None] & ((x >= 0) & (x < extent[1]))[:, None, :]  # (K, size, size)
    tops = torch.from_numpy(places).to(pictures.device)[:, None] * height
    rows = (y * (height / extent[0])).clamp(0.5, height - 0.5) + tops  # never between two pictures
    columns = (x * (width / extent[1])).clamp(0.5, width - 0.5)
    grid = torch.stack(
        [
            (columns * (2 / width) - 1)[:, None, :].expand(-1, size, -1),
            (rows * (2 / (count * height)) - 1)[:, :, None].expand(-1, -1, size),
        ],
        dim=3,
    )  # (K, size, size, 2)
    cut = functional.grid_sample(
        tall, grid.reshape(1, -1, size, 2), mode="bilinear", padding_mode="border", align_corners=False
    )  # (1, 3, K * size, size)
    return cut[0].permute(1, 2, 0).reshape(-1, size, size, 3).mul(inside[..., None]).sub_(128)
