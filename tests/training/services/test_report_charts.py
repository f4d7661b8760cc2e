"""The charts of a report: each curve holds the figures, and the table beside it says the same."""

from dataclasses import replace

import pytest

from tests.training.measured import made
from training.metrics.figures import Figures
from training.services.charts import Chart, Line, spread
from training.services.report_charts import recognition_charts, verification_charts
from training.services.report_summary import at_fmr, confused_at_tau, group_tables, headlines, opposite, sizes_at_tau
from training.services.report_words import percent, rate_at


@pytest.fixture(scope="module")
def figures() -> Figures:
    return made()


def charts_of(figures: Figures) -> dict[str, Chart]:
    charts = [
        *verification_charts(figures, figures.person, key="person", whom="a person"),
        *verification_charts(figures, figures.photo, key="photo", whom="a single photo"),
        *recognition_charts(figures),
    ]
    return {chart.key: chart for chart in charts}


def test_every_chart_has_a_key_of_its_own_and_lists_of_one_length(figures: Figures) -> None:
    charts = charts_of(figures)
    assert len(charts) == 12
    for chart in charts.values():
        for line in chart.lines:
            assert len(line.x) == len(line.y)
            assert {len(line.low), len(line.high), len(line.people), len(line.taus)} <= {0, len(line.x)}


def test_curves_over_tau_hold_the_series(figures: Figures) -> None:
    false, missed = charts_of(figures)["person-rates"].lines
    assert false.x == pytest.approx(figures.taus, rel=1e-4)
    assert false.y == pytest.approx(figures.person.fmr.value, rel=1e-4)
    assert missed.high == pytest.approx(figures.person.fnmr.high, rel=1e-4)
    assert missed.people == figures.person.fnmr.people


def test_a_det_curve_is_one_rate_over_the_other_where_both_were_seen(figures: Figures) -> None:
    for key, verification in (("person", figures.person), ("photo", figures.photo)):
        (line,) = charts_of(figures)[f"{key}-det"].lines
        expected = [
            (fmr, fnmr, tau)
            for tau, fmr, fnmr in zip(figures.taus, verification.fmr.value, verification.fnmr.value, strict=True)
            if fmr > 0 and fnmr > 0
        ]
        assert len(expected) > 5
        for got, wanted in zip(zip(line.x, line.y, line.taus, strict=True), expected, strict=True):
            assert got == pytest.approx(wanted, rel=1e-4)


def test_tau_in_force_is_marked_where_its_rates_are(figures: Figures) -> None:
    charts = charts_of(figures)
    (line,) = charts["person-rates"].marks
    assert (line.x, line.y) == (figures.tau["verification"], None)
    (point,) = charts["recognition-det"].marks
    tau = figures.tau["recognition"]
    assert point.x == rate_at(figures.recognition.fpir, figures.taus, tau).value
    assert point.y == rate_at(figures.recognition.fnir, figures.taus, tau).value


def test_without_a_tau_nothing_is_marked(figures: Figures) -> None:
    assert all(not chart.marks for chart in charts_of(replace(figures, tau={})).values())


def test_sizes_name_their_number_and_say_what_is_projected(figures: Figures) -> None:
    lines = charts_of(figures)["recognition-sizes"].lines
    own = figures.recognition.size
    dashed = {line.name for line in lines if line.is_dashed}
    assert {f"{own * factor:,} people (projected)" for factor in (2, 10, 100)} == dashed
    assert f"{own:,} people (all)" in {line.name for line in lines}
    assert len({line.name for line in lines}) == len(lines)


def test_missed_people_are_drawn_for_the_same_sizes_in_the_same_colors(figures: Figures) -> None:
    charts = charts_of(figures)
    strangers, missed = charts["recognition-sizes"].lines, charts["recognition-sizes-missed"].lines
    assert [(line.name, line.color, line.is_dashed) for line in missed] == [
        (line.name, line.color, line.is_dashed) for line in strangers
    ]
    series = {f"{at.size:,} people (projected)": at.fnir for at in figures.recognition.sizes if at.is_projected}
    for line in missed:
        if line.is_dashed:
            assert line.y == pytest.approx(series[line.name].value, rel=1e-4)
    assert next(line for line in missed if "all" in line.name).y == pytest.approx(
        figures.recognition.fnir.value, rel=1e-4
    )


