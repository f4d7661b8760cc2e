"""Error rates in words."""

import pytest

from training.metrics.figures import Difference, Rate, Series
from training.services.report_words import difference_words, interval, one_in, percent, rate_at, verdict_words

SERIES = Series(value=[0.0, 0.2, 0.7], low=[0, 0.1, 0.5], high=[0.03, 0.3, 0.8], people=[0, 12, 40], trials=100)


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0, "0 %"),
        (1, "100 %"),
        (0.5, "50 %"),
        (0.123, "12 %"),
        (0.0123, "1.2 %"),
        (0.001, "0.1 %"),
        (1e-6, "0.0001 %"),
        (0.9998, "99.98 %"),
        (0.999999, "99.9999 %"),
        (1e-9, "0.0000001 %"),
    ],
)
def test_percent_has_two_digits_that_mean_something(share: float, words: str) -> None:
    assert percent(share) == words


@pytest.mark.parametrize("share", [1e-12, 1e-4, 0.5, 0.99999, 1 - 1e-9])
def test_what_is_not_all_is_never_said_to_be_all_and_what_is_not_nothing_never_nothing(share: float) -> None:
    assert percent(share) not in ("0 %", "100 %")


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0, "none"),
        (1, "all"),
        (0.999, "99 in 100"),
        (0.19, "19 in 100"),
        (0.1, "1 in 10"),
        (0.001, "1 in 1,000"),
        (1 / 83, "1 in 83"),
        (1 / 8312, "1 in 8,300"),
        (1e-6, "1 in 1,000,000"),
    ],
)
def test_one_in_so_many(share: float, words: str) -> None:
    assert one_in(share) == words


def test_a_rate_without_errors_is_bounded_by_the_rule_of_three() -> None:
    rate = Rate(value=0, low=0, high=0.004, errors=0, trials=750, people=0)
    assert interval(rate) == "at most 0.4 %"
    assert verdict_words(rate) == "no error in 750; the rule of three says at most 0.4 %"


def test_a_rate_of_errors_of_few_people_is_said_to_be_so() -> None:
    few = Rate(value=0.1, low=0.02, high=0.3, errors=4, trials=40, people=1)
    assert verdict_words(few) == "too few people to say: errors of 1 person were seen, 30 are enough"
    assert interval(few) == "2 % to 30 %"


def test_a_rate_of_errors_of_thirty_people_needs_no_words() -> None:
    assert verdict_words(Rate(value=0.1, low=0.05, high=0.2, errors=30, trials=300, people=30)) == ""


def test_a_rate_that_nothing_was_tried_for_says_so() -> None:
    rate = Rate(value=None, low=None, high=None, errors=0, trials=0, people=0)
    assert (interval(rate), verdict_words(rate)) == ("", "nothing was tried")


def test_a_difference_has_a_sign_and_an_interval() -> None:
    assert difference_words(Difference(value=0.02, low=-0.01, high=0.05)) == "+2 % (-1 % to +5 %)"


@pytest.mark.parametrize(("tau", "place"), [(0.05, 0), (0.1, 0), (0.15, 0), (0.2, 1), (0.3, 2), (4, 2)])
def test_a_rate_between_two_taus_is_that_of_the_smaller_one(tau: float, place: int) -> None:
    rate = rate_at(SERIES, [0.1, 0.2, 0.3], tau)
    assert (rate.value, rate.low, rate.high) == (SERIES.value[place], SERIES.low[place], SERIES.high[place])
    assert (rate.people, rate.errors, rate.trials) == (SERIES.people[place], 100 * SERIES.value[place], 100)


def test_a_series_without_trials_has_no_rate() -> None:
    assert rate_at(Series([0.0], [0.0], [0.0], [0], 0), [0.1], 0.1).value is None
