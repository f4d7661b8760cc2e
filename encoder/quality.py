"""How well a face can be recognized, and what is wrong with it. Torch-free.

`benchmarks/quality.py` measures what the score is worth, and `--fit` there finds the numbers of `SCORE`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from encoder.geometry import DetectedFace, FaceQuality, FloatArray
from encoder.images import Pixels
from encoder.pose import head_poses
from encoder.spec import Template

LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
"""ITU-R BT.601"""

FACES_AT_ONCE = 32
"""Their pixels as floats stay in a core's cache."""

# The face without its surroundings: a square about the middle of the five points, cut into cells, so that detail is
# measured at the same scale whatever the crop's size. 48 cells are about 2 pixels each of the factory encoder's crop.
CELLS = 48
HALF_SIDE = 0.887
"""Of the square, in distances between the eyes."""

# Energy of the Laplacian (Pech-Pacheco et al. 2000) over pairs of cells in shares of their variance, log10, that counts
# as sharpness 0 and 1. LFW faces lie at 0.1 or over (1 % below -0.4); -0.4 when reduced to 20 pixels; -0.7 and -1.2
# after a Gaussian blur of 3 and 5 % of the face's size.
BLURRED, CRISP = -1.5, 0.1


class QualityProblem(StrEnum):
    TOO_SMALL = "too_small"
    TOO_BLURRED = "too_blurred"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    TURNED_AWAY = "turned_away"
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class QualityLimits:
    """What a face needs in order to serve in searches; the units are those of `FaceQuality`.

    `min_score` keeps out what fails in one of three comparisons with good photos of the same person at an FMR of 1e-3;
    it was 33 % of comparisons for scores from 0.65 to 0.7 and 5.7 % for LFW as it is. The others are for what is beyond
    doubt: 36 % failed at 18 to 20 pixels, 47 % at sharpness 0.4 to 0.5, 43 % at 50 to 55 degrees of yaw, 29 % at a
    brightness of 0.9 to 0.95 and 47 % over it; and faces darker than 0.08 match strangers as dark some 20 times as
    often as they should. Measured on LFW and degraded copies of it with
    `python -m benchmarks.quality ../shared/data/lfw --bins`; few of its faces look up or down by more than 40 degrees.
    """

    min_size: float = 20.0
    min_sharpness: float = 0.5
    min_brightness: float = 0.08
    max_brightness: float = 0.9
    max_yaw: float = 50.0
    max_pitch: float = 40.0
    min_score: float = 0.7


DEFAULT_QUALITY_LIMITS = QualityLimits()

SUSPECT = QualityLimits(
    min_size=40.0, min_sharpness=0.8, min_brightness=0.15, max_brightness=0.75, max_yaw=38.0, max_pitch=30.0
)
"""Where a property begins to cost matches: what lies beyond is named as the cause of a score that is too low."""


def quality_problems(
    quality: FaceQuality, limits: QualityLimits = DEFAULT_QUALITY_LIMITS
) -> tuple[QualityProblem, ...]:
    """What keeps a face out of searches, gravest first; empty where nothing does.

    Where only the score is too low, its most probable cause is named; `UNCLEAR` stands for what no single property
    shows, such as a covered face or a grainy picture.
    """
    problems = _beyond(quality, limits)
    if problems or quality.score >= limits.min_score:
        return problems
    return _beyond(quality, SUSPECT)[:1] or (QualityProblem.UNCLEAR,)


def _beyond(quality: FaceQuality, limits: QualityLimits) -> tuple[QualityProblem, ...]:
    checks = {
        QualityProblem.TOO_SMALL: quality.size < limits.min_size,
        QualityProblem.TURNED_AWAY: abs(quality.yaw) > limits.max_yaw or abs(quality.pitch) > limits.max_pitch,
        QualityProblem.TOO_BLURRED: quality.sharpness < limits.min_sharpness,
        QualityProblem.TOO_DARK: quality.brightness < limits.min_brightness,
        QualityProblem.TOO_BRIGHT: quality.brightness > limits.max_brightness,
    }
    return tuple(problem for problem, found in checks.items() if found)


