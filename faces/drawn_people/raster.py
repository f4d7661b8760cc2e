"""A z-buffer for small triangles, in numpy.

Every triangle is tried at the pixel centers of its own bounding square, all triangles of one size at once; depth is linear in
the picture when it is given as 1 / distance. The nearest fragment of a pixel wins by a maximum over (depth, triangle) keys.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

_CHUNK = 400_000  # pixel tests at a time: keeps the temporaries in cache
_SQUARES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64, 128, 256, 512, 1024)


@dataclass(frozen=True, slots=True)
class Fragments:
    """What is visible: one row a covered pixel.

    pixel (P,) index into the flattened picture, triangle (P,), weights (P, 3) barycentric weights of the triangle's corners.
    """

    pixel: npt.NDArray[np.int64]
    triangle: npt.NDArray[np.int64]
    weights: Floats


def rasterize(
    corners: Floats, cover: Floats, two_sided: npt.NDArray[np.bool_], *, width: int, height: int
) -> Fragments:
    """Find the visible triangle of every pixel.

    corners (T, 3, 3): x and y in pixels (y down; the center of the first pixel is 0.5, 0.5) and a depth from 0 to 1 that grows
    towards the viewer. cover (T, 3): where its interpolation is negative the triangle is cut away. two_sided (T,): keep the
    triangle when it is seen from behind.
    """
    planes, keep = _planes(corners, cover, two_sided)
    first = np.maximum(np.ceil(corners[:, :, :2].min(axis=1) - 0.5), 0).astype(np.int64)
    last = np.floor(corners[:, :, :2].max(axis=1) - 0.5).astype(np.int64)
    last = np.minimum(last, np.array([width - 1, height - 1]))
    span = (last - first + 1).max(axis=1)
    keep &= ((last - first) >= 0).all(axis=1)
    cut = (cover < 0).any(axis=1)

    nearest = np.zeros(width * height, np.uint64)
    smallest = 0
    for square in _SQUARES:
        sized = keep & (span > smallest) & (span <= square)
        smallest = square
        for is_cut in (False, True):
            chosen = np.flatnonzero(sized & (cut == is_cut))
            step = max(1, _CHUNK // (square * square))
            for start in range(0, len(chosen), step):
                some = chosen[start : start + step]
                _splat(nearest, some, planes[some], first[some], last[some], square, width, is_cut)
    return _visible(nearest, planes, width)


def _planes(
    corners: Floats, cover: Floats, two_sided: npt.NDArray[np.bool_]
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Coefficients (T, 5, 3) of weight 0..2, depth and cover as affine functions of (x, y, 1), and which triangles face us."""
    x, y = corners[:, :, 0].astype(np.float64), corners[:, :, 1].astype(np.float64)
    area = (x[:, 1] - x[:, 0]) * (y[:, 2] - y[:, 0]) - (x[:, 2] - x[:, 0]) * (y[:, 1] - y[:, 0])
    # y points down in the picture, so a triangle that is counter-clockwise from outside has a negative area here
    keep = np.where(two_sided, np.abs(area) > 1e-7, area < -1e-7) & (cover > 0).any(axis=1)
    scale = 1 / np.where(np.abs(area) > 1e-7, area, 1)
    planes = np.empty((len(corners), 5, 3))
    for k in range(3):
        i, j = (k + 1) % 3, (k + 2) % 3
        planes[:, k, 0] = (y[:, i] - y[:, j]) * scale
        planes[:, k, 1] = (x[:, j] - x[:, i]) * scale
        planes[:, k, 2] = (x[:, i] * y[:, j] - x[:, j] * y[:, i]) * scale
    planes[:, 3] = np.einsum("tk,tkc->tc", corners[:, :, 2], planes[:, :3])
    planes[:, 4] = np.einsum("tk,tkc->tc", cover, planes[:, :3])
    return planes.astype(np.float32), keep


def _splat(
    nearest: npt.NDArray[np.uint64],
    triangles: npt.NDArray[np.int64],
    planes: Floats,
    first: npt.NDArray[np.int64],
    last: npt.NDArray[np.int64],
    square: int,
    width: int,
    is_cut: bool,
) -> None:
    """Try some triangles at every pixel of their squares and keep the nearest in place."""
    offset = np.arange(square)
    columns, rows = first[:, :1] + offset, first[:, 1:] + offset  # (T, S)
    x, y = (columns + 0.5).astype(np.float32), (rows + 0.5).astype(np.float32)
    inside = ((columns <= last[:, :1])[:, None, :]) & ((rows <= last[:, 1:])[:, :, None])  # (T, S, S)
    for k in (0, 1, 2, 4) if is_cut else (0, 1, 2):
        value = (planes[:, k, 0, None] * x)[:, None, :] + (planes[:, k, 1, None] * y + planes[:, k, 2, None])[
            :, :, None
        ]
        inside &= value >= 0
    which, row, column = np.nonzero(inside)
    depth = planes[which, 3, 0] * x[which, column] + planes[which, 3, 1] * y[which, row] + planes[which, 3, 2]
    key = (np.clip(depth, 0, 1) * np.float32(2**31)).astype(np.uint64) << np.uint64(32)
    key |= triangles[which].astype(np.uint64) + np.uint64(1)
    np.maximum.at(nearest, rows[which, row] * width + columns[which, column], key)


def _visible(nearest: npt.NDArray[np.uint64], planes: Floats, width: int) -> Fragments:
    pixel = np.flatnonzero(nearest)
    triangle = (nearest[pixel] & np.uint64(0xFFFFFFFF)).astype(np.int64) - 1
    x = (pixel % width + 0.5).astype(np.float32)
    y = (pixel // width + 0.5).astype(np.float32)
    of = planes[triangle, :3]  # (P, 3, 3)
    weights = of[:, :, 0] * x[:, None] + of[:, :, 1] * y[:, None] + of[:, :, 2]
    return Fragments(pixel=pixel, triangle=triangle, weights=weights)
