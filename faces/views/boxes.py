"""Boxes over a photo, in percent of it, so that they fit at any size it is shown at."""

from dataclasses import dataclass
from typing import Protocol


class Box(Protocol):
    """Anything with edges in pixels of the photo: a face's row, or the encoder's own box."""

    @property
    def left(self) -> float: ...
    @property
    def top(self) -> float: ...
    @property
    def right(self) -> float: ...
    @property
    def bottom(self) -> float: ...


@dataclass(frozen=True)
class Overlay:
    """Where a numbered box lies: CSS for its place."""

    number: int
    style: str


def overlay(number: int, box: Box, width: int, height: int) -> Overlay:
    """Place a box, in pixels, over a photo of width x height; what lies outside of the photo is cut off."""
    left, right = (100 * min(max(x, 0), width) / width for x in (box.left, box.right))
    top, bottom = (100 * min(max(y, 0), height) / height for y in (box.top, box.bottom))
    return Overlay(number, f"left:{left:.3f}%;top:{top:.3f}%;width:{right - left:.3f}%;height:{bottom - top:.3f}%")
