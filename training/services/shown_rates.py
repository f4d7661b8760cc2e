"""How small an error rate the people of a gallery can show at all."""

from bisect import bisect_right
from math import floor

from training.metrics.figures import Series

AS_STORED = 1 + 1e-5
"""Reports hold rates with six digits: 1 in 150 is at most 1 in 150, though 0.00666667 is more."""

FAR_OFF = 10
"""A rate that may as well be so many times what was asked for is not shown, not even roughly."""

NO_RATE = 0.5
"""More than every second one is nothing that anybody would ask for."""


def place_for(series: Series, asked: float) -> int | None:
    """Return the place of the loosest tau whose rate is at most what is asked for; None where that cannot be shown.

    Where no error was seen, the rule of three must hold what is asked for (3 / n, ISO/IEC 19795-1, annex B). Where some
    were, the upper limit of the interval must be at most `FAR_OFF` times as much.
    """
    most = asked * AS_STORED
    place = bisect_right(series.value, most) - 1
    if place < 0 or series.high[place] > (FAR_OFF * most if series.people[place] else most):
        return None
    return place


def smallest_shown(series: Series) -> float:
    """Return the smallest rate that `place_for` finds a tau for; 1 where there is none."""
    rates = zip(series.value, series.high, series.people, strict=True)
    candidates = sorted({max(value, high / FAR_OFF) if people else high for value, high, people in rates})
    return next((rate for rate in candidates if place_for(series, rate) is not None), 1.0)


def smallest_in_words(smallest: float) -> str:
    """Return what can be asked for, as "At least 1 in 830 can be asked for": never a rarer one."""
    if smallest > NO_RATE:
        return "So few can show no rate at all; set tau by hand until there are more."
    return f"The smallest rate that they can show is 1 in {floor(AS_STORED / smallest):,}: ask for that or more."
