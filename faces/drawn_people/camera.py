"""From the model frame to the picture."""

from dataclasses import dataclass

import numpy as np

from faces.drawn_people.mesh import Array

# the head turns about the top of the spine
PIVOT = np.array([0.0, -0.50, -0.22], np.float32)
CAMERA_DISTANCE = 7.5


@dataclass(frozen=True, slots=True)
class Pose:
    """Angles in degrees: yaw to the right of the picture, pitch upwards, roll clockwise in the picture."""

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0

    def part(self, share: float) -> "Pose":
        """A share of this turn: shoulders follow the head only a little."""
        return Pose(self.yaw * share, self.pitch * share, self.roll * share)

    def matrix(self) -> Array:
        """(3, 3) rotation of model vectors, applied as matrix @ vector."""
        yaw, pitch, roll = np.radians([self.yaw, self.pitch, self.roll])
        turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
        nod = np.array([[1, 0, 0], [0, np.cos(pitch), np.sin(pitch)], [0, -np.sin(pitch), np.cos(pitch)]])
        tilt = np.array([[np.cos(roll), np.sin(roll), 0], [-np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
        return np.asarray(tilt @ nod @ turn, np.float32)


@dataclass(frozen=True, slots=True)
class Framing:
    """Where the head stands.

    x and y of the model's origin in shares of the picture's sides (y down), the head's half height (size) in shares of
    the shorter side.
    """

    x: float = 0.5
    y: float = 0.46
    size: float = 0.27


def project(points: Array, framing: Framing, width: int, height: int) -> Array:
    """Points (V, 3) of the turned model to pixels and depth (V, 3).

    x to the right, y down, depth from 0 to 1 growing towards the viewer, linear in the picture along a plane.
    """
    nearness = CAMERA_DISTANCE / (CAMERA_DISTANCE - points[:, 2])
    unit = framing.size * min(width, height)
    x = framing.x * width + unit * points[:, 0] * nearness
    y = framing.y * height - unit * points[:, 1] * nearness
    return np.stack([x, y, 0.5 * nearness], axis=-1).astype(np.float32)
