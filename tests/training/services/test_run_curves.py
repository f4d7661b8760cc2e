"""The curves of runs: what is drawn of whom, and where the axes end."""

from itertools import pairwise

import pytest

from training.models import EpochRecord
from training.services.charts import Chart, Line
from training.services.run_curves import POINTS, Trace, curves_of


def record(number: int, **values: object) -> EpochRecord:
    return EpochRecord(number=number, **values)


def charts(*traces: Trace) -> dict[str, Chart]:
    return {chart.key.removeprefix("run-"): chart for chart in curves_of(traces)}


def points(line: Line) -> list[tuple[float, float]]:
    return list(zip(line.x, line.y, strict=True))


def judged(number: int, eer: float, plain: float | None = None) -> EpochRecord:
    plain = eer if plain is None else plain
    return record(
        number, held_out_eer=eer, plain_eer=plain, held_out_tar=1 - eer, plain_tar=1 - plain, held_out_fmr=0.001
    )


def test_a_run_without_epochs_has_all_pictures_and_no_line() -> None:
    drawn = charts(Trace("Run 1", [], None))
    assert set(drawn) == {"eer", "tar", "loss", "active", "distances", "drift"}
    assert all(not chart.lines and chart.x.high == 1 and chart.y.high == 1 for chart in drawn.values())


def test_curves_within_epochs_go_on_from_epoch_to_epoch() -> None:
    records = [
        record(0),
        record(1, steps=4, loss=0.5, triplets=10, active=5, curve=[[2, 0.6, 0.7], [4, 0.4, 0.3]]),
        record(2, steps=4, loss=0.2, triplets=10, active=1, curve=[[6, 0.3, None], [8, 0.1, 0.1]]),
    ]
    drawn = charts(Trace("Run 1", records, 2))
    assert points(drawn["loss"].lines[0]) == [(2, 0.6), (4, 0.4), (6, 0.3), (8, 0.1)]
    assert points(drawn["active"].lines[0]) == [(2, 0.7), (4, 0.3), (8, 0.1)]


def test_an_epoch_without_points_has_its_mean_at_its_end() -> None:
    records = [record(0), record(1, steps=5, loss=0.5, triplets=10, active=5), record(2, steps=5, triplets=0)]
    drawn = charts(Trace("Run 1", records, None))
    assert points(drawn["loss"].lines[0]) == [(5, 0.5)]
    assert points(drawn["active"].lines[0]) == [(5, 0.5)]


def test_long_curves_are_thinned_out() -> None:
    curve = [[step, 0.5, 0.5] for step in range(1, 3 * POINTS + 2)]
    drawn = charts(Trace("Run 1", [record(1, steps=len(curve), curve=curve)], None))
    steps = drawn["loss"].lines[0].x
    assert POINTS / 2 < len(steps) <= POINTS
    assert {late - early for early, late in pairwise(steps)} == {4}


def test_watched_people_have_one_line_where_photos_are_as_they_are_and_two_where_they_are_made_poorer() -> None:
    alike = charts(Trace("Run 1", [judged(0, 0.2), judged(1, 0.1)], 1))
    assert [(line.name, points(line)) for line in alike["eer"].lines] == [("Watched people", [(0, 0.2), (1, 0.1)])]
    poorer = charts(Trace("Run 1", [judged(0, 0.2, 0.02), judged(1, 0.1, 0.03)], 1))
    assert [(line.name, line.y) for line in poorer["eer"].lines] == [
        ("Poor copies", [0.2, 0.1]),
        ("Photos as they are", [0.02, 0.03]),
    ]
    assert poorer["tar"].title == "True claims accepted (TAR) at FMR 0.1 %"


def test_the_best_epoch_is_marked_where_it_was_chosen() -> None:
    drawn = charts(Trace("Run 1", [judged(0, 0.2), judged(1, 0.1), judged(2, 0.15)], 1))
    assert [(mark.name, mark.x) for mark in drawn["eer"].marks] == [("best", 1)]
    assert drawn["loss"].marks == []


def test_runs_over_each_other_have_a_color_each_and_their_second_curves_are_dashed() -> None:
    one = Trace("Run 1", [judged(0, 0.2, 0.02), judged(1, 0.1, 0.02)], 1)
    two = Trace("Run 2", [judged(0, 0.2), judged(1, 0.15)], 1)
    lines = charts(two, one)["eer"].lines
    assert [(line.name, line.is_dashed) for line in lines] == [
        ("Run 2", False),
        ("Run 1, poor copies", False),
        ("Run 1, photos as they are", True),
    ]
    assert lines[0].color != lines[1].color == lines[2].color
    assert charts(two, one)["eer"].marks == []


@pytest.mark.parametrize(
    ("highest", "end"), [(0.36, 0.4), (0.0262, 0.03), (0.99, 1.0), (0.141, 0.2), (0.1, 0.12), (1.0, 1.0)]
)
def test_an_axis_of_rates_ends_at_a_round_number_above_the_highest_point(highest: float, end: float) -> None:
    drawn = charts(Trace("Run 1", [judged(0, highest)], None))
    assert drawn["eer"].y.high == pytest.approx(end)


def test_an_axis_of_shares_far_from_0_begins_below_the_lowest() -> None:
    assert charts(Trace("Run 1", [judged(0, 0.02)], None))["tar"].y.low == pytest.approx(0.8)
    assert charts(Trace("Run 1", [judged(0, 0.55)], None))["tar"].y.low == 0
