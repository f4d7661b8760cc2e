"""The plain head without features: a loft of horizontal ellipses that hair and headgear are laid over."""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

from faces.drawn_people.identity import Identity
from faces.drawn_people.mesh import Array

# Profiles over y (chin -1 to crown 1). At y the head's half width is WIDTH * s, and it reaches FRONT * s before and
# BACK * s behind the axis at z = AXIS, with s = sqrt(1 - y^2), which closes it at both ends.
_Y = np.array([-1.0, -0.92, -0.78, -0.5, -0.2, 0.0, 0.3, 0.6, 0.85, 1.0])
_WIDTH = np.array([1.02, 0.86, 0.78, 0.755, 0.735, 0.735, 0.785, 0.86, 0.93, 0.95])
_FRONT = np.array([0.80, 0.70, 0.62, 0.67, 0.74, 0.77, 0.86, 0.93, 0.96, 0.96])
_BACK = np.array([0.50, 0.50, 0.50, 0.60, 0.77, 0.83, 0.92, 0.95, 0.96, 0.95])
_AXIS = np.array([0.42, 0.385, 0.28, 0.13, 0.0, -0.07, -0.10, -0.10, -0.10, -0.10])


@dataclass(frozen=True, slots=True)
class Skull:
    """Where the head's surface is. polar runs from 0 (crown) to pi (chin), around from -pi to pi with 0 in front."""

    width: CubicSpline
    front: CubicSpline
    back: CubicSpline
    axis: CubicSpline
    chin: float  # y of the lowest point, below 0

    def height(self, polar: Array) -> Array:
        """y at a polar angle."""
        level = np.cos(polar)
        return np.where(level < 0, level * -self.chin, level).astype(np.float32)

    def half_width(self, y: Array | float) -> Array:
        """Half the width at a height between chin and crown."""
        level = self._level(np.asarray(y, np.float64))
        return np.asarray(self.width(level) * np.sqrt(np.clip(1 - level**2, 0, 1)), np.float32)

    def points(self, polar: Array, around: Array, *, grow: Array | float = 0.0) -> Array:
        """Points (..., 3) at two angles, which are broadcast, moved outwards by grow."""
        polar, around = np.broadcast_arrays(polar, around)
        y = self.height(polar)
        level = self._level(y)
        ring = np.sin(polar)
        depth = np.where(np.cos(around) > 0, self.front(level), self.back(level))
        x = self.width(level) * ring * np.sin(around)
        z = self.axis(level) + depth * ring * np.cos(around)
        points = np.stack([x, y, z], axis=-1).astype(np.float32)
        if np.isscalar(grow) and grow == 0:
            return points
        # the direction from the head's middle is close to the normal and, unlike it, never folds
        outward = points - np.stack([np.zeros_like(x), 0.35 * y, self.axis(level)], axis=-1)
        outward /= np.maximum(np.linalg.norm(outward, axis=-1, keepdims=True), 1e-6)
        return (points + np.asarray(grow, np.float32)[..., None] * outward).astype(np.float32)

    def _level(self, y: Array) -> Array:
        return np.clip(np.where(y < 0, y / -self.chin, y), -1, 1)


def build_skull(identity: Identity) -> Skull:
    """The head's plain form for a person: wide or narrow, with a strong or a pointed jaw, full or hollow cheeks."""
    width = _WIDTH * identity.head_width
    below = np.clip((-0.15 - _Y) / 0.55, 0, 1)
    width = width * (1 + 0.09 * identity.jaw * below + 0.05 * identity.cheeks * np.exp(-(((_Y + 0.5) / 0.22) ** 2)))
    width = width * (1 + 0.04 * identity.cheekbones * np.exp(-(((_Y + 0.12) / 0.2) ** 2)))
    width[:2] *= 1 + 0.16 * identity.chin_width
    return Skull(
        width=CubicSpline(_Y, width),
        front=CubicSpline(_Y, _FRONT),
        back=CubicSpline(_Y, _BACK),
        axis=CubicSpline(_Y, _AXIS),
        chin=-1.0 - identity.chin_length,
    )
