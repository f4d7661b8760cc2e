"""The values that the encoder hands out.

Coordinate frame, everywhere: pixels of the EXIF-turned photo, origin at its top left corner, x to the right, y down.
A pixel covers a square, so the center of the top left one is at (0.5, 0.5) and a photo spans [0, width] x [0, height].
"Left" is left in the picture, not the person's own left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.float32]

LANDMARK_COUNT = 5


@dataclass(frozen=True, slots=True)
class Point:
    """A point in pixels of the photo."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class BoundingBox:
    """An axis-parallel box in pixels of the photo; `right` and `bottom` are where it ends (width = right - left)."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def area(self) -> float:
        """Square pixels; 0 for a box that is turned inside out."""
        return max(self.width, 0.0) * max(self.height, 0.0)

    @property
    def center(self) -> Point:
        return Point((self.left + self.right) / 2, (self.top + self.bottom) / 2)


@dataclass(frozen=True, slots=True)
class Landmarks:
    """Five points of a face, in pixels of the photo."""

    left_eye: Point
    right_eye: Point
    nose: Point
    mouth_left: Point
    mouth_right: Point

    def as_array(self) -> FloatArray:
        """The points in the order of the fields: (5, 2) float32, columns x and y."""
        points = (self.left_eye, self.right_eye, self.nose, self.mouth_left, self.mouth_right)
        return np.array([(point.x, point.y) for point in points], dtype=np.float32)

    @classmethod
    def from_array(cls, points: npt.ArrayLike) -> Landmarks:
        """The inverse of `as_array`. Raises ValueError unless `points` has the shape (5, 2)."""
        rows = np.asarray(points, dtype=np.float64)
        if rows.shape != (LANDMARK_COUNT, 2):
            raise ValueError(f"Landmarks need an array of shape (5, 2), but this one has the shape {rows.shape}.")
        return cls(*(Point(float(x), float(y)) for x, y in rows))


@dataclass(frozen=True, slots=True)
class DetectedFace:
    """A face as the detector saw it; `detection_score` is 0 to 1. The box lies within the photo."""

    box: BoundingBox
    landmarks: Landmarks
    detection_score: float


@dataclass(frozen=True, slots=True)
class FaceQuality:
    """How well a face can be recognized.

    Attributes:
        size: the shorter side of the box in pixels of the photo.
        sharpness: 0 (blurred) to 1 (crisp), of the aligned face; a face of few pixels is never crisp.
        brightness: 0 (black) to 1 (white), the mean luma of the aligned face.
        yaw: degrees; positive where the face looks towards the right edge of the picture.
        pitch: degrees; positive where the face looks up.
        roll: degrees; positive where the head is tilted clockwise in the picture.
        score: 0 to 1, bigger is better: the share of comparisons with good photos of the same person that are expected
            to match at an FMR of 1e-3. Besides the above it knows how sure the detector was, how grainy the face is,
            and how well the embeddings of its views agree.
    """

    size: float
    sharpness: float
    brightness: float
    yaw: float
    pitch: float
    roll: float
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class EncodedFace:
    """A face with its embedding: (dimension,) float32 of unit length."""

    box: BoundingBox
    landmarks: Landmarks
    detection_score: float
    quality: FaceQuality
    embedding: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class EncodedPhoto:
    """What the encoder found in a photo of `width` x `height` pixels; faces ordered by area, largest first."""

    width: int
    height: int
    faces: tuple[EncodedFace, ...]


def main_face(photo: EncodedPhoto) -> EncodedFace | None:
    """The one person of a portrait: large and central, the face with the greatest area - 2 * distance².

    The distance is that of the box's center from the photo's, in pixels. None where the photo shows no face.
    """
    if not photo.faces:
        return None
    return max(photo.faces, key=lambda face: portrait_score(face.box, photo.width, photo.height))


def portrait_score(box: BoundingBox, width: int, height: int) -> float:
    """How likely a photo of these sides was taken of this face, square pixels: area - 2 * (distance from center)²."""
    across, down = box.center.x - width / 2, box.center.y - height / 2
    return box.area - 2 * (across**2 + down**2)
