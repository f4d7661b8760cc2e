"""Distances in blocks, against nested loops."""

import numpy as np
import pytest

from tests.training.metrics import loops
from training.metrics.distances import GRID, all_pairs_curve, row_distances, squared_distances
from training.metrics.types import Embeddings, Labels


def unit_vectors(seed: int, count: int, dimension: int = 8) -> Embeddings:
    rows = np.random.default_rng(seed).normal(size=(count, dimension))
    unit: Embeddings = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return unit


def people_of(seed: int, count: int) -> Labels:
    return np.random.default_rng(seed).integers(0, 5, size=count).astype(np.int64)


def test_distances_are_the_squared_l2_of_each_two_rows() -> None:
    a, b = unit_vectors(1, 7), unit_vectors(2, 9)
    expected = [[loops.squared_distance(x, y) for y in b.tolist()] for x in a.tolist()]

    np.testing.assert_allclose(squared_distances(a, b), expected, atol=1e-14)
    np.testing.assert_allclose(row_distances(a, b[:7]), np.diagonal(np.array(expected)), atol=1e-14)


def test_opposite_vectors_are_4_apart_and_equal_ones_0() -> None:
    axis = np.eye(1, 128, dtype=np.float32)

    assert squared_distances(axis, np.concatenate([axis, -axis])).tolist() == [[0.0, 4.0]]
    assert row_distances(axis, -axis).tolist() == [4.0]


@pytest.mark.parametrize("block", [1, 3, 16, 100])
@pytest.mark.parametrize("seed", range(5))
def test_counts_over_all_pairs_are_those_of_nested_loops(seed: int, block: int) -> None:
    vectors, people = unit_vectors(seed, 40), people_of(seed, 40)
    mated, non_mated = loops.pairs(vectors.tolist(), people.tolist())

    curve = all_pairs_curve(vectors, people, block=block)

    assert (curve.mated, curve.non_mated) == (len(mated), len(non_mated))
    for tau, matches, false_matches in zip(curve.taus, curve.mated_matches, curve.non_mated_matches, strict=True):
        assert matches == sum(1 for distance in mated if distance <= tau)
        assert false_matches == sum(1 for distance in non_mated if distance <= tau)


def test_pairs_that_tie_exactly_at_a_step_of_the_grid_are_matches_there() -> None:
    # Axis vectors: equal ones are 0 apart, different axes exactly 2, opposite ones exactly 4.
    eye = np.eye(4, dtype=np.float32)
    vectors = np.stack([eye[0], eye[0], eye[1], -eye[0]])
    curve = all_pairs_curve(vectors, np.array([0, 0, 1, 1]))

    assert curve.taus.tolist() == [0.0, 2.0, 4.0]
    assert curve.mated_matches.tolist() == [1, 2, 2]
    assert curve.non_mated_matches.tolist() == [0, 2, 4]


def test_a_distance_just_above_a_step_is_no_match_at_that_step() -> None:
    angle = np.arccos(1 - GRID * 1.0001 / 2)
    vectors = np.array([[1.0, 0.0], [np.cos(angle), np.sin(angle)], [-1.0, 0.0]])
    curve = all_pairs_curve(vectors, np.array([0, 0, 1]))

    assert curve.at(GRID).fnmr == 1.0
    assert curve.at(2 * GRID).fnmr == 0.0


def test_progress_adds_up_to_the_number_of_rows() -> None:
    done: list[int] = []
    all_pairs_curve(unit_vectors(0, 10), np.array([0, 1] * 5), block=4, progress=done.append)

    assert done == [4, 4, 2]


def test_people_that_do_not_fit_the_embeddings_are_refused() -> None:
    with pytest.raises(ValueError, match="need as many people"):
        all_pairs_curve(unit_vectors(0, 4), np.array([0, 1, 0]))


def test_people_with_one_photo_each_have_no_error_rates() -> None:
    with pytest.raises(ValueError, match="at least one mated"):
        all_pairs_curve(unit_vectors(0, 3), np.array([0, 1, 2]))
