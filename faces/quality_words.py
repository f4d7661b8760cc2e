"""What is wrong with a face, in sentences: what was measured, and what would be right."""

import math

from encoder.geometry import FaceQuality
from encoder.quality import DEFAULT_QUALITY_LIMITS, QualityLimits, QualityProblem, quality_problems


def explain(quality: FaceQuality, limits: QualityLimits = DEFAULT_QUALITY_LIMITS) -> list[str]:
    """Return a sentence for each reason that keeps a face out of searches, gravest first; empty where there is none."""
    return [_sentence(problem, quality, limits) for problem in quality_problems(quality, limits)]


def _sentence(problem: QualityProblem, quality: FaceQuality, limits: QualityLimits) -> str:
    """Of a property beyond its own limit that limit; of one that is only named as the cause, the score's."""
    match problem:
        case QualityProblem.TOO_SMALL:
            said = f"The face is {_below(quality.size)} pixels wide"
            needed = f"at least {limits.min_size:.0f} are needed" if quality.size < limits.min_size else ""
        case QualityProblem.TOO_BLURRED:
            said = f"The face is blurred: its sharpness is {_percent_below(quality.sharpness)}"
            needed = _at_least(limits.min_sharpness) if quality.sharpness < limits.min_sharpness else ""
        case QualityProblem.TOO_DARK:
            said = f"The face is too dark: its brightness is {_percent_below(quality.brightness)}"
            needed = _at_least(limits.min_brightness) if quality.brightness < limits.min_brightness else ""
        case QualityProblem.TOO_BRIGHT:
            said = f"The face is too bright: its brightness is {_percent_above(quality.brightness)}"
            needed = (
                f"at most {_percent(limits.max_brightness)} can be used"
                if quality.brightness > limits.max_brightness
                else ""
            )
        case QualityProblem.TURNED_AWAY:
            said, needed = _turned(quality, limits)
        case QualityProblem.UNCLEAR:
            said, needed = "The face can hardly be made out; part of it may be covered, or the picture grainy", ""
    if needed:
        return f"{said}; {needed}."
    joint = ": " if problem is QualityProblem.UNCLEAR else ", and "
    return f"{said}{joint}its quality is {_percent_below(quality.score)}; {_at_least(limits.min_score)}."


def _turned(quality: FaceQuality, limits: QualityLimits) -> tuple[str, str]:
    """What is farther from its limit: the turn or the nod."""
    if abs(quality.yaw) - limits.max_yaw >= abs(quality.pitch) - limits.max_pitch:
        angle, limit, said = abs(quality.yaw), limits.max_yaw, "The face is turned {}° to the side"
    else:
        angle, limit, said = (
            abs(quality.pitch),
            limits.max_pitch,
            "The face looks {}° " + ("up" if quality.pitch > 0 else "down"),
        )
    needed = f"at most {limit:.0f}° can be used" if angle > limit else ""
    return said.format(_above(angle)), needed


def _at_least(share: float) -> str:
    return f"at least {_percent(share)} is needed"


def _below(value: float) -> str:
    """Cut, not rounded: what falls short of a limit shall not read as if it reached it."""
    return str(math.floor(value))


def _above(value: float) -> str:
    """The next whole number, so that what exceeds a limit reads as more."""
    return str(math.ceil(value))


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %"


def _percent_below(value: float) -> str:
    return f"{_below(100 * value)} %"


def _percent_above(value: float) -> str:
    return f"{_above(100 * value)} %"
