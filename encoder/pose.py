"""Where a head looks, from five landmarks. Torch-free."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

# The five points of a frontal face in units of the distance between the eyes: x right, y down, z away from the viewer.
# x and y are those of the factory encoder's alignment, so such a face has yaw, pitch and roll 0; z is anatomy.
HEAD = np.array(
    [
        (-0.498, -0.558, 0.0),
        (0.502, -0.555, 0.0),
        (0.002, 0.040, -0.5),
        (-0.440, 0.542, -0.1),
        (0.435, 0.546, -0.1),
    ]
)
_SOLVE = np.linalg.pinv(HEAD - HEAD.mean(axis=0))  # (3, 5)


def head_poses(landmarks: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Yaw, pitch and roll in degrees (signs as in `FaceQuality`) of B faces seen from far away: (B, 5, 2) to (B, 3).

    The points are a scaled orthographic view of `HEAD`: q = s * R[:2] * p + t. A least-squares fit gives s * R[:2],
    the nearest two orthonormal rows give R, which is taken apart as roll * yaw * pitch about z, y and x.
    """
    points = np.asarray(landmarks, dtype=np.float64)
    points = points - points.mean(axis=1, keepdims=True)
    projections = (_SOLVE @ points).transpose(0, 2, 1)  # (B, 2, 3)
    u, _, v = np.linalg.svd(projections, full_matrices=False)
    rotations = u @ v
    right, down = rotations[:, 0], rotations[:, 1]
    away = np.cross(right, down)
    roll = np.arctan2(down[:, 0], right[:, 0])
    yaw = np.arcsin(np.clip(away[:, 0], -1, 1))
    pitch = -np.arctan2(away[:, 1], away[:, 2])
    angles: npt.NDArray[np.float64] = np.degrees(np.stack([yaw, pitch, roll], axis=1))
    return angles
