"""Heads that look where a test says."""

import numpy as np
import numpy.typing as npt

from encoder.pose import HEAD


def turned_head(yaw: float, pitch: float, roll: float) -> npt.NDArray[np.float64]:
    """The five points of a head that is first tipped, then turned, then tilted, seen from far away."""
    y, p, r = np.radians([-yaw, -pitch, roll])  # right-handed about y (down) and x (right)
    about_x = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_z = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    points: npt.NDArray[np.float64] = (HEAD @ (about_z @ about_y @ about_x).T)[:, :2] * 54 + (200, 300)
    return points
