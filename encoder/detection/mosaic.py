"""A pyramid of a picture's reduced copies, laid side by side, so that P-Net sees all of it in one pass.

P-Net answers for every cell, 12 x 12 pixels at every second row and column. Cells that lie within one copy answer as if
the copy were alone; the others are left out. So what is found does not depend on what lies beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from math import ceil

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from encoder.detection.sampling import Stack, resize

CELL = 12
STRIDE = 2
FACTOR = 0.709

NO_LEVEL = -1


@dataclass(frozen=True)
class Level:
    """One reduced copy: its sides, by how much it is reduced (less than 1), and where its corner lies, even numbers."""

    height: int
    width: int
    scale: float
    top: int = 0
    left: int = 0


@dataclass(frozen=True, eq=False)
class Mosaic:
    """Where the levels lie.

    Attributes:
        height: of the whole, in pixels.
        width: of the whole, in pixels.
        levels: from the largest to the smallest; at least one.
        level_of: (rows, columns) int16 of P-Net's cells: the index of the level that each lies in, or `NO_LEVEL`.
    """

    height: int
    width: int
    levels: tuple[Level, ...]
    level_of: npt.NDArray[np.int16]

    def draw(self, stack: Stack) -> Tensor:
        """The mosaics of a stack's pictures: (B, 3, height, width) uint8, channels_last."""
        pictures = stack.pixels
        canvas = pictures.new_full((len(pictures), self.height, self.width, 3), 128).permute(0, 3, 1, 2)
        for level in self.levels:
            # At least twice as large as needed, so that reducing it averages over all of its pixels
            source = stack.reduced(max(int(np.log2(1 / level.scale)) - 1, 0))
            copy = resize(source, level.height, level.width)
            canvas[:, :, level.top : level.top + level.height, level.left : level.left + level.width] = copy
        return canvas

    def cells(self, probabilities: Tensor, least: float) -> tuple[Tensor, Tensor, Tensor]:
        """The cells of (B, rows, columns) that are within a level and at least so probable: picture, row, column."""
        within = torch.from_numpy(self.level_of >= 0).to(probabilities.device)
        picture, row, column = torch.nonzero((probabilities >= least) & within, as_tuple=True)
        return picture, row, column

    def corners(
        self, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """Of cells, (N,) each: their left and top pixels in their levels, (N, 2), and the scales of these, (N,)."""
        which = self.level_of[rows, columns]
        offsets = np.array([(level.left, level.top) for level in self.levels])[which]
        scales = np.array([level.scale for level in self.levels], np.float32)[which]
        return np.stack([columns, rows], axis=1) * STRIDE - offsets, scales


@lru_cache(maxsize=64)
def lay_out(height: int, width: int, min_face: int) -> Mosaic | None:
    """The levels on which P-Net finds faces of `min_face` pixels and more; None where the picture has room for none.

    They are put into columns, largest first: into the first column that has room, or a new one.
    """
    placed: list[Level] = []
    columns: list[_Column] = []
    for level in _pyramid(height, width, min_face):
        with_room = [column for column in columns if column.has_room(level, placed[0].height)]
        if not with_room:
            with_room = [_Column(_even(columns[-1].left + columns[-1].width) if columns else 0, level.width)]
            columns += with_room
        column = with_room[0]
        placed.append(replace(level, top=column.used, left=column.left))
        column.used = _even(column.used + level.height)
    if not placed:
        return None
    whole_width = columns[-1].left + columns[-1].width
    level_of = np.full((_cells(placed[0].height), _cells(whole_width)), NO_LEVEL, np.int16)
    for index, level in enumerate(placed):
        row, first = level.top // STRIDE, level.left // STRIDE
        level_of[row : row + _whole_cells(level.height), first : first + _whole_cells(level.width)] = index
    return Mosaic(placed[0].height, whole_width, tuple(placed), level_of)


def strips_of(canvas: Tensor, count: int) -> list[Tensor]:
    """A mosaic, (B, 3, H, W), in at most `count` strips whose rows of cells are together the mosaic's, each once."""
    height = canvas.shape[2]
    rows = _cells(height)
    ends = sorted({rows * part // count for part in range(count + 1)})
    return [canvas[:, :, STRIDE * first : min(STRIDE * (last - 1) + CELL, height)] for first, last in pairwise(ends)]


@dataclass
class _Column:
    left: int
    width: int
    used: int = 0

    def has_room(self, level: Level, height: int) -> bool:
        return level.width <= self.width and self.used + level.height <= height


def _pyramid(height: int, width: int, min_face: int) -> list[Level]:
    """From the level where `min_face` fills a cell to the smallest that has one."""
    levels = []
    scale = CELL / min_face
    while min(height, width) * scale >= CELL:
        levels.append(Level(ceil(height * scale), ceil(width * scale), scale))
        scale *= FACTOR
    return levels


def _even(length: int) -> int:
    return length + length % 2


def _whole_cells(length: int) -> int:
    """How many cells lie within so many pixels."""
    return (length - CELL) // STRIDE + 1


def _cells(length: int) -> int:
    """How many answers P-Net gives for so many pixels: of an odd number the last reaches a pixel over the end."""
    return (length - CELL + 1) // STRIDE + 1
