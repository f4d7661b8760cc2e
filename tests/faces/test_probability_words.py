"""A probability in words."""

import pytest

from faces.probability_words import percent


@pytest.mark.parametrize(
    ("probability", "words"),
    [
        (0.5, "50 %"),
        (0.968, "97 %"),
        (0.99, "99 %"),
        (0.9977, "99.8 %"),
        (0.99999, "99.9 %"),
        (0.01, "1 %"),
        (0.0023, "0.2 %"),
        (1e-9, "0.1 %"),
    ],
)
def test_a_probability_is_whole_percents_and_never_certain(probability: float, words: str) -> None:
    assert percent(probability) == words
