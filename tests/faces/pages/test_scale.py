"""The picture of a distance."""

import pytest

from faces.views.scale import scale


def test_tau_and_distance_lie_where_their_share_of_the_bar_is() -> None:
    shown = scale(0.1, 0.2)
    assert shown.end == pytest.approx(0.3)
    assert (shown.tau_percent, shown.distance_percent) == (33.33, 66.67)
    assert not shown.is_match
    assert shown.beyond == pytest.approx(0.1)


@pytest.mark.parametrize(("distance", "is_match"), [(0.0, True), (0.1, True), (0.1000001, False)])
def test_a_distance_of_exactly_tau_is_a_match(distance: float, is_match: bool) -> None:
    assert scale(0.1, distance).is_match is is_match


def test_the_bar_holds_any_tau_and_any_distance() -> None:
    for tau in (0.0, 0.001, 0.142, 2.0, 4.0):
        for distance in (None, 0.0, 0.05, 3.9, 4.0):
            shown = scale(tau, distance)
            assert 0 <= shown.tau_percent <= 100
            assert 0 <= shown.distance_percent <= 100
            assert shown.end <= 4


def test_labels_are_kept_from_the_ends() -> None:
    assert scale(0.1, 0.0).distance_edge == "left"
    assert scale(4.0, 4.0).tau_edge == "right"
    assert scale(0.1, 0.15).distance_edge == ""
