"""The curves of training runs: of one, or of several over each other."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from training.models import EpochRecord, TrainingRun
from training.services.charts import Axis, Chart, Kind, Line, Mark, rounded
from training.services.report_words import percent

ROOM = 1.08
"""Between the highest point and the upper end of an axis."""

POINTS = 400
"""Of a curve within epochs; of more every second, third and so on is drawn."""

RUN_COLORS = (2, 1, 3, 4, 5, 6)
"""Of runs that are drawn over each other."""

Points = list[tuple[float, float]]


@dataclass(frozen=True)
class Trace:
    """What a run left behind, epoch by epoch.

    Attributes:
        name: of the run, for legends.
        records: by number; 0 is the parent.
        best: the number of the best epoch so far.
    """

    name: str
    records: Sequence[EpochRecord]
    best: int | None

    @property
    def fmr(self) -> float | None:
        """The FMR at which TAR was counted."""
        return next((each.held_out_fmr for each in self.records if each.held_out_fmr is not None), None)

    @property
    def has_domain(self) -> bool:
        """Whether probes that were changed as the run's augmentation does came to something else than plain ones."""
        judged = (each for each in self.records if each.plain_eer is not None or each.plain_tar is not None)
        return any((each.held_out_eer, each.held_out_tar) != (each.plain_eer, each.plain_tar) for each in judged)


@dataclass(frozen=True)
class _Curve:
    """One line of a picture, of each run."""

    name: str
    short: str
    color: int
    points: Callable[[Trace], Points]


@dataclass(frozen=True)
class _Picture:
    """One picture; `y` has its ends still to come."""

    key: str
    title: str
    text: str
    x: str
    y: Axis
    curves: Sequence[_Curve]
    is_watched: bool = False


def trace_of(run: TrainingRun) -> Trace:
    """Return what a run left behind so far."""
    return Trace(f"Run {run.pk}", list(run.epoch_records.order_by("number")), run.best_epoch)


def curves_of(traces: Sequence[Trace]) -> list[Chart]:
    """Return the pictures of one run, or of several over each other; keys are the same in any case."""
    return [_chart(picture, traces) for picture in (*_watched(traces), *_LEARNED)]


def _of(name: str) -> Callable[[Trace], Points]:
    """Return how to read a field of each epoch that has it."""

    def points(trace: Trace) -> Points:
        values = ((each.number, getattr(each, name)) for each in trace.records)
        return [(float(number), float(value)) for number, value in values if value is not None]

    return points


