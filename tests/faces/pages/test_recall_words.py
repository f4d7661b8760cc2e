"""Recall in words and as a picture."""

import pytest

from faces.services.intervals import share
from faces.services.recall import Recall
from faces.views.recall_words import percent, recall_bar, recall_sentence, verdict


def measured(agreed: int, asked: int) -> Recall:
    return Recall(share(agreed, asked), live=asked, night=0, wrong_nobody=0)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1.0, "100 %"),
        (0.999999, "99.99 %"),
        (0.99996, "99.99 %"),
        (0.9995, "99.95 %"),
        (0.999, "99.9 %"),
        (0.99, "99 %"),
        (0.5, "50 %"),
        (0.1 + 0.2, "30 %"),
        (0.0, "0 %"),
    ],
)
def test_what_is_not_all_is_never_shown_as_all(value: float, words: str) -> None:
    assert percent(value) == words


def test_nothing_measured_has_no_picture_and_says_so() -> None:
    assert recall_bar(share(0, 0), 0.999) is None
    assert recall_sentence(Recall.nothing()) == "Nothing was measured with the present index yet."
    assert verdict(Recall.nothing(), 0.999).words == "not measured yet"


@pytest.mark.parametrize(
    ("agreed", "asked", "goal"),
    [(9996, 10_000, 0.999), (1, 1, 0.999), (0, 50, 0.9995), (990, 1000, 0.999), (5, 9, 0.99)],
)
def test_interval_value_and_goal_lie_on_the_bar_in_their_order(agreed: int, asked: int, goal: float) -> None:
    counted = share(agreed, asked)
    bar = recall_bar(counted, goal)
    assert bar is not None
    assert counted.low is not None
    assert counted.high is not None
    assert 0 <= bar.low <= bar.value <= bar.high <= 100
    assert 0 <= bar.goal <= 100
    assert (bar.goal <= bar.low) == (goal <= counted.low)
    assert (bar.goal > bar.high) == (goal > counted.high)


def test_the_bar_shows_no_more_than_it_must() -> None:
    bar = recall_bar(share(99_990, 100_000), 0.999)
    assert bar is not None
    assert bar.start == 0.998
    assert bar.goal == 50.0
    assert bar.value == 95.0


def test_a_recall_comes_with_its_interval_and_count() -> None:
    assert recall_sentence(measured(990, 1000)) == (
        "99 % of 1,000 answers were the exact ones; 95 % interval 98.16 % to 99.45 %."
    )
    assert recall_sentence(measured(1, 1)) == "100 % of 1 answer was the exact one; 95 % interval 0 % to 100 %."


@pytest.mark.parametrize(
    ("agreed", "asked", "words"),
    [
        (5000, 5000, "reaches the goal"),
        (100, 100, "reaches the goal, as far as can be told yet"),
        (996, 1000, "too few answers to tell"),
        (990, 1000, "below the goal"),
    ],
)
def test_the_verdict_says_no_more_than_the_interval_allows(agreed: int, asked: int, words: str) -> None:
    assert verdict(measured(agreed, asked), 0.999).words == words