@dataclass(frozen=True)
class Weaknesses:
    """What makes a face hard to recognize, each (B,) and 0 where nothing is to be feared; the terms of the score.

    Attributes:
        blur: how far sharpness falls short of 1.
        grain: how much more of the detail is finer than a face has any, as noise and strong compression are; decades.
        bright: mean luma over 0.65, in tenths.
        turn: yaw over 38 and pitch over 30 degrees together, in tens of degrees.
        doubt: the detector's own: decades of 1 - detection score over 0.0001.
        disagreement: of the embeddings of the face's several views, decades over what clear faces have.
    """

    blur: npt.NDArray[np.float64]
    grain: npt.NDArray[np.float64]
    bright: npt.NDArray[np.float64]
    turn: npt.NDArray[np.float64]
    doubt: npt.NDArray[np.float64]
    disagreement: npt.NDArray[np.float64]

    def as_array(self) -> npt.NDArray[np.float64]:
        """(B, 6), in the order of the attributes."""
        return np.stack([getattr(self, field.name) for field in fields(self)], axis=1)


SCORE_OFFSET = 3.79
SCORE_WEIGHTS = (4.43, 5.22, 0.25, 0.15, 0.72, 3.41)


def score(weaknesses: Weaknesses) -> npt.NDArray[np.float64]:
    """The share of comparisons with good photos of the same person that match at an FMR of 1e-3, expected: (B,)."""
    odds_against: npt.NDArray[np.float64] = np.exp(weaknesses.as_array() @ np.array(SCORE_WEIGHTS) - SCORE_OFFSET)
    return 1 / (1 + odds_against)


@dataclass(frozen=True)
class Assessment:
    """What was measured of B faces, each (B,) float64; the units are those of `FaceQuality`."""

    size: npt.NDArray[np.float64]
    sharpness: npt.NDArray[np.float64]
    brightness: npt.NDArray[np.float64]
    yaw: npt.NDArray[np.float64]
    pitch: npt.NDArray[np.float64]
    roll: npt.NDArray[np.float64]
    weaknesses: Weaknesses

    def qualities(self) -> list[FaceQuality]:
        columns = (self.size, self.sharpness, self.brightness, self.yaw, self.pitch, self.roll, score(self.weaknesses))
        return [FaceQuality(*row) for row in np.stack(columns, axis=1).tolist()]


TYPICAL_AGREEMENT = 0.9946
"""The median of LFW; stands where an embedding was made of one view only."""


def assess(
    faces: Sequence[DetectedFace], crops: Pixels, alignment: Template, agreement: FloatArray | None = None
) -> list[FaceQuality]:
    """The quality of each face.

    Args:
        faces: B faces as they were detected.
        crops: (B, S, S, 3) uint8, these faces aligned.
        alignment: where the five landmarks lie in the crops.
        agreement: (B,) how well the embeddings of a face's views (the face and its mirror image, for one) agree: the
            length of the mean of these unit vectors, 1 where all are the same. A face whose views disagree is one that
            the network is not sure of, as in Terhörst et al. 2020, "SER-FIQ", https://arxiv.org/abs/2003.09373.
    """
    return measure(faces, crops, alignment, agreement).qualities()


def measure(
    faces: Sequence[DetectedFace], crops: Pixels, alignment: Template, agreement: FloatArray | None = None
) -> Assessment:
    """`assess` with the terms of the score."""
    points = np.array([face.landmarks.as_array() for face in faces], np.float64).reshape(-1, 5, 2)
    yaw, pitch, roll = head_poses(points).T
    size = np.array([min(face.box.width, face.box.height) for face in faces], np.float64)
    detection = np.array([face.detection_score for face in faces], np.float64)
    brightness, sharpness, grain = _light_and_detail(crops, alignment)
    agreeing = np.full(len(faces), TYPICAL_AGREEMENT) if agreement is None else np.asarray(agreement, np.float64)
    spread = np.clip(1 - agreeing**2, 0, 1)  # the mean squared distance of the views from their mean
    weaknesses = Weaknesses(
        blur=1 - sharpness,
        grain=grain,
        bright=_over(brightness, 0.65) * 10,
        turn=(_over(abs(yaw), 38) + _over(abs(pitch), 30)) / 10,
        doubt=np.log10(np.clip(1 - detection, 1e-4, 1)) + 4,
        disagreement=_over(np.log10(spread + 1.25e-3), np.log10(7.5e-3)),
    )
    return Assessment(size, sharpness, brightness, yaw, pitch, roll, weaknesses)


