"""Which comparisons a probability is made from, and how much each counts."""

import numpy as np
import pytest

from training.metrics.evidence import Comparisons, Searches
from training.metrics.judged import STEP, Judged


def comparisons(rows: list[tuple[int, int, float]], weights: list[float] | None = None) -> Comparisons:
    """(first, second, distance) each."""
    first, second, distances = (np.array(column) for column in zip(*rows, strict=True))
    return Comparisons(first, second, distances, np.array(weights or [1.0] * len(rows)), np.zeros(4))


def searches(rows: list[tuple[int, float, int, float]]) -> Searches:
    """(person, own, how many are nearer, the nearest other) each."""
    person, own, nearer, other = (np.array(column) for column in zip(*rows, strict=True))
    count = len(rows)
    return Searches(person, np.arange(count), np.ones(count), own, nearer, other[:, None], np.ones((count, 1), int), 4)


ALL = np.ones(4, dtype=np.bool_)


def test_only_comparisons_within_a_part_of_the_people_are_judged() -> None:
    mated = comparisons([(0, 0, 0.1), (1, 1, 0.2), (2, 2, 0.3)])
    non_mated = comparisons([(0, 1, 1.0), (1, 2, 1.1), (2, 0, 1.2), (3, 3, 1.3)])
    judged = Judged.of_comparisons(mated, non_mated, np.array([True, True, False, False]))
    assert judged.distances.tolist() == [0.1, 0.2, 1.0]
    assert judged.is_right.tolist() == judged.is_mated.tolist() == [True, True, False]
    assert (judged.people(mated=True), judged.people(mated=False)) == (2, 2)


def test_both_kinds_count_the_same_and_every_person_among_the_mated() -> None:
    mated = comparisons([(0, 0, 0.1), (1, 1, 0.2), (1, 1, 0.3), (1, 1, 0.4)])
    non_mated = comparisons([(0, 1, 1.0), (1, 0, 1.1)])
    judged = Judged.of_comparisons(mated, non_mated, ALL)
    np.testing.assert_allclose(judged.weights, [1 / 4, 1 / 12, 1 / 12, 1 / 12, 1 / 4, 1 / 4])


def test_non_mated_comparisons_that_stand_for_others_keep_their_weights() -> None:
    judged = Judged.of_comparisons(
        comparisons([(0, 0, 0.1)]), comparisons([(0, 1, 0.4), (2, 3, 1.0), (2, 1, 1.1)], [1.0, 9.0, 10.0]), ALL
    )
    np.testing.assert_allclose(judged.weights[1:], [0.5 / 20, 0.5 * 9 / 20, 0.5 * 10 / 20])


def test_a_search_counts_once_with_its_person_enrolled_and_once_without() -> None:
    found = searches([(0, 0.1, 0, 0.8), (0, 0.9, 2, 0.5), (1, np.inf, 0, 0.7)])
    judged = Judged.of_searches(found, ALL)
    assert judged.distances.tolist() == [0.1, 0.5, 0.8, 0.5, 0.7]  # the nearest of all, then the nearest other one
    assert judged.is_right.tolist() == [True, False, False, False, False]
    assert judged.is_mated.tolist() == [True, True, False, False, False]
    np.testing.assert_allclose(judged.weights, [1 / 4, 1 / 4, 1 / 8, 1 / 8, 1 / 4])


def test_a_search_in_a_gallery_of_nobody_else_finds_no_other() -> None:
    judged = Judged.of_searches(searches([(0, 0.1, 0, np.inf)]), ALL)
    assert judged.is_mated.tolist() == [True]
    assert judged.people(mated=False) == 0


def test_steps_hold_what_is_right_and_wrong_at_each_distance() -> None:
    mated = comparisons([(0, 0, 0.5), (1, 1, 0.5 + STEP / 2)])
    judged = Judged.of_comparisons(mated, comparisons([(0, 1, 0.5), (0, 2, 1.0)]), ALL)
    steps = judged.steps()
    np.testing.assert_allclose(steps.distances, [0.5 + STEP / 2, 1.0 + STEP / 2])
    np.testing.assert_allclose(steps.right, [0.5, 0.0])
    np.testing.assert_allclose(steps.wrong, [0.25, 0.25])


def test_of_a_part_without_any_comparison_nothing_is_judged() -> None:
    mated, non_mated = comparisons([(0, 0, 0.1)]), comparisons([(0, 1, 1.0)])
    judged = Judged.of_comparisons(mated, non_mated, np.zeros(4, dtype=np.bool_))
    assert len(judged) == 0
    assert len(judged.steps().distances) == 0
    assert judged.weights.sum() == pytest.approx(0)