def test_the_table_behind_a_chart_says_what_it_shows(figures: Figures) -> None:
    chart = charts_of(figures)["person-rates"]
    table = chart.table
    assert table.headings[1:] == [line.name for line in chart.lines]
    assert 2 <= len(table.rows) <= 16
    for column, line in enumerate(chart.lines, start=1):
        shown = {(f"{x:.3f}", percent(y)) for x, y in zip(line.x, line.y, strict=True)}
        assert {(row[0], row[column].partition(" (")[0]) for row in table.rows} <= shown


def test_curves_with_places_of_their_own_are_listed_one_after_the_other(figures: Figures) -> None:
    chart = charts_of(figures)["recognition-det"]
    other = Line("Another", "Another", 2, [0.5], [0.25])
    both = replace(chart, lines=[replace(chart.lines[0], taus=[]), other])
    assert both.table.rows[-1] == ["50 %", "Another", "25 %"]


def test_axes_hold_every_rate_that_was_seen(figures: Figures) -> None:
    for chart in charts_of(figures).values():
        for line in chart.lines:
            assert max(line.y, default=0) <= chart.y.high
            assert all(y == 0 or y >= chart.y.low for y in line.y)


def test_spread_keeps_the_ends() -> None:
    assert spread(range(100), 4) == [0, 33, 66, 99]
    assert spread([1, 2], 4) == [1, 2]
    assert spread([], 4) == []


def test_headlines_are_the_rates_at_the_taus_in_force(figures: Figures) -> None:
    recognition, verification = headlines(figures)
    assert [said.name for said in recognition.rates] == ["FPIR", "FNIR"]
    tau = figures.tau["verification"]
    assert verification.tau == tau
    assert verification.rates[0].rate == rate_at(figures.person.fmr, figures.taus, tau)
    assert headlines(replace(figures, tau={}))[0].rates == ()


def test_tar_is_what_fnmr_leaves_with_its_interval_turned_round(figures: Figures) -> None:
    row = next(row for row in at_fmr(figures.person) if row.missed is not None and row.missed.people)
    assert row.missed is not None
    assert row.found is not None
    missed, found = row.missed, opposite(row.missed)
    assert row.found == found
    assert found.value is not None
    assert found.low is not None
    assert found.value + (missed.value or 0) == pytest.approx(1)
    assert found.low + (missed.high or 0) == pytest.approx(1)


def test_a_rate_of_too_few_people_is_doubted_by_name(figures: Figures) -> None:
    row = at_fmr(figures.person)[-1]
    assert not row.is_sure
    assert any(doubt.startswith("FMR: ") for doubt in row.doubts)


def test_sizes_at_tau_ascend_and_hold_the_gallery_s_own_once(figures: Figures) -> None:
    rows = sizes_at_tau(figures)
    sizes = [row.size for row in rows]
    assert sizes == sorted(set(sizes))
    assert [row.size for row in rows if row.is_own] == [figures.recognition.size]
    rates = [row.fpir.value or 0 for row in rows]
    assert rates == sorted(rates)
    tau = figures.tau["recognition"]
    missed = [row.fnir.value or 0 for row in rows]
    assert missed == sorted(missed)
    assert next(row.fnir for row in rows if row.is_own) == rate_at(figures.recognition.fnir, figures.taus, tau)
    first = [row.first.value or 0 for row in rows]
    assert first == sorted(first, reverse=True)
    assert next(row.first.value for row in rows if row.is_own) == figures.recognition.ranks.value[0]
    assert all((row.first.low or 0) <= (row.first.value or 0) <= (row.first.high or 0) for row in rows)
    assert sizes_at_tau(replace(figures, tau={})) == []


def test_groups_stand_by_field_with_quality_last(figures: Figures) -> None:
    tables = group_tables(figures)
    assert [table.field for table in tables] == ["site", ""]
    assert {group.value for group, _ in tables[0].rows} == {"north", "south"}
    group, cells = tables[0].rows[0]
    assert [cell.rate for cell in cells] == [group.rates.get(cell.name) for cell in cells]


def test_pairs_within_tau_are_counted_at_the_tau_in_force(figures: Figures) -> None:
    place = max(place for place, tau in enumerate(figures.taus) if tau <= figures.tau["verification"])
    assert confused_at_tau(figures) == figures.confused[place]
    assert confused_at_tau(replace(figures, tau={})) is None
