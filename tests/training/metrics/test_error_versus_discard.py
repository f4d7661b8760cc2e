"""Error versus discard, against its definition."""

import numpy as np
import pytest

from training.metrics.error_versus_discard import error_versus_discard

SHARES = (0.0, 0.01, 0.1, 0.25, 0.5, 0.9, 1.0)


def by_loops(
    quality: list[float], pairs: list[tuple[int, int]], errors: list[bool], share: float
) -> tuple[int, int, int]:
    """Faces, comparisons and errors that are left once the worst faces are gone, one after the other."""
    left = set(range(len(quality)))
    for _ in range(int(share * len(quality))):
        left.remove(min(left, key=lambda face: quality[face]))
    kept = [error for (a, b), error in zip(pairs, errors, strict=True) if a in left and b in left]
    return len(left), len(kept), sum(kept)


@pytest.mark.parametrize("seed", range(20))
def test_the_points_are_those_that_loops_find(seed: int) -> None:
    rng = np.random.default_rng(seed)
    faces = int(rng.integers(2, 60))
    quality = rng.permutation(faces) / faces
    pairs = np.array([(i, j) for i in range(faces) for j in range(i) if rng.random() < 0.4] or [(1, 0)])
    errors = rng.random(len(pairs)) < 0.3

    points = error_versus_discard(quality, pairs, errors, SHARES)

    for share, point in zip(SHARES, points, strict=True):
        expected = by_loops(quality.tolist(), [(a, b) for a, b in pairs.tolist()], errors.tolist(), share)
        assert (point.faces, point.comparisons, point.errors) == expected
        assert point.dropped == share


def test_a_comparison_goes_with_the_worse_of_its_faces() -> None:
    # face 0 is the worst; it is in two of the three comparisons, first or second
    pairs = np.array([(0, 1), (2, 0), (1, 2)])
    _, point = error_versus_discard([0.1, 0.5, 0.9], pairs, np.array([True, False, False]), [0, 1 / 3])

    assert (point.faces, point.comparisons, point.errors) == (2, 1, 0)
    assert point.rate == 0


def test_a_quality_that_knows_the_bad_face_brings_the_error_down_and_its_opposite_brings_it_up() -> None:
    pairs = np.array([(0, 1), (1, 2), (2, 3), (0, 3), (1, 3)])
    errors = np.array([True, False, False, True, False])  # those of face 0

    knows = [point.rate for point in error_versus_discard([0.0, 0.7, 0.8, 0.9], pairs, errors, [0, 0.25])]
    opposite = [point.rate for point in error_versus_discard([1.0, 0.3, 0.2, 0.1], pairs, errors, [0, 0.25])]

    assert knows == [0.4, 0.0]
    assert opposite == [0.4, 0.5]


def test_a_share_of_less_than_a_face_drops_none() -> None:
    pairs, errors = np.array([(0, 1)]), np.array([True])

    assert error_versus_discard([1, 2], pairs, errors, [0.49])[0].faces == 2
    assert error_versus_discard([1, 2], pairs, errors, [0.5])[0].faces == 1


def test_where_nothing_is_left_there_is_no_rate() -> None:
    point = error_versus_discard([1, 2], np.array([(0, 1)]), np.array([True]), [1.0])[0]

    assert (point.faces, point.comparisons, point.rate) == (0, 0, None)


def test_equal_qualities_say_nothing_although_the_bad_faces_come_first() -> None:
    pairs = np.array([(2 * i, 2 * i + 1) for i in range(2000)])
    errors = np.arange(2000) < 500  # all of them among the first faces

    first, half = error_versus_discard(np.zeros(4000), pairs, errors, [0, 0.5])

    assert first.rate == 0.25
    assert half.rate == pytest.approx(0.25, abs=0.06)


def test_equal_qualities_give_the_same_answer_each_time() -> None:
    pairs, errors = np.array([(0, 1), (2, 3), (4, 5)]), np.array([True, False, False])

    assert error_versus_discard(np.zeros(6), pairs, errors, [0.3]) == error_versus_discard(
        np.zeros(6), pairs, errors, [0.3]
    )


@pytest.mark.parametrize(
    ("quality", "pairs", "errors", "share", "words"),
    [
        ([1.0, float("nan")], [(0, 1)], [True], 0, "finite"),
        ([[1.0, 2.0]], [(0, 1)], [True], 0, "a row"),
        ([1.0, 2.0], [(0, 1, 1)], [True], 0, "(P, 2)"),
        ([1.0, 2.0], [(0, 1)], [True, False], 0, "(P,)"),
        ([1.0, 2.0], [(0, 1)], [True], 1.1, "between 0 and 1"),
        ([1.0, 2.0], [(0, 1)], [True], -0.1, "between 0 and 1"),
    ],
)
def test_what_does_not_fit_is_refused(
    quality: list[float], pairs: list[tuple[int, ...]], errors: list[bool], share: float, words: str
) -> None:
    with pytest.raises(ValueError, match=r"\b") as caught:
        error_versus_discard(quality, np.array(pairs), np.array(errors), [share])

    assert words in str(caught.value)
