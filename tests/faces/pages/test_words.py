"""Every code that a page may show has words of its own."""

import inspect

from encoder import exceptions as encoder_exceptions
from encoder.exceptions import ImageError
from encoder.quality import QualityProblem
from faces.views.forms.photos import REASONS
from faces.words import known_codes, words_for


def test_every_way_in_which_a_picture_can_be_bad_has_words() -> None:
    kinds = [
        kind for _, kind in inspect.getmembers(encoder_exceptions, inspect.isclass) if issubclass(kind, ImageError)
    ]
    assert len(kinds) > 5
    assert {kind.code for kind in kinds} <= known_codes()


def test_every_reason_of_a_photo_and_every_problem_of_a_face_has_words() -> None:
    assert set(REASONS) <= known_codes()
    assert {str(problem) for problem in QualityProblem} <= known_codes()


def test_a_code_without_words_is_shown_as_it_is() -> None:
    assert words_for("brand_new_code").label == "brand new code"
