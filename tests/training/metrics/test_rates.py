"""Rates and their intervals: published formulas and hand-made cases."""

import numpy as np
import pytest

from faces.services.intervals import share
from training.metrics.events import Events
from training.metrics.figures import Verdict
from training.metrics.rates import Rates, difference, people_beyond, people_within, rates
from training.metrics.resampling import count, draws_of_people, resampled_sums


def of_people(errors: list[int], trials: list[int], *, resamples: int = 400, of_the_rest: bool = False) -> Rates:
    """The rate of people who have so many errors in so many trials each."""
    people = len(errors)
    happened = [t - e for e, t in zip(errors, trials, strict=True)] if of_the_rest else errors
    person = np.repeat(np.arange(people), happened)
    draws = draws_of_people(people, resamples, 1)
    return rates(
        count(Events.of_one(person, np.full(len(person), 0.5)), np.array([0.5]), draws),
        float(sum(trials)),
        resampled_sums(np.array(trials, dtype=np.float64), draws),
        np.array([sum(1 for error in errors if error)]),
        people,
        of_the_rest=of_the_rest,
    )


def test_with_one_trial_a_person_the_interval_is_wilsons() -> None:
    for errors in (40, 100, 350):
        rate = of_people([1] * errors + [0] * (400 - errors), [1] * 400, resamples=2_000).at(0)
        plain = share(errors, 400)

        assert rate.value == plain.value
        assert rate.low == pytest.approx(plain.low, rel=0.07)
        assert rate.high == pytest.approx(plain.high, rel=0.07)
        assert rate.verdict is Verdict.MEASURED


def test_errors_of_the_same_people_leave_more_doubt_than_as_many_independent_ones() -> None:
    alone = of_people([1] * 120 + [0] * 280, [1] * 400).at(0)
    together = of_people([10] * 40 + [0] * 93, [10] * 133).at(0)  # 400 of 1,330

    assert alone.value == pytest.approx(together.value, abs=0.001)
    assert alone.high is not None
    assert alone.low is not None
    assert together.high is not None
    assert together.low is not None
    assert together.high - together.low > 1.5 * (alone.high - alone.low)  # though of three times the trials


def test_where_no_error_was_seen_the_rule_of_three_counts_people() -> None:
    rate = of_people([0] * 100, [5] * 100).at(0)

    assert (rate.value, rate.low, rate.high) == (0, 0, 3 / 100)
    assert rate.verdict is Verdict.NONE_SEEN


def test_where_everything_went_wrong_it_holds_from_the_other_side() -> None:
    rate = of_people([1] * 50, [1] * 50).at(0)

    assert (rate.value, rate.low, rate.high) == (1, 1 - 3 / 50, 1)


def test_two_errors_of_two_people_are_not_told_more_precisely_than_the_people_allow() -> None:
    rate = of_people([1, 1] + [0] * 98, [5] * 100).at(0)
    plain = share(2, 500)

    assert rate.value == 2 / 500
    assert rate.verdict is Verdict.TOO_FEW
    assert plain.low is not None
    assert plain.high is not None
    assert rate.low is not None
    assert rate.low <= plain.low
    assert rate.high is not None
    assert rate.high >= plain.high


def test_all_errors_of_one_person_may_be_none_of_the_next() -> None:
    rate = of_people([50] + [0] * 99, [50] * 100).at(0)

    assert rate.low is not None
    assert rate.low < 0.0006  # 1 of 100 people: Wilson's interval begins at 0.0018
    assert rate.high is not None
    assert rate.high > 0.04


def test_what_did_not_happen_has_the_interval_of_what_did() -> None:
    errors, trials = [1, 0, 2, 0, 0, 3, 1, 0] * 8, [3, 1, 4, 2, 2, 5, 2, 1] * 8
    straight, rest = of_people(errors, trials).at(0), of_people(errors, trials, of_the_rest=True).at(0)

    assert rest.value == pytest.approx(straight.value, rel=1e-5)
    assert rest.low == pytest.approx(straight.low, rel=1e-5)
    assert rest.high == pytest.approx(straight.high, rel=1e-5)
    assert rest.errors == pytest.approx(straight.errors)


def test_of_nothing_there_is_no_rate() -> None:
    nothing = of_people([0, 0, 0], [0, 0, 0])

    assert nothing.at(0).verdict is Verdict.NO_TRIALS
    assert nothing.at(0).value is None
    assert (nothing.series().value, nothing.series().low, nothing.series().high) == ([0], [0], [1])


def test_a_resample_without_anybody_who_was_tried_says_nothing() -> None:
    rate = of_people([0] + [0] * 19, [4] + [0] * 19, of_the_rest=True)  # most draws of 20 miss the one, some don't

    assert rate.resampled.tolist() == [[0.0]] * 400


def test_without_resamples_people_are_what_is_counted() -> None:
    rate = of_people([1] * 10 + [0] * 90, [3] * 100, resamples=0).at(0)
    plain = share(10, 300)

    assert rate.value == pytest.approx(10 / 300, rel=1e-5)
    assert rate.low is not None
    assert plain.low is not None
    assert rate.low < plain.low


def test_people_are_counted_once_however_many_errors_they_have() -> None:
    person, distances = np.array([3, 3, 3, 8, 9]), np.array([0.1, 0.2, 0.9, 0.2, 0.6])
    taus = np.array([0.05, 0.1, 0.2, 0.6, 0.9])

    assert people_within(person, distances, taus).tolist() == [0, 1, 2, 3, 3]
    assert people_beyond(person, distances, taus).tolist() == [3, 3, 2, 1, 0]
    assert people_within(person[:0], distances[:0], taus).tolist() == [0] * 5


def test_a_difference_of_nothing_is_none() -> None:
    group, nothing = of_people([1] * 10 + [0] * 90, [1] * 100), of_people([0], [0])

    assert difference(group, 0, nothing, 0) is None
    assert difference(nothing, 0, group, 0) is None


def test_a_difference_is_clear_where_it_is_larger_than_chance() -> None:
    few, many = of_people([1] * 10 + [0] * 190, [1] * 200), of_people([1] * 80 + [0] * 120, [1] * 200)
    larger, same = difference(many, 0, few, 0), difference(few, 0, few, 0)

    assert larger is not None
    assert larger.value == pytest.approx(0.35)
    assert larger.is_clear
    assert larger.low == pytest.approx(0.27, abs=0.02)  # Newcombe's: 0.271 to 0.423
    assert larger.high == pytest.approx(0.43, abs=0.02)
    assert same is not None
    assert not same.is_clear


def test_a_group_without_errors_is_not_clearly_better_for_want_of_people() -> None:
    none, some = of_people([0] * 20, [1] * 20), of_people([1] * 3 + [0] * 47, [1] * 50)
    compared = difference(none, 0, some, 0)

    assert compared is not None
    assert compared.value == pytest.approx(-0.06)
    assert not compared.is_clear