def _within(place: int, mean: Callable[[EpochRecord], float | None]) -> Callable[[Trace], Points]:
    """Return how to read a curve over steps; an epoch that left none has a point, its mean, at its end."""

    def points(trace: Trace) -> Points:
        found: Points = []
        done = 0
        for record in trace.records:
            done += record.steps
            inside = [(float(point[0]), float(point[place])) for point in record.curve if point[place] is not None]
            value = mean(record)
            found += inside or ([(float(done), value)] if value is not None else [])
        return found[:: max(1, -(-len(found) // POINTS))]

    return points


def _active_share(record: EpochRecord) -> float | None:
    return record.active / record.triplets if record.triplets else None


def _watched(traces: Sequence[Trace]) -> list[_Picture]:
    fmr = next((trace.fmr for trace in traces if trace.fmr is not None), None)
    at = f" at FMR {percent(fmr)}" if fmr is not None else ""
    return [
        _Picture(
            "eer",
            "Equal error rate",
            "Of the watched people, whom nothing is learned from: as many photos of one person taken for two as of two "
            "for one. Less is better. Epoch 0 is the parent.",
            "epoch",
            Axis("EER", Kind.RATE, 0, 0),
            [
                _Curve("Poor copies", "EER", 2, _of("held_out_eer")),
                _Curve("Photos as they are", "EER", 3, _of("plain_eer")),
            ],
            is_watched=True,
        ),
        _Picture(
            "tar",
            f"True claims accepted (TAR){at}",
            "Of the watched people: how many claims to be oneself pass, where so few to be somebody else do. More is "
            "better. Epoch 0 is the parent.",
            "epoch",
            Axis("TAR", Kind.RATE, 0, 0),
            [
                _Curve("Poor copies", "TAR", 2, _of("held_out_tar")),
                _Curve("Photos as they are", "TAR", 3, _of("plain_tar")),
            ],
            is_watched=True,
        ),
    ]


_LEARNED = (
    _Picture(
        "loss",
        "Loss",
        "The mean triplet loss of the triplets that still had one. Each epoch brings new and harder ones, so it need "
        "not fall to nothing.",
        "step",
        Axis("triplet loss", Kind.NUMBER, 0, 0),
        [_Curve("Triplet loss", "loss", 2, _within(1, lambda each: each.loss))],
    ),
    _Picture(
        "active",
        "Active triplets",
        "The share of triplets in which another person is nearer than alpha allows. Near 0 there is little left to "
        "learn.",
        "step",
        Axis("share of triplets", Kind.RATE, 0, 0),
        [_Curve("Active", "active", 3, _within(2, _active_share))],
    ),
    _Picture(
        "distances",
        "Distances while learning",
        "How far a face is from another photo of its person (mated), and from the near face of somebody else "
        "(non-mated) that it was compared with. They are to part.",
        "epoch",
        Axis("mean distance", Kind.DISTANCE, 0, 0),
        [
            _Curve("Same person", "same person", 4, _of("mean_positive_distance")),
            _Curve("Other people", "other people", 1, _of("mean_negative_distance")),
        ],
    ),
    _Picture(
        "drift",
        "Moved from the parent",
        "The mean distance of a face's embedding from what the parent makes of the same face. A jump means that the "
        "learning rate is too high.",
        "epoch",
        Axis("mean distance", Kind.NUMBER, 0, 0),
        [_Curve("From the parent", "moved", 5, _of("parent_loss"))],
    ),
)


def _chart(picture: _Picture, traces: Sequence[Trace]) -> Chart:
    several = len(traces) > 1
    lines = [
        _line(picture, curve, trace, color=RUN_COLORS[place % len(RUN_COLORS)])
        if several
        else _line(picture, curve, trace)
        for place, trace in enumerate(traces)
        for curve in _shown(picture, trace)
    ]
    lines = [line for line in lines if line.x]
    marks = [Mark("best", float(trace.best)) for trace in traces if trace.best is not None]
    last = max((line.x[-1] for line in lines), default=1.0)
    low, high = _ends(picture, lines)
    return Chart(
        key=f"run-{picture.key}",
        title=picture.title,
        text=picture.text,
        x=Axis(picture.x, Kind.COUNT, 0, max(last, 1.0)),
        y=Axis(picture.y.title, picture.y.kind, low, high),
        lines=lines,
        marks=marks if picture.is_watched and lines and not several else [],
    )


def _shown(picture: _Picture, trace: Trace) -> Sequence[_Curve]:
    return picture.curves[:1] if picture.is_watched and not trace.has_domain else picture.curves


def _line(picture: _Picture, curve: _Curve, trace: Trace, *, color: int | None = None) -> Line:
    """Return one curve; with a color it is one of several runs, and their second curves are dashed."""
    points = curve.points(trace)
    shown = _shown(picture, trace)
    name = "Watched people" if picture.is_watched and len(shown) == 1 else curve.name
    if color is not None:
        name = trace.name if len(shown) == 1 else f"{trace.name}, {name[0].lower()}{name[1:]}"
    return Line(
        name=name,
        short=curve.short if color is None and len(shown) == 1 else f"{name}:",
        color=color or curve.color,
        x=[x for x, _ in points],
        y=rounded(y for _, y in points),
        is_dashed=color is not None and curve is not shown[0],
    )


def _ends(picture: _Picture, lines: Sequence[Line]) -> tuple[float, float]:
    """Return where the axis of values begins and ends: at 0, but for rates of watched people far from it."""
    values = [value for line in lines for value in line.y]
    highest, lowest = max(values, default=0.0), min(values, default=0.0)
    high = _rounded_up(ROOM * highest) if highest > 0 else 1.0
    if picture.y.kind is not Kind.RATE:
        return 0.0, high
    low = max(0.0, (int(10 * lowest) - 1) / 10) if picture.is_watched and lowest > 0.5 else 0.0
    return low, min(high, 1.0)


def _rounded_up(value: float) -> float:
    """Return the next round number, so that an axis ends at a tick that can be read."""
    power = 10.0 ** math.floor(math.log10(value))
    step = next(step for step in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if step * power >= value * (1 - 1e-9))
    return float(f"{step * power:.3g}")
