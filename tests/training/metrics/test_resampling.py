"""Counts over tau and their resamples, against nested loops."""

import numpy as np
import pytest

from training.metrics.events import Events
from training.metrics.resampling import count, draws_of_people, resampled_sums


def some_events(seed: int, size: int = 80, people: int = 7) -> Events:
    rng = np.random.default_rng(seed)
    first = rng.integers(0, people, size=size)
    second = np.where(rng.random(size) < 0.3, first, rng.integers(0, people, size=size))
    weights = rng.choice([1.0, 1.0, 0.25, -1.0, 17.5], size=size)
    return Events(first, second, rng.integers(0, 20, size=size) / 10, weights)


@pytest.mark.parametrize("seed", range(6))
def test_counts_are_those_of_nested_loops(seed: int) -> None:
    events, draws = some_events(seed), draws_of_people(7, 9, seed)
    taus = np.array([0.0, 0.05, 0.3, 0.7, 1.2])  # 1.3 to 1.9 lie beyond the last

    counted = count(events, taus, draws)

    rows = list(zip(events.first.tolist(), events.second.tolist(), events.distances, events.weights, strict=True))
    for column, tau in enumerate(taus):
        assert counted.value[column] == pytest.approx(sum(w for _, _, d, w in rows if d <= tau))
        for row, drawn in enumerate(draws.tolist()):
            expected = sum(
                w * drawn[first] * (drawn[second] if first != second else 1) for first, second, d, w in rows if d <= tau
            )
            assert counted.resampled[row, column] == pytest.approx(expected)
        of_pairs: dict[tuple[int, ...], float] = {}
        for first, second, d, w in rows:
            if d <= tau and first != second and abs(w) <= 1:
                pair = tuple(sorted((first, second)))
                of_pairs[pair] = of_pairs.get(pair, 0.0) + w
        assert counted.pairs[column] == pytest.approx(sum(w**2 for w in of_pairs.values()))
    assert counted.total == pytest.approx(float(events.weights.sum()))
    for row, drawn in enumerate(draws.tolist()):
        expected = sum(w * drawn[first] * (drawn[second] if first != second else 1) for first, second, _, w in rows)
        assert counted.resampled_total[row] == pytest.approx(expected)


def test_no_events_count_as_nothing() -> None:
    none = some_events(0).only(np.zeros(80, dtype=np.bool_))

    counted = count(none, np.array([0.0, 1.0]), draws_of_people(7, 3, 0))

    assert counted.value.tolist() == counted.pairs.tolist() == [0, 0]
    assert counted.resampled.tolist() == [[0, 0]] * 3
    assert counted.total == 0


def test_as_many_people_are_drawn_as_there_are() -> None:
    draws = draws_of_people(50, 200, 3)

    assert draws.shape == (200, 50)
    assert set(draws.sum(axis=1).tolist()) == {50}
    assert float(draws.mean()) == 1.0
    assert float(draws.astype(float).var()) == pytest.approx(1 - 1 / 50, rel=0.05)  # binomial with 50 of 1/50


def test_a_seed_draws_the_same_people_each_time() -> None:
    assert bool(np.array_equal(draws_of_people(20, 5, 1), draws_of_people(20, 5, 1)))
    assert not bool(np.array_equal(draws_of_people(20, 5, 1), draws_of_people(20, 5, 2)))


def test_nobody_and_one_person_can_be_drawn() -> None:
    assert draws_of_people(0, 4, 0).shape == (4, 0)
    assert draws_of_people(1, 4, 0).tolist() == [[1]] * 4


def test_sums_count_each_person_as_often_as_drawn() -> None:
    draws = draws_of_people(6, 5, 0)
    values = np.arange(6) / 4

    expected = [sum(n * v for n, v in zip(row, values, strict=True)) for row in draws.tolist()]

    assert resampled_sums(values, draws).tolist() == pytest.approx(expected)


def test_progress_is_told_of_every_resample() -> None:
    told: list[int] = []

    count(some_events(0), np.array([1.0]), draws_of_people(7, 4, 0), told.append)

    assert told == [1, 1, 1, 1]
