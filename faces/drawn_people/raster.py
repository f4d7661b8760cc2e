"""A z-buffer for small triangles, in numpy.

Every triangle is tried at the pixel centers of its own bounding square, all triangles of one size at once. Depth is
linear in the picture when it is given as 1 / distance. The nearest fragment of a pixel wins by a maximum over
(depth, triangle) keys.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

_CHUNK = 60_000  # pixel tests at a time: keeps the temporaries in cache
_SEAM = -2e-4  # neighbors overlap by a hair, so that rounding leaves no pinholes between them
_SQUARES = (1, 2, 3, 4, 5, 6, 8, 10, 13, 18, 24, 32, 64, 128)


@dataclass(frozen=True, slots=True)
class Fragments:
    """What is visible: one row a covered pixel.

    pixel (P,) index into the flattened picture, triangle (P,), weights (3, P) of its corners, adding up to 1.
    """

    pixel: npt.NDArray[np.int64]
    triangle: npt.NDArray[np.int64]
    weights: Floats


def rasterize(
    vertices: Floats,
    triangles: npt.NDArray[np.int32],
    cover: Floats,
    two_sided: npt.NDArray[np.bool_],
    *,
    width: int,
    height: int,
) -> Fragments:
    """Find the visible triangle of every pixel.

    vertices (V, 3): x and y in pixels (y down; the center of the first pixel is 0.5, 0.5) and a depth from 0 to 1 that
    grows towards the viewer. triangles (T, 3), counter-clockwise seen from in front. cover (V,): where its
    interpolation is negative the triangle is cut away. two_sided (T,): keep the triangle when it is seen from behind.
    """
    corners = [vertices[triangles[:, k]] for k in range(3)]
    area = _cross(corners[1] - corners[0], corners[2] - corners[0])
    # y points down in the picture, so a triangle that is counter-clockwise from outside has a negative area here
    kept = np.flatnonzero(np.where(two_sided, np.abs(area) > 1e-6, area < -1e-6))
    corners = [corner[kept] for corner in corners]
    covers = [cover[triangles[kept, k]] for k in range(3)]
    first = np.ceil(np.minimum.reduce(corners)[:, :2] - 0.5)
    last = np.floor(np.maximum.reduce(corners)[:, :2] - 0.5)
    hits = (last >= np.maximum(first, 0)) & (first < (width, height))
    some = np.flatnonzero(hits[:, 0] & hits[:, 1] & (np.maximum.reduce(covers) > 0))
    kept = kept[some]
    first = np.maximum(first[some], 0).astype(np.int64)
    last = np.minimum(last[some], (width - 1, height - 1)).astype(np.int64)
    covers = [value[some] for value in covers]
    planes = _planes([corner[some] for corner in corners], covers, area[kept])
    nearest = _nearest(planes, first, last, np.minimum.reduce(covers) < 0, width, height)
    return _visible(nearest, planes, kept, width)


def _cross(a: Floats, b: Floats) -> Floats:
    return np.asarray(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0], np.float32)


def _planes(corners: list[Floats], covers: list[Floats], area: Floats) -> Floats:
    """Coefficients (5, 3, T) of weight 0..2, depth and cover as affine functions of (x, y, 1)."""
    planes = np.empty((5, 3, len(area)), np.float32)
    x, y, depth = ([corner[:, axis].astype(np.float64) for corner in corners] for axis in range(3))
    scale = 1 / area.astype(np.float64)
    exact = np.empty((3, 3, len(area)))
    for k in range(3):
        i, j = (k + 1) % 3, (k + 2) % 3
        exact[k] = (y[i] - y[j]) * scale, (x[j] - x[i]) * scale, (x[i] * y[j] - x[j] * y[i]) * scale
    planes[:3] = exact
    planes[3] = sum(depth[k] * exact[k] for k in range(3))
    planes[4] = sum(covers[k] * exact[k] for k in range(3))
    return planes


def _nearest(
    planes: Floats,
    first: npt.NDArray[np.int64],
    last: npt.NDArray[np.int64],
    cut: npt.NDArray[np.bool_],
    width: int,
    height: int,
) -> npt.NDArray[np.uint64]:
    """For every pixel the key of its nearest fragment: depth in the upper half, triangle + 1 in the lower; or 0."""
    nearest = np.zeros(width * height, np.uint64)
    span = (last - first + 1).max(axis=1)
    smallest = 0
    for square in (*_SQUARES, max(width, height)):
        sized = (span > smallest) & (span <= square)
        smallest = square
        for is_cut in (False, True):
            chosen = np.flatnonzero(sized & (cut == is_cut))
            step = max(1, _CHUNK // (square * square))
            for start in range(0, len(chosen), step):
                some = chosen[start : start + step]
                _splat(nearest, some, planes[:, :, some], first[some], last[some], square, width, is_cut=is_cut)
    return nearest


def _splat(
    nearest: npt.NDArray[np.uint64],
    triangles: npt.NDArray[np.int64],
    planes: Floats,
    first: npt.NDArray[np.int64],
    last: npt.NDArray[np.int64],
    square: int,
    width: int,
    *,
    is_cut: bool,
) -> None:
    """Try some triangles at every pixel of their squares and keep the nearest in place."""
    offset = np.arange(square)
    columns, rows = first[:, :1] + offset, first[:, 1:] + offset  # (T, S)
    x, y = (columns + 0.5).astype(np.float32), (rows + 0.5).astype(np.float32)
    least = _affine(planes[0], x, y)
    for plane in planes[[1, 2, 4]] if is_cut else planes[1:3]:
        np.minimum(least, _affine(plane, x, y), out=least)
    inside = (least >= _SEAM) & (columns <= last[:, :1])[:, None, :] & (rows <= last[:, 1:])[:, :, None]
    hit = np.flatnonzero(inside)
    which = hit // (square * square)
    row, column = hit // square - which * square, hit % square
    across, down = first[which, 0] + column, first[which, 1] + row
    slope_x, slope_y, start = planes[3]
    depth = slope_x[which] * (across + np.float32(0.5)) + slope_y[which] * (down + np.float32(0.5)) + start[which]
    key = (np.clip(depth, 0, 1) * np.float32(2**31)).astype(np.uint64) << np.uint64(32)
    key |= triangles[which].astype(np.uint64) + np.uint64(1)
    np.maximum.at(nearest, down * width + across, key)


def _affine(plane: Floats, x: Floats, y: Floats) -> Floats:
    """Values (T, S, S) of functions with coefficients plane (3, T) at columns x (T, S) and rows y (T, S)."""
    slope_x, slope_y, start = plane[:, :, None]
    return np.asarray((slope_x * x)[:, None, :] + (slope_y * y + start)[:, :, None], np.float32)


def _visible(nearest: npt.NDArray[np.uint64], planes: Floats, kept: npt.NDArray[np.int64], width: int) -> Fragments:
    pixel = np.flatnonzero(nearest)
    triangle = (nearest[pixel] & np.uint64(0xFFFFFFFF)).astype(np.int64) - 1
    x = (pixel % width + 0.5).astype(np.float32)
    y = (pixel // width + 0.5).astype(np.float32)
    weights = [planes[k, 0][triangle] * x + planes[k, 1][triangle] * y + planes[k, 2][triangle] for k in range(2)]
    weights.append(1 - weights[0] - weights[1])
    return Fragments(pixel=pixel, triangle=kept[triangle], weights=np.stack(weights))
