"""The colors of the drawing, as RGB shares from 0 to 1: warm skins, muted cloth, calm walls, ink that is not black."""

from typing import TypeAlias

import numpy as np

Color: TypeAlias = tuple[float, float, float]

# from the lightest skin to the darkest
_SKIN_STEPS = np.array(
    [
        (0.99, 0.86, 0.76),
        (0.97, 0.79, 0.66),
        (0.91, 0.69, 0.53),
        (0.80, 0.57, 0.41),
        (0.66, 0.44, 0.31),
        (0.53, 0.34, 0.24),
        (0.42, 0.27, 0.20),
    ]
)

# the first three are the dark ones
HAIR_COLORS: tuple[Color, ...] = (
    (0.13, 0.11, 0.13),
    (0.22, 0.15, 0.13),
    (0.33, 0.21, 0.15),
    (0.48, 0.31, 0.19),
    (0.66, 0.47, 0.27),
    (0.87, 0.70, 0.42),
    (0.72, 0.33, 0.16),
    (0.52, 0.19, 0.13),
)
GREY_HAIR: Color = (0.82, 0.80, 0.76)

# the first three are the dark ones
IRIS_COLORS: tuple[Color, ...] = (
    (0.30, 0.18, 0.11),
    (0.20, 0.13, 0.10),
    (0.44, 0.28, 0.13),
    (0.31, 0.49, 0.62),
    (0.37, 0.50, 0.30),
    (0.45, 0.53, 0.56),
)

CLOTH_COLORS: tuple[Color, ...] = (
    (0.25, 0.34, 0.47),
    (0.71, 0.36, 0.30),
    (0.86, 0.71, 0.42),
    (0.38, 0.49, 0.42),
    (0.90, 0.87, 0.80),
    (0.32, 0.30, 0.35),
    (0.55, 0.38, 0.47),
    (0.43, 0.60, 0.65),
    (0.79, 0.55, 0.44),
    (0.61, 0.65, 0.50),
    (0.83, 0.66, 0.66),
    (0.46, 0.29, 0.25),
)

WALL_COLORS: tuple[Color, ...] = (
    (0.80, 0.85, 0.84),
    (0.89, 0.83, 0.73),
    (0.71, 0.78, 0.83),
    (0.83, 0.77, 0.78),
    (0.74, 0.80, 0.71),
    (0.86, 0.86, 0.84),
    (0.64, 0.70, 0.74),
    (0.79, 0.72, 0.64),
    (0.68, 0.66, 0.74),
    (0.87, 0.78, 0.70),
)

INK: Color = (0.20, 0.13, 0.16)
SHADOW: Color = (0.66, 0.56, 0.66)
GOLD: Color = (0.88, 0.72, 0.36)


def skin_color(tone: float, rng: np.random.Generator) -> Color:
    """The skin at a tone from 0 (lightest) to 1 (darkest), a little warmer or cooler by lot."""
    at = tone * (len(_SKIN_STEPS) - 1)
    color = np.array([np.interp(at, np.arange(len(_SKIN_STEPS)), _SKIN_STEPS[:, k]) for k in range(3)])
    warmth = rng.normal(0, 0.018)
    color = np.clip(color + np.array([0.4, 0.0, -1.0]) * warmth, 0, 1)
    return float(color[0]), float(color[1]), float(color[2])
