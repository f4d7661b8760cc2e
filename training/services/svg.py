"""Charts as SVG, for files that open anywhere. Colors are the classes c1 to c6 of the page around them."""

import math
from collections.abc import Iterable, Sequence

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from training.services.charts import Axis, Chart, Kind, Line, Mark, spread, words_on
from training.services.report_words import percent

WIDTH, HEIGHT = 660, 400
LEFT, RIGHT, BOTTOM = 78, 18, 54
LEGEND_ROW = 19
TICKS = 6
MOST_DECADES = 8
HOVER_POINTS = 40
NEAR_EDGE = 140

Point = tuple[float, float]


class _Frame:
    """Where values lie in the picture, in its pixels from the upper left corner."""

    def __init__(self, chart: Chart) -> None:
        """Leave room for the legend above the axes."""
        self.x, self.y = chart.x, chart.y
        self.left, self.right = LEFT, WIDTH - RIGHT
        self.top, self.bottom = 14 + LEGEND_ROW * len(chart.lines), HEIGHT + LEGEND_ROW * len(chart.lines) - BOTTOM
        self.height = self.bottom + BOTTOM

    def at(self, x: float, y: float) -> Point:
        """Return a place; what lies below a logarithmic axis is put on its edge."""
        across = self.left + _share(self.x, x) * (self.right - self.left)
        up = self.bottom - _share(self.y, y) * (self.bottom - self.top)
        return across, up


def _share(axis: Axis, value: float) -> float:
    """Return how far along an axis a value lies, 0 to 1 within it."""
    if axis.is_log:
        low, high = math.log10(axis.low), math.log10(axis.high)
        return (math.log10(max(value, axis.low)) - low) / (high - low)
    return (value - axis.low) / ((axis.high - axis.low) or 1)


def svg(chart: Chart) -> SafeString:
    """Return a chart as an `<svg>` element with axes, bands, legend, and titles to hover over."""
    frame = _Frame(chart)
    clip = f"clip-{chart.key}"
    inside = f'width="{frame.right - frame.left}" height="{frame.bottom - frame.top}"'
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {frame.height}" role="img" aria-labelledby="title-{chart.key}">',
        f'<title id="title-{chart.key}">{escape(chart.title)}</title>',
        f'<clipPath id="{clip}"><rect x="{frame.left}" y="{frame.top}" {inside}/></clipPath>',
        *_axes(frame),
        *(_legend(line, number) for number, line in enumerate(chart.lines)),
        f'<g clip-path="url(#{clip})">',
        *(_band(frame, line) for line in chart.lines if line.high),
        *(_curve(frame, line) for line in chart.lines if line.x),
        "</g>",
        *(part for mark in chart.marks for part in _mark(frame, mark)),
        *(part for line in chart.lines for part in _hovers(frame, chart, line)),
        "</svg>",
    ]
    # Every text in it went through `escape`; the rest are numbers.
    return mark_safe("".join(parts))  # noqa: S308


def _axes(frame: _Frame) -> Iterable[str]:
    for value in ticks(frame.x):
        x, _ = frame.at(value, frame.y.low)
        yield f'<path class="grid" d="M{x:.1f} {frame.top}V{frame.bottom}"/>'
        yield _text("tick", x, frame.bottom + 18, "middle", _tick(frame.x, value))
    for value in ticks(frame.y):
        _, y = frame.at(frame.x.low, value)
        yield f'<path class="grid" d="M{frame.left} {y:.1f}H{frame.right}"/>'
        yield _text("tick", frame.left - 8, y + 4, "end", _tick(frame.y, value))
    yield f'<path class="axis" d="M{frame.left} {frame.top}V{frame.bottom}H{frame.right}"/>'
    middle = (frame.left + frame.right) / 2
    yield _text("name", middle, frame.bottom + 42, "middle", frame.x.title)
    up = (frame.top + frame.bottom) / 2
    yield (
        f'<text class="name" transform="translate(15 {up}) rotate(-90)" text-anchor="middle">'
        f"{escape(frame.y.title)}</text>"
    )


