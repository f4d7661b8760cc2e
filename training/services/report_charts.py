"""The charts of an evaluation report. What they show is defined by ISO/IEC 19795-1."""

from collections.abc import Mapping, Sequence

from training.metrics.figures import Figures, Histogram, Recognition, Series, Verification
from training.services.charts import Axis, Chart, Kind, Line, Mark, log_floor, rounded
from training.services.report_words import count, rate_at

FALSE, MISSED, THIRD, FOURTH, FIFTH, SIXTH = 1, 2, 3, 4, 5, 6
"""Colors: whatever lets a stranger in has the first, whatever keeps the right one out the second."""

ALL_BUT_A_FEW = 0.995
HALF = 0.5
"""A chart over tau ends where so many of the non-mated lie within it."""

OTHERS = (MISSED, THIRD, FOURTH, FIFTH, SIXTH)

COUNTED_OR_PROJECTED = "Solid lines are counted, with fewer people than there are. Dashed lines are projected to more:"

TAU_AXIS = "tau (squared distance)"


def verification_charts(figures: Figures, verification: Verification, *, key: str, whom: str) -> list[Chart]:
    """Return the charts of one kind of comparison.

    Args:
        figures: of the report.
        verification: its part.
        key: what the charts' keys begin with.
        whom: what a face is compared with, in words.
    """
    tau = figures.tau.get("verification")
    fmr, fnmr = verification.fmr, verification.fnmr
    return [
        Chart(
            key=f"{key}-det",
            title="What is missed for what is let in (DET)",
            text=f"A face is compared with {whom}. Each point is one tau: further left fewer different people are "
            "accepted, further down fewer right ones are refused. The band is the 95 % interval.",
            x=log_axis("FMR: different people accepted", [fmr]),
            y=log_axis("FNMR: the same person refused", [fnmr]),
            lines=[against(figures.taus, fmr, fnmr, name=f"Compared with {whom}", short="FNMR", color=FALSE)],
            marks=_point(figures, fmr, fnmr, tau),
        ),
        Chart(
            key=f"{key}-rates",
            title="Error rates over tau",
            text="A larger tau accepts more of everybody. The bands are 95 % intervals.",
            x=_tau_axis(figures.taus, fmr, until=HALF),
            y=log_axis("Error rate", [fmr, fnmr]),
            lines=[
                _over_tau(figures.taus, fmr, name="FMR: different people accepted", short="FMR", color=FALSE),
                _over_tau(figures.taus, fnmr, name="FNMR: the same person refused", short="FNMR", color=MISSED),
            ],
            marks=_line_at(tau),
        ),
        _histogram(
            verification.histogram,
            key=f"{key}-distances",
            names=("Of different people", "Of the same person"),
            x=_tau_axis(figures.taus, fmr, title="Distance"),
            marks=_line_at(tau),
        ),
    ]


def recognition_charts(figures: Figures) -> list[Chart]:
    """Return the charts of searches in the gallery, and in larger ones."""
    found = figures.recognition
    tau = figures.tau.get("recognition")
    among = f"among {count(found.size)} people"
    return [
        Chart(
            key="recognition-rates",
            title=f"Error rates of searches {among}, over tau",
            text="FPIR: a stranger is taken for somebody. FNIR: somebody known is not found.",
            x=_tau_axis(figures.taus, found.fpir),
            y=log_axis("Error rate", [found.fpir, found.fnir]),
            lines=[
                _over_tau(figures.taus, found.fpir, name=f"FPIR {among}", short="FPIR", color=FALSE),
                _over_tau(figures.taus, found.fnir, name=f"FNIR {among}", short="FNIR", color=MISSED),
            ],
            marks=_line_at(tau),
        ),
        Chart(
            key="recognition-det",
            title="Who is not found, for what is let in (DET)",
            text=f"Each point is one tau of searches {among}: further left fewer strangers are taken for somebody, "
            "further down fewer known people are not found.",
            x=log_axis("FPIR: strangers taken for somebody", [found.fpir]),
            y=log_axis("FNIR: known people not found", [found.fnir]),
            lines=[against(figures.taus, found.fpir, found.fnir, name=f"Searches {among}", short="FNIR", color=FALSE)],
            marks=_point(figures, found.fpir, found.fnir, tau),
        ),
        _fpir_by_size(figures, found, tau),
        _fnir_by_size(figures, found, tau),
        _histogram(
            found.histogram,
            key="recognition-distances",
            names=("To the nearest other person", "To the person's own template"),
            x=_tau_axis(figures.taus, found.fpir, title="Distance"),
            marks=_line_at(tau),
        ),
        _ranks(found),
    ]


def _fpir_by_size(figures: Figures, found: Recognition, tau: float | None) -> Chart:
    smallest = [size.fpir for size in found.sizes if not size.is_projected]
    return Chart(
        key="recognition-sizes",
        title="The more people, the more strangers are taken for somebody",
        text=f"FPIR over tau for other numbers of people. {COUNTED_OR_PROJECTED} taken from how near strangers come to "
        "all who are here, not measured.",
        x=_tau_axis(figures.taus, found.fpir),
        y=log_axis("FPIR", [*smallest, found.fpir]),
        lines=_lines_of_sizes(figures.taus, found, "FPIR", {size.size: size.fpir for size in found.sizes}, found.fpir),
        marks=_line_at(tau),
    )


