"""What a face does in one photo."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Expression:
    """The movable features.

    smile from -0.3 (serious) to 1, open from 0 (closed mouth) to 1, blink from 0 to 1, brows from -1 (down) to 1 (up),
    gaze_x and gaze_y from -1 to 1 (to the right and upwards in the picture).
    """

    smile: float = 0.2
    open: float = 0.0
    blink: float = 0.0
    brows: float = 0.0
    gaze_x: float = 0.0
    gaze_y: float = 0.0
