"""How answers are judged: ties, tau, people who are gone; and percentiles."""

import numpy as np
import pytest

from benchmarks.search_recall import TIE, Exact, RecallCounts, Vectors, as_stored
from benchmarks.search_rivals import Flat, Hnsw, Numpy, answer_of
from benchmarks.search_service import Percentiles
from benchmarks.synthetic_gallery import SyntheticGallery

TAU = 0.1


def line(*places: float) -> np.ndarray:
    """Vectors on a line: distances are squares of differences."""
    return np.array([[place, 0.0] for place in places], np.float32)


def judged(distances: list[float], exact: list[float], *, is_nobody: bool) -> RecallCounts:
    counts = RecallCounts()
    counts.count(np.array(distances), np.array(exact), TAU, is_nobody=is_nobody)
    return counts


def test_the_nearest_person_within_tau_is_right() -> None:
    counts = judged([0.05, 0.2], [0.05, 0.2], is_nobody=False)

    assert (counts.within, counts.right_within, counts.wrong_nobody, counts.first) == (1, 1, 0, 1)
    assert counts.recall_at_1 == 1


def test_somebody_else_at_the_same_distance_is_as_right_and_a_little_farther_is_not() -> None:
    assert judged([0.05 + TIE / 2], [0.05], is_nobody=False).recall_at_1 == 1
    assert judged([0.05 + 3 * TIE], [0.05], is_nobody=False).recall_at_1 == 0


def test_nobody_is_wrong_where_somebody_is_within_tau() -> None:
    counts = judged([0.3], [0.05], is_nobody=True)

    assert (counts.right_within, counts.wrong_nobody, counts.wrong_somebody) == (0, 1, 0)
    assert counts.misses == [0.05]


def test_the_right_person_answered_as_nobody_is_a_miss_at_tau_but_not_without_it() -> None:
    counts = judged([0.05], [0.05], is_nobody=True)

    assert counts.recall_at_1 == 0
    assert counts.recall_at_1_without_tau == 1


def test_nobody_is_right_where_nobody_is_within_tau_and_somebody_is_wrong() -> None:
    assert judged([0.3], [0.3], is_nobody=True).wrong_nobody == 0
    assert judged([0.3], [0.3], is_nobody=True).within == 0
    assert judged([0.3], [0.3], is_nobody=False).wrong_somebody == 1


def test_at_tau_itself_half_precision_decides_and_neither_answer_is_wrong() -> None:
    for is_nobody in (True, False):
        counts = judged([TAU], [TAU], is_nobody=is_nobody)
        assert (counts.within, counts.wrong_nobody, counts.wrong_somebody) == (0, 0, 0)


def test_no_answer_at_all_is_a_miss() -> None:
    counts = judged([], [0.05], is_nobody=True)

    assert (counts.first, counts.wrong_nobody) == (0, 1)


def test_of_ten_all_that_are_as_near_as_the_tenth_count() -> None:
    counts = RecallCounts()
    counts.count_ten(np.array([1, 2, 4, 4]), np.array([1, 2, 3, 4]))
    counts.count_ten(np.array([1, 5]), np.array([1, 2, 3, 4]))

    assert counts.recall_at_10 == 5 / 8


def test_distances_are_of_the_people_named_and_infinite_for_those_who_are_gone() -> None:
    templates = Vectors(np.array([3, 5, 9]), line(0, 1, 3))

    assert templates.distances(line(1)[0], [9, 3, 4, 99, 5]).tolist() == [4, 1, np.inf, np.inf, 0]
    assert templates.distances(line(1)[0], []).tolist() == []


def test_the_exact_answer_is_that_of_a_loop() -> None:
    gallery = SyntheticGallery(1_000)
    block = next(gallery.blocks())
    rows = np.unique(block.person, return_index=True)[1]
    templates = Vectors(np.arange(400) * 3, as_stored(block.vector[rows]))
    probes = as_stored(gallery.strangers(20))

    exact = Exact.of(templates, probes)

    for probe, distance, nearest in zip(probes, exact.distance, exact.nearest, strict=True):
        expected = sorted(
            (float(((vector.astype(float) - probe) ** 2).sum()), int(person))
            for person, vector in zip(templates.people, templates.vector, strict=True)
        )
        np.testing.assert_allclose(distance, [value for value, _ in expected[:10]], rtol=1e-12)
        assert nearest == expected[0][1]


def test_rivals_answer_the_nearest_people_as_the_exact_answer_has_them() -> None:
    gallery = SyntheticGallery(1_000)
    block = next(gallery.blocks())
    rows = np.unique(block.person, return_index=True)[1]
    templates = Vectors(np.arange(400) * 3, as_stored(block.vector[rows]))
    probes = as_stored(gallery.probes(np.arange(30)))
    exact = Exact.of(templates, probes)
    hnsw = Hnsw(templates.vector)
    hnsw.tune(templates, probes, exact, TAU, 1.0)

    assert hnsw.recall == 1
    for rival in (Flat(templates.vector), Numpy(templates.vector), hnsw):
        answer = answer_of(rival, templates, TAU)
        for probe, distance in zip(probes, exact.distance, strict=True):
            given = answer(probe, 5)
            np.testing.assert_allclose(templates.distances(probe, given.people)[0], distance[0], atol=TIE)
            assert given.is_nobody == (distance[0] > TAU)


def test_percentiles_are_in_milliseconds() -> None:
    times = Percentiles.of([number / 1000 for number in range(101)])

    assert [times.p50, times.p95, times.p99, times.mean] == pytest.approx([50, 95, 99, 50])
    assert times.count == 101


def test_percentiles_of_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="No time was taken"):
        Percentiles.of([])