def _text(css: str, x: float, y: float, anchor: str, words: str) -> str:
    return f'<text class="{css}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def ticks(axis: Axis) -> list[float]:
    """Return where an axis is labeled: powers of ten, or multiples of 1, 2 or 5 times one."""
    if axis.is_log:
        low, high = round(math.log10(axis.low)), round(math.log10(axis.high))
        step = 1 if high - low <= MOST_DECADES else 2
        return [10.0**power for power in range(high, low - 1, -step)][::-1]
    rough = (axis.high - axis.low) / TICKS or 1
    power = 10.0 ** math.floor(math.log10(rough))
    step_size = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    if axis.kind is Kind.COUNT:
        step_size = max(round(step_size), 1)
    first = math.ceil(axis.low / step_size - 1e-9)
    last = math.floor(axis.high / step_size + 1e-9)
    return [round(number * step_size, 10) for number in range(first, last + 1)]


def _tick(axis: Axis, value: float) -> str:
    return percent(value) if axis.kind is Kind.RATE else f"{value:,g}"


def _legend(line: Line, number: int) -> str:
    y = 12 + LEGEND_ROW * number
    return (
        f'<path class="curve c{line.color}{_dashes(line)}" d="M{LEFT} {y - 4}h26"/>'
        f'<text class="legend" x="{LEFT + 34}" y="{y}">{escape(line.name)}</text>'
    )


def _dashes(line: Line) -> str:
    return " dashed" if line.is_dashed else ""


def _band(frame: _Frame, line: Line) -> str:
    upper = [frame.at(x, y) for x, y in zip(line.x, line.high, strict=True)]
    lower = [frame.at(x, y) for x, y in zip(line.x, line.low, strict=True)]
    return f'<path class="band c{line.color}" d="{_path([*upper, *lower[::-1]])}Z"/>'


def _curve(frame: _Frame, line: Line) -> str:
    points = [frame.at(x, y) for x, y in zip(line.x, line.y, strict=True)]
    if not line.is_steps:
        return f'<path class="curve c{line.color}{_dashes(line)}" d="{_path(points)}"/>'
    steps = f"M{points[0][0]:.1f} {frame.bottom}" + "".join(f"H{x:.1f}V{y:.1f}" for x, y in points)
    steps += f"H{points[-1][0] + _width(points):.1f}V{frame.bottom}"
    return f'<path class="area c{line.color}" d="{steps}Z"/><path class="curve c{line.color}" d="{steps}"/>'


def _width(points: Sequence[Point]) -> float:
    return points[-1][0] - points[-2][0] if len(points) > 1 else 1.0


def _path(points: Sequence[Point]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _mark(frame: _Frame, mark: Mark) -> Iterable[str]:
    if not frame.x.low <= mark.x <= frame.x.high:
        return
    x, y = frame.at(mark.x, frame.y.high if mark.y is None else mark.y)
    if mark.y is None:
        yield f'<path class="mark" d="M{x:.1f} {frame.top}V{frame.bottom}"/>'
        y = frame.top + 22
    else:
        yield f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="5"/>'
    is_right = x > frame.right - NEAR_EDGE
    anchor = "end" if is_right else "start"
    yield _text("mark-name", x + (-8 if is_right else 8), y - 8, anchor, mark.name)


def _hovers(frame: _Frame, chart: Chart, line: Line) -> Iterable[str]:
    inside = [place for place, x in enumerate(line.x) if chart.x.low <= x <= chart.x.high]
    for place in spread(inside, HOVER_POINTS):
        x, y = frame.at(line.x[place], line.y[place])
        said = escape(_said(chart, line, place))
        yield f'<circle class="hover" cx="{x:.1f}" cy="{y:.1f}" r="7"><title>{said}</title></circle>'


def _said(chart: Chart, line: Line, place: int) -> str:
    at = f"{chart.x.title.split(' (', maxsplit=1)[0].split(':')[0]} {words_on(chart.x.kind, line.x[place])}"
    words = [at] if not line.taus else [f"tau {line.taus[place]:.3f}", at]
    words.append(f"{line.name.split(':')[0]} {words_on(chart.y.kind, line.y[place])}")
    if line.high:
        low, high = words_on(chart.y.kind, line.low[place]), words_on(chart.y.kind, line.high[place])
        words.append(f"95 % interval {low} to {high}")
    words += [line.notes[place]] if line.notes else []
    return ", ".join(words)
