"""What is wrong with a face, in sentences: what was measured, and what would be right."""

import math

from encoder.geometry import FaceQuality
from encoder.quality import DEFAULT_QUALITY_LIMITS, QualityLimits, QualityProblem, quality_problems


def explain(quality: FaceQuality, limits: QualityLimits = DEFAULT_QUALITY_LIMITS) -> list[str]:
    """Return a sentence for each reason that keeps a face out of searches, gravest first; empty where there is none."""
    return [_sentence(problem, quality, limits) for problem in quality_problems(quality, limits)]


def _sentence(problem: QualityProblem, quality: FaceQuality, limits: QualityLimits) -> str:
    match problem:
        case QualityProblem.TOO_SMALL:
            return f"The face is {_below(quality.size)} pixels wide; at least {limits.min_size:.0f} are needed."
        case QualityProblem.TOO_BLURRED:
            return (
                f"The face is blurred: its sharpness is {_percent_below(quality.sharpness)}; "
                f"at least {_percent(limits.min_sharpness)} is needed."
            )
        case QualityProblem.TOO_DARK:
            return (
                f"The face is too dark: its brightness is {_percent_below(quality.brightness)}; "
                f"at least {_percent(limits.min_brightness)} is needed."
            )
        case QualityProblem.TOO_BRIGHT:
            return (
                f"The face is too bright: its brightness is {_percent_above(quality.brightness)}; "
                f"at most {_percent(limits.max_brightness)} can be used."
            )
        case QualityProblem.TURNED_AWAY:
            return _turned(quality, limits)
        case QualityProblem.UNCLEAR:
            return (
                f"The face can hardly be made out; part of it may be covered, or the picture grainy: "
                f"its quality is {_percent_below(quality.score)}; at least {_percent(limits.min_score)} is needed."
            )


def _turned(quality: FaceQuality, limits: QualityLimits) -> str:
    if abs(quality.yaw) > limits.max_yaw:
        return f"The face is turned {_above(abs(quality.yaw))}° to the side; at most {limits.max_yaw:.0f}° can be used."
    way = "up" if quality.pitch > 0 else "down"
    return f"The face looks {_above(abs(quality.pitch))}° {way}; at most {limits.max_pitch:.0f}° can be used."


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
