"""The parts of a benchmark that do not depend on the machine."""

import pytest

from benchmarks.timing import Row, as_json, cpu_seconds, median_ratio, portions, rate, slice_of, table, take_turns


def test_contestants_take_turns_in_every_round() -> None:
    order: list[tuple[str, int]] = []

    def contestant(name: str, value: float) -> float:
        order.append((name, int(value)))
        return value

    results = take_turns({"a": lambda number: contestant("a", number), "b": lambda number: contestant("b", -number)}, 3)
    assert order == [("a", 0), ("b", 0), ("a", 1), ("b", -1), ("a", 2), ("b", -2)]
    assert results == {"a": [0, 1, 2], "b": [0, -1, -2]}


def test_a_ratio_compares_the_values_of_one_round_and_takes_the_median() -> None:
    # Another program took half of the machine in the second round: both were slower, and the ratio stays.
    assert median_ratio([100, 50, 110], [10, 5, 10]) == 10


def test_values_of_different_numbers_of_rounds_are_not_compared() -> None:
    with pytest.raises(ValueError, match="shorter"):
        median_ratio([1, 2], [1])


@pytest.mark.parametrize(
    ("number", "size", "expected"),
    [(0, 2, ["a", "b"]), (1, 2, ["c", "a"]), (2, 3, ["a", "b", "c"]), (0, 4, ["a", "b", "c", "a"])],
)
def test_each_round_takes_the_next_photos_and_begins_anew_at_the_end(
    number: int, size: int, expected: list[str]
) -> None:
    assert slice_of(["a", "b", "c"], number, size) == expected


def test_portions_hold_every_item_once_and_the_last_may_be_shorter() -> None:
    assert list(portions(["a", "b", "c", "d", "e"], 2)) == [["a", "b"], ["c", "d"], ["e"]]
    assert list(portions([], 2)) == []


def test_a_rate_counts_the_units_of_all_repetitions(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([10.0, 10.0, 10.5, 11.0, 11.5, 12.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    calls: list[None] = []
    assert rate(lambda: calls.append(None), 7, at_least_s=1.0) == 14.0  # looked at the clock after 0.5 s and 1 s
    assert len(calls) == 2


def test_work_that_takes_longer_than_asked_for_is_done_once() -> None:
    calls: list[None] = []
    assert rate(lambda: calls.append(None), 1, at_least_s=0) > 0
    assert len(calls) == 1


def test_processor_time_is_told_with_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([2.0, 2.75])
    monkeypatch.setattr("time.process_time", lambda: next(clock))
    assert cpu_seconds(lambda: "done") == (0.75, "done")


@pytest.mark.parametrize(
    ("value", "goal", "verdict"),
    [
        (20.0, 20.0, ">= 20 met"),
        (19.9, 20.0, ">= 20 MISSED"),
        (0.14, -0.15, "<= 0.15 met"),
        (0.16, -0.15, "<= 0.15 MISSED"),
        (1.0, 0.0, ""),
    ],
)
def test_a_row_says_whether_its_goal_is_met(value: float, goal: float, verdict: str) -> None:
    assert Row("ratio", value, "times", goal=goal).verdict == verdict


def test_the_table_has_a_title_and_a_line_for_each_row() -> None:
    text = table(
        "Speed", [Row("ours", 200.0, "photos/s", note="two processes"), Row("ratio_to_dlib", 20.5, "", goal=20)]
    )
    title, ours, ratio = text.splitlines()
    assert title == "Speed"
    assert ours.split() == ["ours", "200", "photos/s", "two", "processes"]
    assert ratio.split() == ["ratio_to_dlib", "20.5", ">=", "20", "met"]
    assert ours.index("200") + len("200") == ratio.index("20.5") + len("20.5")


def test_the_object_has_every_row_s_value_by_its_name() -> None:
    assert as_json([Row("a", 1.5, "s"), Row("b", 2.0, "s", goal=1)]) == {"a": 1.5, "b": 2.0}


def test_two_rows_of_one_name_are_an_error() -> None:
    with pytest.raises(ValueError, match="same name"):
        as_json([Row("a", 1, "s"), Row("a", 2, "s")])
