"""What a chart shows, for whoever draws it: a browser, a picture in a file, or a table beside it."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from training.services.report_words import percent

TABLE_ROWS = 16
"""Of the table behind a chart; the exports have every point."""

SMALLEST = 1e-7
"""Where a logarithmic axis ends in any case."""


class Kind(StrEnum):
    """What the numbers of an axis are."""

    DISTANCE = "distance"
    RATE = "rate"
    COUNT = "count"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis, from `low` to `high`."""

    title: str
    kind: Kind
    low: float
    high: float
    is_log: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One curve. Everything but `name`, `color` and the flags is parallel to `x`, or empty.

    Attributes:
        name: for the legend.
        short: what a value of it is called.
        color: 1 to 6.
        low, high: the limits of the 95 % interval, drawn as a band.
        people: how many people had an error.
        taus: where x is no distance: the tau of each point.
        notes: what else there is to say of each point.
        is_dashed: projected, not counted.
        is_steps: y holds from its x to the next; the area below is filled.
    """

    name: str
    short: str
    color: int
    x: list[float]
    y: list[float]
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    people: list[int] = field(default_factory=list)
    taus: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    is_dashed: bool = False
    is_steps: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """Something to be seen at a place: a vertical line, or with `y` a point."""

    name: str
    x: float
    y: float | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture.

    Attributes:
        key: unique on a page.
        text: what it shows, for whoever does not know such charts.
    """

    key: str
    title: str
    text: str
    x: Axis
    y: Axis
    lines: list[Line]
    marks: list[Mark] = field(default_factory=list)

    @property
    def id(self) -> str:
        """Of the element that holds it on a page."""
        return f"chart-{self.key}"

    @property
    def table(self) -> "ChartTable":
        """The chart in numbers."""
        return table_of(self)

    @property
    def has_interval(self) -> bool:
        """Whether a line has a band."""
        return any(line.high for line in self.lines)


@dataclass(frozen=True, slots=True)
class ChartTable:
    """Some rows of what a chart shows, in words."""

    headings: list[str]
    rows: list[list[str]]


def table_of(chart: Chart) -> ChartTable:
    """Return a chart as a table: a row for each of some values of x, a column for each line."""
    lines = chart.lines
    same_x = all(line.x == lines[0].x for line in lines)
    if not same_x:
        headings = [chart.x.title, "Curve", chart.y.title]
        return ChartTable(headings, [row for line in lines for row in _rows_of([line], chart, with_name=True)])
    has_tau = any(line.taus for line in lines)
    headings = [chart.x.title, *(["tau"] if has_tau else []), *(line.name for line in lines)]
    return ChartTable(headings, _rows_of(lines, chart, with_name=False))


def _rows_of(lines: Sequence[Line], chart: Chart, *, with_name: bool) -> list[list[str]]:
    first = lines[0]
    inside = [place for place, x in enumerate(first.x) if chart.x.low <= x <= chart.x.high]
    rows = []
    for place in spread(inside, TABLE_ROWS):
        row = [words_on(chart.x.kind, first.x[place])]
        row += [words_on(Kind.DISTANCE, first.taus[place])] if first.taus else []
        row += [first.name] if with_name else []
        rows.append(row + [_cell(line, place, chart.y.kind) for line in lines])
    return rows


def _cell(line: Line, place: int, kind: Kind) -> str:
    value = words_on(kind, line.y[place])
    if line.notes:
        return f"{value}, {line.notes[place]}"
    if not line.high:
        return value
    return f"{value} ({words_on(kind, line.low[place])} to {words_on(kind, line.high[place])})"


def words_on(kind: Kind, value: float) -> str:
    """Return a value of an axis in words."""
    if kind is Kind.RATE:
        return percent(value)
    if kind is Kind.NUMBER:
        return f"{value:.3g}"
    return f"{value:.3f}" if kind is Kind.DISTANCE else f"{value:,.0f}"


def spread(places: Sequence[int], most: int) -> list[int]:
    """Return at most so many of them, evenly spread, with the first and the last."""
    if len(places) <= most:
        return list(places)
    step = (len(places) - 1) / (most - 1)
    return [places[round(step * number)] for number in range(most)]


def log_floor(values: Iterable[float]) -> float:
    """Return the power of ten at or below the smallest positive value, where a logarithmic axis begins."""
    positive = [value for value in values if value > 0]
    smallest = max(min(positive, default=1e-3), SMALLEST)
    return float(10.0 ** min(math.floor(math.log10(smallest) + 1e-9), -1))


def rounded(values: Iterable[float]) -> list[float]:
    """Return values with as many digits as a picture can show."""
    return [float(f"{value:.5g}") for value in values]
