"""Intervals of counted shares."""

import pytest

from faces.services.intervals import share


def test_wilsons_interval_has_the_published_limits() -> None:
    # Newcombe 1998, table I, method 3: 81 of 263 and 15 of 148
    first, second = share(81, 263), share(15, 148)

    assert [first.low, first.high] == pytest.approx([0.2553, 0.3662], abs=5e-5)
    assert [second.low, second.high] == pytest.approx([0.0624, 0.1605], abs=5e-5)
    assert first.value == 81 / 263


def test_no_error_in_n_trials_leaves_room_for_three_in_n() -> None:
    assert (share(0, 300).low, share(0, 300).high) == (0.0, 0.01)
    assert (share(300, 300).low, share(300, 300).high) == (0.99, 1.0)


def test_two_trials_say_nothing() -> None:
    assert (share(0, 2).low, share(0, 2).high) == (0.0, 1.0)
    assert (share(2, 2).low, share(2, 2).high) == (0.0, 1.0)


def test_of_no_trial_there_is_no_share() -> None:
    nothing = share(0, 0)

    assert (nothing.value, nothing.low, nothing.high) == (None, None, None)


@pytest.mark.parametrize(("count", "total"), [(-1, 3), (4, 3)])
def test_an_impossible_count_is_refused(count: int, total: int) -> None:
    with pytest.raises(ValueError, match="0 to 3 of 3"):
        share(count, total)
