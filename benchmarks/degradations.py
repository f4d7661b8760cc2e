"""What goes wrong with photos, done to good ones: each makes a worse copy, the same one each time."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from encoder.geometry import BoundingBox

Degradation: TypeAlias = Callable[["Subject"], Image.Image]


@dataclass(frozen=True)
class Subject:
    """A photo, where the face in it is, and a source of chance."""

    photo: Image.Image
    face: BoundingBox
    rng: np.random.Generator

    @property
    def side(self) -> float:
        """The face's size as `FaceQuality` has it."""
        return min(self.face.width, self.face.height)


def reduced(side: int) -> Degradation:
    """The whole photo so small that the face is `side` pixels wide, stored as an ordinary JPEG."""

    def apply(subject: Subject) -> Image.Image:
        photo, scale = subject.photo, side / subject.side
        size = (max(round(photo.width * scale), 8), max(round(photo.height * scale), 8))
        return _jpeg(photo.resize(size, Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC), 85)

    return apply


def blurred(share: float) -> Degradation:
    """Out of focus: a Gaussian whose sigma is a share of the face's size."""
    return lambda subject: subject.photo.filter(ImageFilter.GaussianBlur(share * subject.side))


def shaken(share: float) -> Degradation:
    """The mean of the photo moved along a line, a share of the face's size long, in a direction left to chance."""

    def apply(subject: Subject) -> Image.Image:
        length = max(round(share * subject.side), 2)
        angle, pixels = subject.rng.uniform(0, np.pi), np.asarray(subject.photo, np.float32)
        steps = [(round(t * np.sin(angle)), round(t * np.cos(angle))) for t in np.linspace(-0.5, 0.5, length) * length]
        return _image(np.mean([np.roll(pixels, step, axis=(0, 1)) for step in steps], axis=0))

    return apply


def lit(gain: float, *, offset: float = 0.0, noise: float = 0.0) -> Degradation:
    """Values times `gain` plus `offset`, with a sensor's noise of a standard deviation, cut to 0..255."""

    def apply(subject: Subject) -> Image.Image:
        values = np.asarray(subject.photo, np.float64) * gain + offset
        return _image(values + subject.rng.normal(0, noise, values.shape) if noise else values)

    return apply


def compressed(quality: int) -> Degradation:
    """A JPEG of this quality, 1 to 95."""
    return lambda subject: _jpeg(subject.photo, quality)


def tilted(degrees: float) -> Degradation:
    """To the one or the other side."""
    return lambda subject: subject.photo.rotate(degrees * subject.rng.choice([-1, 1]), Image.Resampling.BICUBIC)


def covered(top: float, bottom: float) -> Degradation:
    """A bar of one color over the whole width of the face, from and to a share of its box's height."""

    def apply(subject: Subject) -> Image.Image:
        face, pixels = subject.face, np.array(subject.photo)
        rows = slice(round(face.top + top * face.height), round(face.top + bottom * face.height))
        pixels[rows, max(round(face.left), 0) : round(face.right)] = subject.rng.integers(20, 230, 3)
        return Image.fromarray(pixels)

    return apply


def covered_side(share: float) -> Degradation:
    """A bar of one color over the whole height of the face, on the one or the other side, a share of its box wide."""

    def apply(subject: Subject) -> Image.Image:
        face, pixels = subject.face, np.array(subject.photo)
        left = face.left if subject.rng.random() < 0.5 else face.right - share * face.width
        columns = slice(max(round(left), 0), max(round(left + share * face.width), 0))
        pixels[max(round(face.top), 0) : round(face.bottom), columns] = subject.rng.integers(20, 230, 3)
        return Image.fromarray(pixels)

    return apply


def _jpeg(photo: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    photo.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


def _image(values: npt.NDArray[np.floating[Any]]) -> Image.Image:
    return Image.fromarray(values.round().clip(0, 255).astype(np.uint8))


DEGRADATIONS: Mapping[str, Degradation] = {
    **{f"{side} pixels": reduced(side) for side in (16, 20, 25, 30, 40, 60)},
    **{f"blur {share:.0%}": blurred(share) for share in (0.02, 0.03, 0.05)},
    **{f"shaken {share:.0%}": shaken(share) for share in (0.1, 0.2)},
    "dark 30%": lit(0.3, noise=2),
    "dark 12%": lit(0.12, noise=2),
    "bright 160%": lit(1.6, offset=60),
    "bright 250%": lit(2.5),
    "haze": lit(0.15, offset=100, noise=1),
    "noise 20": lit(1.0, noise=20),
    "noise 50": lit(1.0, noise=50),
    "JPEG 30": compressed(30),
    "JPEG 10": compressed(10),
    "tilt 30": tilted(30),
    "mouth covered": covered(0.6, 1.05),
    "eyes covered": covered(0.25, 0.5),
}
