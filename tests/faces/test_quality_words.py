"""What is wrong with a face is said with what was measured and what would be right."""

from dataclasses import replace

import pytest

from encoder.quality import QualityLimits, QualityProblem, quality_problems
from faces.quality_words import explain
from tests.factories import GOOD_QUALITY

LIMITS = QualityLimits(
    min_size=40,
    min_sharpness=0.5,
    min_brightness=0.1,
    max_brightness=0.9,
    max_yaw=50,
    max_pitch=40,
    min_score=0.6,
)

SENTENCES = {
    "too_small": ({"size": 24.9}, "The face is 24 pixels wide; at least 40 are needed."),
    "too_blurred": ({"sharpness": 0.312}, "The face is blurred: its sharpness is 31 %; at least 50 % is needed."),
    "too_dark": ({"brightness": 0.04}, "The face is too dark: its brightness is 4 %; at least 10 % is needed."),
    "too_bright": ({"brightness": 0.953}, "The face is too bright: its brightness is 96 %; at most 90 % can be used."),
    "turned_away": ({"yaw": -57.3}, "The face is turned 58° to the side; at most 50° can be used."),
    "unclear": (
        {"score": 0.31},
        (
            "The face can hardly be made out; part of it may be covered, or the picture grainy: "
            "its quality is 31 %; at least 60 % is needed."
        ),
    ),
}


@pytest.mark.parametrize("problem", list(QualityProblem))
def test_every_problem_has_a_sentence_of_its_own(problem: QualityProblem) -> None:
    change, sentence = SENTENCES[problem]
    quality = replace(GOOD_QUALITY, **change)

    assert quality_problems(quality, LIMITS) == (problem,)
    assert explain(quality, LIMITS) == [sentence]


CAUSES = {
    "too_small": ({"size": 31.0}, "The face is 31 pixels wide"),
    "too_blurred": ({"sharpness": 0.623}, "The face is blurred: its sharpness is 62 %"),
    "too_dark": ({"brightness": 0.12}, "The face is too dark: its brightness is 12 %"),
    "too_bright": ({"brightness": 0.8}, "The face is too bright: its brightness is 80 %"),
    "turned_away": ({"yaw": 44.0}, "The face is turned 44° to the side"),
}


@pytest.mark.parametrize("problem", list(CAUSES))
def test_what_lowers_a_score_that_is_too_low_is_named_with_both(problem: str) -> None:
    change, sentence = CAUSES[problem]
    quality = replace(GOOD_QUALITY, **change)
    limits = replace(LIMITS, min_size=20)

    assert explain(quality, limits) == []
    assert explain(replace(quality, score=0.5), limits) == [
        f"{sentence}, and its quality is 50 %; at least 60 % is needed."
    ]


@pytest.mark.parametrize(("pitch", "way"), [(45.0, "up"), (-45.0, "down")])
def test_a_face_that_looks_up_or_down_is_told_which(pitch: float, way: str) -> None:
    sentence = f"The face looks 45° {way}; at most 40° can be used."

    assert explain(replace(GOOD_QUALITY, pitch=pitch), LIMITS) == [sentence]


def test_what_just_misses_a_limit_never_reads_as_if_it_reached_it() -> None:
    assert "is 39 pixels wide" in explain(replace(GOOD_QUALITY, size=39.99), LIMITS)[0]
    assert "sharpness is 49 %" in explain(replace(GOOD_QUALITY, sharpness=0.4999), LIMITS)[0]
    assert "brightness is 91 %" in explain(replace(GOOD_QUALITY, brightness=0.9001), LIMITS)[0]
    assert "turned 51°" in explain(replace(GOOD_QUALITY, yaw=50.01), LIMITS)[0]


def test_several_problems_are_said_gravest_first() -> None:
    sentences = explain(replace(GOOD_QUALITY, size=10, brightness=0.01), LIMITS)

    assert [sentence.split(";")[0] for sentence in sentences] == [
        "The face is 10 pixels wide",
        "The face is too dark: its brightness is 1 %",
    ]


def test_of_a_good_face_there_is_nothing_to_say() -> None:
    assert explain(GOOD_QUALITY) == []
