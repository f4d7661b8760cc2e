"""Runs that fit."""

import pytest

from faces.services.runs import runs


@pytest.mark.parametrize(
    ("sizes", "cut"),
    [
        ([], []),
        ([1], [[1]]),
        ([1, 1, 1, 1], [[1, 1, 1], [1]]),  # no more than three
        ([4, 6, 1], [[4, 6], [1]]),  # exactly the limit fits
        ([4, 7, 1], [[4], [7, 1]]),
        ([11, 1], [[11], [1]]),  # too large for any run: one of its own
        ([1, 11], [[1], [11]]),
        ([0, 0, 0, 0], [[0, 0, 0], [0]]),
    ],
)
def test_items_are_cut_into_runs_in_their_order(sizes: list[int], cut: list[list[int]]) -> None:
    assert list(runs(sizes, most=3, size_of=lambda size: size, limit=10)) == cut
