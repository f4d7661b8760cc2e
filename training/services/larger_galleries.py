"""What a gallery's taus would do with other numbers of people, from its newest evaluation."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from training.metrics.figures import Figures, Rate, Series, Verdict
from training.services.charts import Axis, Chart, Kind, Line, Mark, log_floor, rounded
from training.services.rates_at_size import fnir_at_size, fpir_at_size, place_above
from training.services.report_words import rate_of

LARGER = (1, 2, 10, 100)
"""Times the gallery's size: what is asked first."""

STEPS = 8
"""Sizes to each power of ten that are drawn."""

COLORS = {"recognition": 1, "verification": 3}
NAMES = {"recognition": "tau of recognition", "verification": "tau of verification"}


@dataclass(frozen=True)
class AtPeople:
    """What happens with so many people.

    Attributes:
        people: K.
        is_projected: whether there are more than were measured.
        is_far: whether there are so many more that not even a projection says anything: in proportion, an upper limit.
        fpir: at each tau in force, by use.
        needed: the tau that would hold what is asked; None where none can be shown to.
        needed_fnir: who would be missed at it, with so many people.
    """

    people: int
    is_projected: bool
    is_far: bool
    fpir: Mapping[str, Rate]
    needed: float | None
    needed_fnir: Rate | None


def with_people(figures: Figures, people: int, *, taus: Mapping[str, float], asked: float) -> AtPeople:
    """Return what becomes of the taus in force, and which tau is needed, with so many people.

    Args:
        figures: of the gallery's newest report.
        people: K, at least 1.
        taus: in force, by use.
        asked: the FPIR that is to be held.
    """
    series = fpir_at_size(figures, people)
    place = _needed(series, asked)
    sizes = [at.size for at in figures.recognition.sizes]
    return AtPeople(
        people=people,
        is_projected=people > figures.recognition.size,
        is_far=people > max([*sizes, figures.recognition.size]),
        fpir={use: rate_of(series, place_above(figures, tau)) for use, tau in taus.items()},
        needed=None if place is None else figures.taus[place],
        needed_fnir=None if place is None else rate_of(fnir_at_size(figures, people), place),
    )


def _only_at(figures: Figures, places: Sequence[int]) -> Figures:
    """Return figures whose FPIR is known at a few taus only, which makes it quick to tell for many sizes."""

    def only(series: Series) -> Series:
        value, low, high = ([each[place] for place in places] for each in (series.value, series.low, series.high))
        return Series(value, low, high, people=[series.people[place] for place in places], trials=series.trials)

    recognition = figures.recognition
    sizes = [replace(at, fpir=only(at.fpir)) for at in recognition.sizes]
    return replace(figures, recognition=replace(recognition, fpir=only(recognition.fpir), sizes=sizes))


def _needed(series: Series, asked: float) -> int | None:
    """Return where the loosest tau is with at most this rate; None where that cannot be shown.

    It cannot where nobody was taken for anybody yet and so few searches do not show so small a rate.
    """
    place = bisect_right(series.value, asked) - 1
    if place < 0 or not series.trials:
        return None
    rate = rate_of(series, place)
    return None if rate.verdict is Verdict.NONE_SEEN and (rate.high or 0.0) > asked else place


def sizes_to_draw(figures: Figures) -> list[int]:
    """Return numbers of people from 1 to the largest that is projected, evenly on a logarithmic axis; with all sizes
    of the report, at which the curve bends."""
    known = {at.size for at in figures.recognition.sizes} | {figures.recognition.size}
    largest = max(known)
    even: set[int] = set()
    step = 0
    while (size := round(10 ** (step / STEPS))) < largest:
        even.add(size)
        step += 1
    return sorted(known | even)


def chart_of(figures: Figures, taus: Mapping[str, float], *, now: int) -> Chart:
    """Return FPIR over the number of people at each tau: what was counted solid, what is projected dashed.

    Args:
        figures: of the gallery's newest report.
        taus: in force, by use.
        now: how many people the gallery has; marked with some multiples.
    """
    sizes = sizes_to_draw(figures)
    own = figures.recognition.size
    few = _only_at(figures, [place_above(figures, tau) for tau in taus.values()])
    series = {size: fpir_at_size(few, size) for size in sizes}
    lines = [
        _line(use, tau, {size: rate_of(series[size], place) for size in part}, is_projected=is_projected)
        for place, (use, tau) in enumerate(taus.items())
        for part, is_projected in (
            ([size for size in sizes if size <= own], False),
            ([size for size in sizes if size >= own], True),
        )
    ]
    return Chart(
        key="people",
        title="How often a stranger is taken for somebody, by the number of people",
        text="Each line is one tau that nobody changes while the gallery grows. Solid: counted, with everybody here or "
        "some of them. Dashed: projected. The bands are 95 % intervals.",
        x=Axis("People in the gallery (K)", Kind.COUNT, 1, float(max(sizes)), is_log=True),
        y=Axis("FPIR", Kind.RATE, log_floor(rate for line in lines for rate in line.y), 1, is_log=True),
        lines=lines,
        # Where there is little room a name hides the one before it, and the first is the one to be read.
        marks=[Mark(f"{times} x" if times > 1 else "now", float(now * times)) for times in reversed(LARGER)],
    )


def _line(use: str, tau: float, rates: Mapping[int, Rate], *, is_projected: bool) -> Line:
    known = {size: rate for size, rate in rates.items() if rate.value is not None}
    return Line(
        name=f"{NAMES[use]}, {tau:.4f}, {'projected' if is_projected else 'counted'}",
        short="FPIR",
        color=COLORS[use],
        x=[float(size) for size in known],
        y=rounded(rate.value or 0.0 for rate in known.values()),
        low=rounded(rate.low or 0.0 for rate in known.values()),
        high=rounded(rate.high or 0.0 for rate in known.values()),
        taus=[tau for _ in known],
        is_dashed=is_projected,
    )
