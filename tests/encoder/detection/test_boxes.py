import numpy as np
import numpy.typing as npt
import pytest

from encoder.detection.boxes import (
    BLOCK,
    Boxes,
    Overlap,
    Scores,
    non_maximum_suppression,
    overlaps,
    regress,
    to_squares,
)


def boxes_of(*rows: tuple[float, float, float, float]) -> Boxes:
    return np.array(rows, dtype=np.float32)


def overlap_by_definition(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32], kind: Overlap) -> np.float32:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    common = max(width, np.float32(0)) * max(height, np.float32(0))
    area = (one[2] - one[0]) * (one[3] - one[1])
    other_area = (other[2] - other[0]) * (other[3] - other[1])
    return np.float32(common / (area + other_area - common if kind is Overlap.UNION else min(area, other_area)))


def suppression_by_loops(
    boxes: Boxes, scores: Scores, threshold: float, kind: Overlap, groups: npt.NDArray[np.int64] | None
) -> list[int]:
    """The definition: take the best that is left (of equals the first), remove what it overlaps too much."""
    left = list(range(len(boxes)))
    kept = []
    while left:
        best = left[0]
        for index in left:
            if scores[index] > scores[best]:
                best = index
        kept.append(best)
        remaining = []
        for index in left:
            same_group = groups is None or groups[index] == groups[best]
            removed = same_group and overlap_by_definition(boxes[best], boxes[index], kind) > threshold
            if index != best and not removed:
                remaining.append(index)
        left = remaining
    return kept


def random_boxes(generator: np.random.Generator, count: int) -> Boxes:
    corner = generator.integers(0, 60, (count, 2))
    size = generator.integers(1, 40, (count, 2))
    return np.concatenate([corner, corner + size], axis=1).astype(np.float32)


def test_overlaps_agree_with_their_definition() -> None:
    generator = np.random.default_rng(0)
    boxes, others = random_boxes(generator, 20), random_boxes(generator, 30)
    for kind in Overlap:
        matrix = overlaps(boxes, others, kind)
        for i in range(20):
            for j in range(30):
                assert matrix[i, j] == pytest.approx(overlap_by_definition(boxes[i], others[j], kind))


def test_boxes_that_only_touch_do_not_overlap() -> None:
    for kind in Overlap:
        assert overlaps(boxes_of((0, 0, 10, 10)), boxes_of((10, 0, 20, 10), (10, 10, 20, 20)), kind).tolist() == [
            [0, 0]
        ]


def test_a_box_within_another_overlaps_it_wholly_by_the_smaller_area() -> None:
    outer, inner = boxes_of((0, 0, 10, 10)), boxes_of((2, 2, 4, 4))
    assert overlaps(outer, inner, Overlap.SMALLER)[0, 0] == 1
    assert overlaps(outer, inner, Overlap.UNION)[0, 0] == pytest.approx(0.04)


@pytest.mark.parametrize("kind", Overlap)
@pytest.mark.parametrize("levels", [1, 3, 1000], ids=["all tied", "many ties", "few ties"])
@pytest.mark.parametrize("grouped", [True, False])
def test_suppression_agrees_with_nested_loops(kind: Overlap, levels: int, grouped: bool) -> None:
    generator = np.random.default_rng(levels)
    for count in (1, 2, 5, 40, 120):
        boxes = random_boxes(generator, count)
        scores = (generator.integers(0, levels, count) / levels).astype(np.float32)
        groups = generator.integers(0, 3, count) if grouped else None
        for threshold in (0.0, 0.3, 0.7):
            kept = non_maximum_suppression(boxes, scores, threshold, kind=kind, groups=groups)
            assert kept.tolist() == suppression_by_loops(boxes, scores, threshold, kind, groups)


def test_suppression_of_more_boxes_than_a_block_agrees_with_nested_loops() -> None:
    generator = np.random.default_rng(5)
    boxes = random_boxes(generator, BLOCK + 150)
    scores = (generator.integers(0, 50, len(boxes)) / 50).astype(np.float32)
    kept = non_maximum_suppression(boxes, scores, 0.4)
    assert kept.tolist() == suppression_by_loops(boxes, scores, 0.4, Overlap.UNION, None)


def test_of_equal_boxes_with_equal_scores_the_first_stays() -> None:
    boxes = boxes_of((0, 0, 10, 10), (0, 0, 10, 10), (0, 0, 10, 10))
    assert non_maximum_suppression(boxes, np.full(3, 0.5, np.float32), 0.5).tolist() == [0]


def test_a_removed_box_removes_nothing() -> None:
    # a row of boxes, each overlapping the next by a half: the second goes, so the third stays
    boxes = boxes_of((0, 0, 20, 10), (10, 0, 30, 10), (20, 0, 40, 10), (30, 0, 50, 10))
    scores = np.array([0.9, 0.8, 0.7, 0.6], dtype=np.float32)
    assert non_maximum_suppression(boxes, scores, 0.3).tolist() == [0, 2]


def test_an_overlap_of_exactly_the_threshold_removes_nothing() -> None:
    boxes = boxes_of((0, 0, 10, 10), (0, 0, 10, 5))  # a half by the union
    scores = np.array([0.9, 0.8], dtype=np.float32)
    assert non_maximum_suppression(boxes, scores, 0.5).tolist() == [0, 1]
    assert non_maximum_suppression(boxes, scores, 0.499).tolist() == [0]


def test_boxes_of_different_groups_leave_each_other_alone() -> None:
    boxes = boxes_of((0, 0, 10, 10), (0, 0, 10, 10))
    scores = np.array([0.5, 0.9], dtype=np.float32)
    assert non_maximum_suppression(boxes, scores, 0.5, groups=np.array([0, 1])).tolist() == [1, 0]


def test_of_no_boxes_none_stays() -> None:
    assert non_maximum_suppression(boxes_of().reshape(0, 4), np.empty(0, np.float32), 0.5).tolist() == []


def test_edges_move_in_shares_of_width_and_height() -> None:
    moved = regress(boxes_of((10, 20, 30, 60)), np.array([[0.1, -0.1, 0.5, 0.25]], dtype=np.float32))
    assert moved.tolist() == [[12, 16, 40, 70]]


@pytest.mark.parametrize(
    ("box", "square"),
    [
        ((10, 10, 30, 20), (10, 5, 30, 25)),
        ((10, 10, 20, 30), (5, 10, 25, 30)),
        ((0.4, 0.4, 10.4, 10.4), (0, 0, 10, 10)),
        ((-20, -20, -10, 0), (-25, -20, -5, 0)),
        ((5, 5, 5.2, 5.2), (5, 5, 6, 6)),
    ],
)
def test_a_square_has_the_longer_side_and_whole_pixels(
    box: tuple[float, float, float, float], square: tuple[float, float, float, float]
) -> None:
    assert to_squares(boxes_of(box)).tolist() == [list(square)]