def _fnir_by_size(figures: Figures, found: Recognition, tau: float | None) -> Chart:
    smallest = [size.fnir for size in found.sizes if not size.is_projected]
    return Chart(
        key="recognition-sizes-missed",
        title="The more people, the more often somebody else is nearer",
        text=f"FNIR over tau for other numbers of people. {COUNTED_OR_PROJECTED} taken from how often somebody else is "
        "nearer than the right person among all who are here, not measured. Who lies beyond tau is missed in all.",
        x=_tau_axis(figures.taus, found.fpir),
        y=log_axis("FNIR", [*smallest, found.fnir]),
        lines=_lines_of_sizes(figures.taus, found, "FNIR", {size.size: size.fnir for size in found.sizes}, found.fnir),
        marks=_line_at(tau),
    )


def _lines_of_sizes(
    taus: Sequence[float], found: Recognition, short: str, series: Mapping[int, Series], own: Series
) -> list[Line]:
    """Return a line for each number of people, what is projected last."""
    name = f"{count(found.size)} people (all)"
    lines = [_over_tau(taus, own, name=name, short=short, color=FALSE)]
    for number, size in enumerate(size for size in found.sizes if size.size != found.size):
        kind = "projected" if size.is_projected else "counted"
        name, color = f"{count(size.size)} people ({kind})", OTHERS[number % len(OTHERS)]
        lines.append(
            _over_tau(taus, series[size.size], name=name, short=short, color=color, is_dashed=size.is_projected)
        )
    return sorted(lines, key=lambda line: line.is_dashed)


def _ranks(found: Recognition) -> Chart:
    ranks = found.ranks
    xs = [float(rank + 1) for rank in range(len(ranks.value))]
    lowest = min([*ranks.low, *ranks.value], default=0.0)
    return Chart(
        key="recognition-ranks",
        title=f"The right person among the first k of {count(found.size)}",
        text="How often somebody known is among the k nearest people, whatever the distance.",
        x=Axis("k", Kind.COUNT, 1, max(xs[-1] if xs else 1, 2)),
        y=Axis("Share of searches", Kind.RATE, max(0.0, int(lowest * 20 - 0.5) / 20), 1),
        lines=[
            Line(
                name="The right person among the first k",
                short="Found",
                color=MISSED,
                x=xs,
                y=rounded(ranks.value),
                low=rounded(ranks.low),
                high=rounded(ranks.high),
            )
        ],
    )


def _histogram(histogram: Histogram, *, key: str, names: tuple[str, str], x: Axis, marks: list[Mark]) -> Chart:
    edges = rounded(histogram.edges[:-1])
    highest = max([*histogram.mated, *histogram.non_mated], default=0) or 1
    return Chart(
        key=key,
        title="Distances",
        text="How far apart faces are. Where the two hills overlap, no tau is right for everybody.",
        x=x,
        y=Axis("Share of comparisons", Kind.RATE, 0, 1.05 * highest),
        lines=[
            Line(names[0], names[0], FALSE, edges, rounded(histogram.non_mated), is_steps=True),
            Line(names[1], names[1], MISSED, edges, rounded(histogram.mated), is_steps=True),
        ],
        marks=marks,
    )


def _over_tau(
    taus: Sequence[float], series: Series, *, name: str, short: str, color: int, is_dashed: bool = False
) -> Line:
    return Line(
        name=name,
        short=short,
        color=color,
        x=rounded(taus),
        y=rounded(series.value),
        low=rounded(series.low),
        high=rounded(series.high),
        people=[] if is_dashed else list(series.people),
        is_dashed=is_dashed,
    )


def against(taus: Sequence[float], false: Series, missed: Series, *, name: str, short: str, color: int) -> Line:
    """Return one rate over another: from the tau where both were first seen to where both were last."""
    places = [place for place, rate in enumerate(false.value) if rate > 0 and missed.value[place] > 0]
    return Line(
        name=name,
        short=short,
        color=color,
        x=rounded(false.value[place] for place in places),
        y=rounded(missed.value[place] for place in places),
        low=rounded(missed.low[place] for place in places),
        high=rounded(missed.high[place] for place in places),
        people=[missed.people[place] for place in places],
        taus=rounded(taus[place] for place in places),
    )


def log_axis(title: str, series: Sequence[Series]) -> Axis:
    """Return a logarithmic axis of rates that holds all of these."""
    return Axis(title, Kind.RATE, log_floor(value for each in series for value in each.value), 1, is_log=True)


def _tau_axis(taus: Sequence[float], false: Series, *, title: str = TAU_AXIS, until: float = ALL_BUT_A_FEW) -> Axis:
    """Return the axis of the taus that matter: from 0 to where so many are let in."""
    ends = [tau for tau, rate in zip(taus, false.value, strict=True) if rate >= until]
    end = ends[0] if ends else max(taus, default=4.0)
    return Axis(title, Kind.DISTANCE, 0, float(f"{end or 4.0:.2g}"))


def _line_at(tau: float | None) -> list[Mark]:
    return [] if tau is None else [Mark(f"tau in force {tau:.3f}", tau)]


def _point(figures: Figures, false: Series, missed: Series, tau: float | None) -> list[Mark]:
    if tau is None:
        return []
    x, y = rate_at(false, figures.taus, tau).value, rate_at(missed, figures.taus, tau).value
    return [Mark(f"tau in force {tau:.3f}", x, y)] if x and y else []
