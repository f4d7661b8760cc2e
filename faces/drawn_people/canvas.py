"""A picture in model coordinates that is painted window by window."""

import numpy as np
import numpy.typing as npt

from faces.drawn_people.mesh import Array
from faces.drawn_people.palette import Color


class Canvas:
    """RGB shares over a rectangle of the face's plane; x to the right, y up."""

    def __init__(self, *, left: float, right: float, bottom: float, top: float, scale: float, color: Color) -> None:
        """scale: pixels a unit."""
        self.left, self.top, self.scale = left, top, scale
        self.columns, self.rows = round((right - left) * scale), round((top - bottom) * scale)
        self.colors: Array = np.empty((self.rows, self.columns, 3), np.float32)
        self.colors[:] = color

    def window(self, left: float, right: float, bottom: float, top: float) -> "Window":
        """The part of the canvas between these coordinates."""
        first = max(int((left - self.left) * self.scale), 0), max(int((self.top - top) * self.scale), 0)
        last = int((right - self.left) * self.scale) + 1, int((self.top - bottom) * self.scale) + 1
        return Window(self, slice(first[1], min(last[1], self.rows)), slice(first[0], min(last[0], self.columns)))

    def side_window(self, side: int, inner: float, outer: float, bottom: float, top: float) -> "Window":
        """The part on one side of the face (-1 left, 1 right) between these distances from the middle."""
        left, right = sorted((side * inner, side * outer))
        return self.window(left, right, bottom, top)

    def sample(self, x: Array, y: Array) -> Array:
        """Colors (n, 3) at points (n,), bilinear; beyond the edge the edge's color."""
        column = np.clip((x - self.left) * self.scale - 0.5, 0, self.columns - 1.001)
        row = np.clip((self.top - y) * self.scale - 0.5, 0, self.rows - 1.001)
        j, i = column.astype(np.int32), row.astype(np.int32)
        s, t = (column - j)[:, None], (row - i)[:, None]
        flat, at = self.colors.reshape(-1, 3), i * self.columns + j
        upper = flat[at] * (1 - s) + flat[at + 1] * s
        lower = flat[at + self.columns] * (1 - s) + flat[at + self.columns + 1] * s
        return np.asarray(upper * (1 - t) + lower * t, np.float32)


class Window:
    """A part of a canvas with the coordinates of its pixels: x (1, columns), y (rows, 1)."""

    def __init__(self, canvas: Canvas, rows: slice, columns: slice) -> None:
        self.colors = canvas.colors[rows, columns]
        across = np.arange(columns.start, columns.stop, dtype=np.float32)[None, :] + 0.5
        down = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None] + 0.5
        self.x: Array = canvas.left + across / canvas.scale
        self.y: Array = canvas.top - down / canvas.scale

    def mix(self, share: Array, color: Color | Array) -> None:
        """Lay a color over the window; share (rows, columns) from 0 (nothing) to 1 (covered)."""
        self.colors += share[..., None] * (np.asarray(color, np.float32) - self.colors)

    def shade(self, share: Array, factor: Color) -> None:
        """Multiply by a color where share is 1."""
        self.colors *= 1 + share[..., None] * (np.asarray(factor, np.float32) - 1)


def inside(distance: Array, edge: float = 0.006) -> npt.NDArray[np.float32]:
    """1 where a signed distance is negative, 0 where it is positive, a ramp of this half width between."""
    return np.asarray(np.clip(0.5 - distance / (2 * edge), 0, 1), np.float32)


def spot(window: Window, center: tuple[float, float], size: tuple[float, float]) -> Array:
    """A soft spot: a Gaussian of these two widths."""
    across = np.exp(-(((window.x - center[0]) / size[0]) ** 2))
    down = np.exp(-(((window.y - center[1]) / size[1]) ** 2))
    return np.asarray(down * across, np.float32)


def stroke(window: Window, points: Array, thickness: float, *, edge: float = 0.006) -> Array:
    """A tapering brush line through points (n, 2): its share (rows, columns), thickest in the middle."""
    nearest = np.full((len(window.y), window.x.shape[1]), np.inf, np.float32)
    along = np.linspace(0, 1, len(points), dtype=np.float32)
    points = points.astype(np.float32)
    for k in range(len(points) - 1):
        start, step = points[k], points[k + 1] - points[k]
        t = np.clip(((window.x - start[0]) * step[0] + (window.y - start[1]) * step[1]) / max(step @ step, 1e-9), 0, 1)
        gap = np.hypot(window.x - start[0] - t * step[0], window.y - start[1] - t * step[1])
        where = along[k] + t / (len(points) - 1)
        nearest = np.minimum(nearest, gap - 0.5 * thickness * np.sin(np.pi * np.clip(where, 0.03, 0.97)) ** 0.6)
    return inside(nearest, edge)
