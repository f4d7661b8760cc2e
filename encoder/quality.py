"""How well a face can be recognized, and in words what is wrong with it. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from encoder.geometry import BoundingBox, FaceQuality, FloatArray, Landmarks
from encoder.images import Pixels

LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
"""ITU-R BT.601"""

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

# Contrast-normalized energy of the Laplacian, log10, that counts as sharpness 0 and as 1. Medians of 255 LFW faces are
# -1.5 as they are; -2.0, -2.4 and -2.7 after a Gaussian blur of 1, 2 and 3 pixels in the photo; -2.5 reduced to a
# sixth. The blur of 2 moves embeddings by a squared distance of 0.04 and that of 3 by 0.08, nearly half a usual tau.
BLURRED, CRISP = -3.0, -1.0


class QualityProblem(StrEnum):
    TOO_SMALL = "too_small"
    TOO_BLURRED = "too_blurred"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    TURNED_AWAY = "turned_away"


@dataclass(frozen=True)
class QualityLimits:
    """What a face needs in order to be recognized reliably; the units are those of `FaceQuality`."""

    min_size: float = 40.0
    min_sharpness: float = 0.25
    min_brightness: float = 0.15
    max_brightness: float = 0.9
    max_yaw: float = 50.0
    max_pitch: float = 40.0


DEFAULT_QUALITY_LIMITS = QualityLimits()


def quality_problems(
    quality: FaceQuality, limits: QualityLimits = DEFAULT_QUALITY_LIMITS
) -> tuple[QualityProblem, ...]:
    """What is wrong with a face, gravest first; empty where nothing is."""
    checks = {
        QualityProblem.TOO_SMALL: quality.size < limits.min_size,
        QualityProblem.TURNED_AWAY: abs(quality.yaw) > limits.max_yaw or abs(quality.pitch) > limits.max_pitch,
        QualityProblem.TOO_BLURRED: quality.sharpness < limits.min_sharpness,
        QualityProblem.TOO_DARK: quality.brightness < limits.min_brightness,
        QualityProblem.TOO_BRIGHT: quality.brightness > limits.max_brightness,
    }
    return tuple(problem for problem, found in checks.items() if found)


def assess(box: BoundingBox, landmarks: Landmarks, crop: Pixels) -> FaceQuality:
    """The quality of one face from its box and landmarks in the photo and its aligned crop, (S, S, 3) uint8."""
    luma = _inner(crop) @ LUMA  # (s, s), 0 to 255
    yaw, pitch, roll = head_pose(landmarks.as_array())
    size, sharpness, brightness = min(box.width, box.height), _sharpness(luma), float(luma.mean()) / 255
    return FaceQuality(
        size=size,
        sharpness=sharpness,
        brightness=brightness,
        yaw=yaw,
        pitch=pitch,
        roll=roll,
        score=_score(size, sharpness, brightness, yaw, pitch),
    )


def head_pose(landmarks: npt.ArrayLike) -> tuple[float, float, float]:
    """Yaw, pitch and roll in degrees (signs as in `FaceQuality`) of five points, (5, 2), seen from far away.

    The points are a scaled orthographic view of `HEAD`: q = s * R[:2] * p + t. A least-squares fit gives s * R[:2],
    the nearest two orthonormal rows give R, which is taken apart as roll * yaw * pitch about z, y and x.
    """
    points = np.asarray(landmarks, dtype=np.float64)
    points = points - points.mean(axis=0)
    head = HEAD - HEAD.mean(axis=0)
    projection = np.linalg.lstsq(head, points, rcond=None)[0].T  # (2, 3)
    u, _, v = np.linalg.svd(projection, full_matrices=False)
    right, down = u @ v
    away = np.cross(right, down)
    roll = np.arctan2(down[0], right[0])
    yaw = np.arcsin(np.clip(away[0], -1, 1))
    pitch = -np.arctan2(away[1], away[2])
    return float(np.degrees(yaw)), float(np.degrees(pitch)), float(np.degrees(roll))


def _inner(crop: Pixels) -> FloatArray:
    """The middle two thirds of each side: the face without its surroundings."""
    margin = len(crop) // 6
    return crop[margin : len(crop) - margin, margin : len(crop) - margin].astype(np.float32)


def _sharpness(luma: FloatArray) -> float:
    """0 to 1 from the energy of the Laplacian (Pech-Pacheco et al. 2000), in shares of the picture's own variance."""
    center = luma[1:-1, 1:-1]
    laplacian = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:] - 4 * center
    variance = float(luma.var())
    if variance < 1.0:
        return 0.0  # less than the rounding to whole values makes: nothing to be seen
    energy = max(float(laplacian.var()) / variance, 1e-12)
    return float(np.clip((np.log10(energy) - BLURRED) / (CRISP - BLURRED), 0, 1))


def _score(size: float, sharpness: float, brightness: float, yaw: float, pitch: float) -> float:
    """A product: a face is as good as its worst property allows."""
    light = np.interp(brightness, (0.05, 0.25, 0.75, 0.95), (0.0, 1.0, 1.0, 0.0))
    frontal = max(np.cos(np.radians(yaw)), 0.0) * max(np.cos(np.radians(pitch)), 0.0)
    return float(min(size / 80, 1.0) * (0.25 + 0.75 * sharpness) * light * frontal)
