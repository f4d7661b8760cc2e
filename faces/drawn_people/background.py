"""Calm walls behind the people: a wash of color, and sometimes a window's light, a horizon or a few soft shapes."""

from enum import Enum

import numpy as np

from faces.drawn_people.mesh import Array
from faces.drawn_people.palette import Color


class Wall(Enum):
    WASH = "wash"
    HALO = "halo"
    WINDOW = "window"
    HORIZON = "horizon"
    LEAVES = "leaves"


def paint_background(wall: Wall, color: Color, width: int, height: int, rng: np.random.Generator) -> Array:
    """A background (height, width, 3) of shares."""
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    slope = rng.uniform(-0.09, 0.09, 2).astype(np.float32)
    tone = 1 + slope[0] * x + slope[1] * y - 0.07 * (x**2 + y**2)
    match wall:
        case Wall.WASH:
            tone = tone + 0.025 * np.sin(2.1 * x + rng.uniform(0, 6)) * np.sin(1.7 * y + rng.uniform(0, 6))
        case Wall.HALO:
            radius = np.hypot(x - rng.uniform(-0.1, 0.1), y + 0.1)
            tone = tone + 0.07 * _edge(rng.uniform(0.72, 0.86) - radius, 0.012)
        case Wall.WINDOW:
            lean = x + 0.35 * y + rng.uniform(-0.6, 0.6)
            panes = _edge(0.30 - np.abs(lean), 0.05) + _edge(0.16 - np.abs(lean - 0.62), 0.05)
            tone = tone + 0.08 * panes
        case Wall.HORIZON:
            tone = tone - 0.11 * _edge(y - rng.uniform(0.15, 0.5) + 0.02 * np.sin(3 * x), 0.012)
        case Wall.LEAVES:
            tone = tone + _leaves(x, y, rng)
    warm = np.array([1.0, 1.0, 1.0], np.float32) + 0.03 * (tone[..., None] - 1) * np.array([1, 0, -1], np.float32)
    return np.asarray(np.clip(np.array(color, np.float32) * tone[..., None] * warm, 0, 1), np.float32)


def _edge(value: Array, width: float) -> Array:
    return np.asarray(np.clip(0.5 + value / (2 * width), 0, 1), np.float32)


def _leaves(x: Array, y: Array, rng: np.random.Generator) -> Array:
    tone = np.zeros(np.broadcast_shapes(x.shape, y.shape), np.float32)
    for _ in range(7):
        side = 1 if rng.random() < 0.5 else -1
        cx, cy, turn = side * rng.uniform(0.5, 1.05), rng.uniform(-1, 1), rng.uniform(0, np.pi)
        u = (x - cx) * np.cos(turn) + (y - cy) * np.sin(turn)
        v = -(x - cx) * np.sin(turn) + (y - cy) * np.cos(turn)
        long = rng.uniform(0.18, 0.34)
        leaf = 1 - (u / long) ** 2 - np.abs(v) / (0.36 * long)
        tone += 0.045 * rng.choice([-1, 1]) * _edge(leaf, 0.05)
    return tone