def _over(values: npt.NDArray[np.float64], threshold: float) -> npt.NDArray[np.float64]:
    return np.maximum(values - threshold, 0)


def _light_and_detail(
    crops: Pixels, alignment: Template
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Brightness, sharpness (both as in `FaceQuality`) and grain (as in `Weaknesses`), (B,) each."""
    parts = [
        _statistics(_cells(crops[start : start + FACES_AT_ONCE], alignment))
        for start in range(0, len(crops), FACES_AT_ONCE)
    ]
    mean, variance, fine, coarse = np.concatenate([np.empty((0, 4)), *parts]).T
    is_flat = variance < 1.0  # less than the rounding to whole values makes: nothing to be seen
    detail = np.log10(np.maximum(coarse, 1e-2)) - np.log10(np.maximum(variance, 1.0))
    sharpness = np.where(is_flat, 0.0, np.clip((detail - BLURRED) / (CRISP - BLURRED), 0, 1))
    finer = np.log10(np.maximum(fine, 1e-2)) - np.log10(np.maximum(coarse, 1e-2))
    return mean / 255, sharpness, np.where(is_flat, 0.0, _over(finer, -0.45))


def _statistics(cells: FloatArray) -> npt.NDArray[np.float64]:
    """Of (B, N, N) cells: mean, and over squares of four cells variance; Laplacian energy of cells and of squares."""
    squares = cells.reshape(len(cells), CELLS // 2, 2, CELLS // 2, 2).mean(axis=(2, 4))
    columns = (squares.mean(axis=(1, 2)), squares.var(axis=(1, 2)), _detail(cells), _detail(squares))
    return np.stack(columns, axis=1).astype(np.float64)


def _detail(luma: FloatArray) -> FloatArray:
    """(B,) the variance of the Laplacian of (B, N, N)."""
    sides = luma[:, :-2, 1:-1] + luma[:, 2:, 1:-1] + luma[:, 1:-1, :-2] + luma[:, 1:-1, 2:]
    energy: FloatArray = (sides - 4 * luma[:, 1:-1, 1:-1]).var(axis=(1, 2))
    return energy


def _cells(crops: Pixels, alignment: Template) -> FloatArray:
    """Mean luma of the cells of each face, (B, CELLS, CELLS), 0 to 255."""
    rows, columns, top, left = _cell_weights(alignment, crops.shape[1])
    window = crops[:, top : top + rows.shape[1], left : left + columns.shape[1]]
    cells: FloatArray = rows @ (window.astype(np.float32) @ LUMA) @ columns.T
    return cells


@lru_cache
def _cell_weights(alignment: Template, size: int) -> tuple[FloatArray, FloatArray, int, int]:
    """Shares of pixels in cells, (CELLS, h) and (CELLS, w), of the window of the crop that starts at (top, left)."""
    points = np.array(alignment)
    center, half = points.mean(axis=0), HALF_SIDE * float(np.hypot(*(points[1] - points[0])))
    starts, weights = [], []
    for middle in center:
        edges = np.linspace(max(middle - half, 0), min(middle + half, size), CELLS + 1)
        start, end = int(edges[0]), int(np.ceil(edges[-1]))
        pixels = np.arange(start, end)
        shared = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
        weights.append((np.clip(shared, 0, None) / np.diff(edges)[:, None]).astype(np.float32))
        starts.append(start)
    return weights[1], weights[0], starts[1], starts[0]
