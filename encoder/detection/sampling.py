"""Reduced pictures and cut-out squares, as uint8 tensors (B, 3, H, W), channels_last."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from encoder.detection.boxes import Boxes
from encoder.images import Pixels


def to_tensor(pixels: Pixels, device: torch.device) -> Tensor:
    """(H, W, 3) uint8 -> (1, 3, H, W), channels_last; shares memory on a CPU where the array allows it."""
    array = pixels if pixels.flags.writeable and pixels.flags.c_contiguous else pixels.copy(order="C")
    return torch.from_numpy(array).to(device)[None].permute(0, 3, 1, 2)


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


def cut_squares(pictures: Sequence[Tensor], owners: Sequence[int], squares: Boxes, size: int) -> Tensor:
    """Cuts squares out of pictures of different sizes and scales them: (K, 3, size, size) uint8, channels_last.

    Args:
        pictures: each (1, 3, H, W) uint8.
        owners: for each square the index of its picture.
        squares: (K, 4) whole pixels of that picture. What lies outside of it is black.
    """
    device = pictures[0].device
    result = torch.empty((len(squares), 3, size, size), dtype=torch.uint8, device=device)
    result = result.contiguous(memory_format=torch.channels_last)
    for index, (owner, square) in enumerate(zip(owners, squares.astype(int).tolist(), strict=True)):
        result[index] = resize(_cut(pictures[owner], *square), size, size)[0]
    return result


def _cut(picture: Tensor, left: int, top: int, right: int, bottom: int) -> Tensor:
    """A rectangle of the picture, black where it reaches beyond."""
    height, width = picture.shape[2:]
    inside = picture[:, :, max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    if left >= 0 and top >= 0 and right <= width and bottom <= height:
        return inside
    padded = picture.new_zeros((1, bottom - top, right - left, 3)).permute(0, 3, 1, 2)
    y, x = max(-top, 0), max(-left, 0)
    padded[:, :, y : y + inside.shape[2], x : x + inside.shape[3]] = inside
    return padded
