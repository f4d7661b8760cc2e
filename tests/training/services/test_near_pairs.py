"""What is kept of many comparisons."""

import numpy as np
import pytest

from training.metrics.evidence import Comparisons
from training.services.enrolled import Vectors
from training.services.mated_pairs import most_pairs_of_a_person
from training.services.near_pairs import FarDraws, NearPairs, exact_distances, weighed
from training.services.scanning import comes_first

rng = np.random.default_rng(5)


def small_vectors(count: int) -> Vectors:
    return np.asarray(rng.standard_normal((count, 4)) / 4, dtype=np.float32)


def test_more_than_can_be_kept_make_the_limit_narrower_and_nothing_within_it_is_lost() -> None:
    every = rng.uniform(0, 4, 1000)
    near = NearPairs(limit=3.0, most=50)
    for start in range(0, 1000, 7):
        part = np.arange(start, min(start + 7, 1000))
        near.add(part, part + 1, every[part])
    probes, others, distances = near.all()

    assert near.limit < 3.0
    assert distances.tolist() == sorted(every[every <= near.limit].tolist())
    assert len(distances) == 50
    assert every[probes].tolist() == distances.tolist()
    assert (others == probes + 1).all()


def test_many_at_one_distance_are_kept_or_dropped_together() -> None:
    near = NearPairs(limit=4.0, most=10)
    numbers = np.arange(40)
    near.add(numbers, numbers, np.where(numbers < 5, 0.5, 1.0))
    assert near.all()[2].tolist() == [0.5] * 5
    assert near.limit < 1.0


def test_what_lies_at_the_limit_is_within() -> None:
    near = NearPairs(limit=1.0, most=10)
    near.add(np.arange(2), np.arange(2), np.array([1.0, np.nextafter(1.0, 2.0)]))
    assert near.all()[2].tolist() == [1.0]


def test_nothing_at_all_is_kept_of_nothing() -> None:
    probes, others, distances = NearPairs(limit=1.0, most=10).all()
    assert len(probes) == len(others) == len(distances) == 0


def test_draws_are_measured_block_by_block() -> None:
    probes, others = small_vectors(3), small_vectors(20)
    far = FarDraws.of(3, 20, each=9, rng=np.random.default_rng(1))
    for start in range(0, 20, 6):
        far.measure(probes, others[start : start + 6], start)

    assert np.bincount(far.probes).tolist() == [9, 9, 9]
    assert (np.diff(far.others) >= 0).all()
    for probe, other, distance in zip(far.probes, far.others, far.distances, strict=True):
        difference = probes[probe].astype(float) - others[other]
        assert distance == pytest.approx(min(float(difference @ difference), 4.0))


def test_distances_of_many_pairs_are_measured_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.services.near_pairs.ROWS_AT_ONCE", 3)
    vectors = small_vectors(5)
    rows, columns = rng.integers(0, 5, 10), rng.integers(0, 5, 10)
    expected = [float(np.sum((vectors[a].astype(float) - vectors[b]) ** 2)) for a, b in zip(rows, columns, strict=True)]
    assert exact_distances(vectors, rows, vectors, columns) == pytest.approx(np.minimum(expected, 4))


def comparisons(first: list[int], distances: list[float], trials: list[float]) -> Comparisons:
    people = np.array(first, dtype=np.int64)
    return Comparisons(people, people + 1, np.array(distances), np.ones(len(first)), np.array(trials))


def test_far_ones_stand_for_what_is_left_of_their_person() -> None:
    trials = [10.0, 6.0, 0.0]
    kept = weighed(comparisons([0, 0, 1], [0.1, 0.2, 0.3], trials), comparisons([0, 0, 1, 1], [1, 2, 3, 0.9], trials))

    assert kept.distances.tolist() == [0.1, 0.2, 0.3, 0.9, 1, 2, 3]
    assert kept.weights.tolist() == [1, 1, 1, 2.5, 4, 4, 2.5]
    assert kept.trials.tolist() == trials


def test_who_has_no_far_one_drawn_is_stood_for_by_the_others() -> None:
    trials = [10.0, 6.0]
    kept = weighed(comparisons([0], [0.1], trials), comparisons([0, 0, 0], [1, 2, 3], trials))
    assert kept.weights.tolist() == [1, 5, 5, 5]


def test_where_all_are_near_nothing_is_weighed() -> None:
    kept = weighed(comparisons([0, 1], [0.2, 0.1], [1.0, 1.0]), comparisons([], [], [1.0, 1.0]))
    assert (kept.distances.tolist(), kept.weights.tolist()) == ([0.1, 0.2], [1, 1])


def test_of_two_people_one_comes_first_and_everybody_as_often() -> None:
    a, b = np.meshgrid(np.arange(21), np.arange(21), indexing="ij")
    first = comes_first(a, b)
    different = a != b
    assert (first != first.T)[different].all()
    assert set((first & different).sum(axis=1).tolist()) == {10}


@pytest.mark.parametrize(
    ("pairs", "wanted", "most"), [([1, 5, 9], 15, 9), ([1, 5, 9], 14, 8), ([1, 5, 9], 9, 4), ([4, 4], 1, 1), ([], 5, 0)]
)
def test_people_with_many_photos_keep_fewer_pairs(pairs: list[int], wanted: int, most: int) -> None:
    assert most_pairs_of_a_person(np.array(pairs, dtype=np.int64), wanted) == most
