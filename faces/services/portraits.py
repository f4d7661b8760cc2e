"""Whose face is it? Which of a photo's faces is the person that the photo was taken of."""

from collections.abc import Sequence
from math import hypot, sqrt

from encoder.geometry import BoundingBox, portrait_score

SMALLER = 0.25
"""A face that leads only as long as it is not this share smaller does not lead clearly."""

ASIDE = 0.125
"""Nor does one that leads only as long as it is not this share of its side farther from the center."""


def main_face_index(boxes: Sequence[BoundingBox], width: int, height: int) -> int | None:
    """Return which face is the portrait's, or None where there is no face or two are equally likely to be meant.

    The main face must still lead when it is taken for somewhat smaller and farther off the center than it is: far from
    the center a pixel or two, which is what the detector is uncertain by, change the score by more than a face's area.
    """
    if not boxes:
        return None
    order = sorted(range(len(boxes)), key=lambda i: portrait_score(boxes[i], width, height), reverse=True)
    best = boxes[order[0]]
    off_center = _off_center(best, width, height) + ASIDE * sqrt(best.area)
    cautious_score = (1 - SMALLER) * best.area - 2 * off_center**2
    if len(order) > 1 and portrait_score(boxes[order[1]], width, height) > cautious_score:
        return None
    return order[0]


def _off_center(box: BoundingBox, width: int, height: int) -> float:
    """Return the distance of the box's center from the photo's, in pixels."""
    return hypot(box.center.x - width / 2, box.center.y - height / 2)
