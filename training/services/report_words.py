"""Error rates in words: percent, "1 in N", intervals, and how far they can be trusted."""

import math
from bisect import bisect_right
from collections.abc import Sequence

from training.metrics.figures import ENOUGH_PEOPLE, Difference, Rate, Series, Verdict

NEARLY_ALL = 0.9
"""From here on it is what is missing from 1 that is written with two digits."""

EXACT = 1000
"""Up to here "1 in N" is written with all its digits, above with two."""

OFTEN = 0.1
"""Above, a share is no longer said as "1 in N"."""

SAME_TAU = 1e-9


def percent(share: float) -> str:
    """Return a share as percent, with two digits that mean something: "1.2 %", "0.0031 %", "99.98 %".

    What is not all is never written as 100 %, and what is not nothing never as 0 %.
    """
    if share in (0, 1):
        return f"{share:.0%}".replace("%", " %")
    if share < 0:
        return f"-{percent(-share)}"
    rest = 1 - share if NEARLY_ALL < share < 1 else share
    digits = max(0, 1 - math.floor(math.log10(rest * 100) + 1e-9))
    text = f"{100 * share:.{digits}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) + " %"


def one_in(share: float) -> str:
    """Return a share as "1 in 830", a large one as "62 in 100"; "none" for 0."""
    if share <= 0:
        return "none"
    if share > OFTEN:
        return "all" if share >= 1 else f"{min(round(100 * share), 99)} in 100"
    whole = 1 / share
    if whole < 10:
        return f"1 in {whole:.1f}".removesuffix(".0")
    if whole > EXACT:
        step = 10 ** (math.floor(math.log10(whole)) - 1)
        whole = round(whole / step) * step
    return f"1 in {round(whole):,}"


def interval(rate: Rate) -> str:
    """Return the 95 % interval of a rate; where no error was seen, the most that it can be."""
    if rate.low is None or rate.high is None:
        return ""
    if rate.verdict is Verdict.NONE_SEEN:
        return f"at most {percent(min(rate.high, 1))}"
    return f"{percent(rate.low)} to {percent(rate.high)}"


def difference_words(difference: Difference) -> str:
    """Return a difference of rates in points of percent, with its sign and interval."""
    low, high = _signed(difference.low), _signed(difference.high)
    return f"{_signed(difference.value)} ({low} to {high})"


def _signed(value: float) -> str:
    return f"+{percent(value)}" if value > 0 else percent(value)


def verdict_words(rate: Rate) -> str:
    """Return how far a rate can be trusted; empty where it is simply measured."""
    if rate.verdict is Verdict.NO_TRIALS:
        return "nothing was tried"
    if rate.verdict is Verdict.NONE_SEEN:
        return f"no error in {count(rate.trials)}; the rule of three says at most {percent(min(rate.high or 0, 1))}"
    if rate.verdict is Verdict.TOO_FEW:
        people = "1 person" if rate.people == 1 else f"{rate.people} people"
        return f"too few people to say: errors of {people} were seen, {ENOUGH_PEOPLE} are enough"
    return ""


def count(number: float) -> str:
    """Return a number of things with its thousands apart."""
    return f"{round(number):,}"


def rate_at(series: Series, taus: Sequence[float], tau: float) -> Rate:
    """Return what a series over tau says at a tau: its value at the nearest tau that is not larger.

    Args:
        series: parallel to `taus`.
        taus: ascending.
        tau: below the first of `taus` it is taken for the first.
    """
    place = max(bisect_right(taus, tau + SAME_TAU) - 1, 0)
    return rate_of(series, place)


def rate_of(series: Series, place: int) -> Rate:
    """Return one point of a series."""
    if not series.trials or place >= len(series.value):
        return Rate(value=None, low=None, high=None, errors=0, trials=0, people=0)
    value = series.value[place]
    return Rate(
        value=value,
        low=series.low[place],
        high=series.high[place],
        errors=value * series.trials,
        trials=series.trials,
        people=series.people[place],
    )
