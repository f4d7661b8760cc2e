"""Whose face is it? Which of a photo's faces is the person that the photo was taken of."""

from collections.abc import Sequence

from encoder.geometry import BoundingBox

CLEAR_LEAD = 0.25
"""How far, as a share of the main face's area, its score must lead for the photo to be one person's portrait."""


def portrait_score(box: BoundingBox, width: int, height: int) -> float:
    """Return how likely the photo was taken of this face, in square pixels: area - 2 * (distance from the center)²."""
    across = box.center.x - width / 2
    down = box.center.y - height / 2
    return box.area - 2 * (across**2 + down**2)


def main_face_index(boxes: Sequence[BoundingBox], width: int, height: int) -> int | None:
    """Return which face is the portrait's, or None where there is no face or two are equally likely to be meant."""
    if not boxes:
        return None
    order = sorted(range(len(boxes)), key=lambda i: portrait_score(boxes[i], width, height), reverse=True)
    best = order[0]
    if len(order) > 1:
        lead = portrait_score(boxes[best], width, height) - portrait_score(boxes[order[1]], width, height)
        if lead < CLEAR_LEAD * boxes[best].area:
            return None
    return best
