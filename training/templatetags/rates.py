"""Error rates in words, for templates."""

from dataclasses import asdict
from typing import Any

from django import template
from django.utils.safestring import SafeString

from training.metrics.figures import Difference, Rate
from training.services import report_words
from training.services.charts import Chart
from training.services.svg import svg

register = template.Library()

NO_BREAK = "\u00a0"
"""Keeps a number and its sign in one line."""


def _kept(words: str) -> str:
    return words.replace(" %", f"{NO_BREAK}%")


@register.filter
def percent(share: float | None) -> str:
    """Return a share of 0 to 1 as percent."""
    return "" if share is None else _kept(report_words.percent(share))


@register.filter
def one_in(share: float | None) -> str:
    """Return a share as "1 in 830"."""
    return "" if share is None else report_words.one_in(share)


@register.filter
def interval(rate: Rate) -> str:
    """Return the 95 % interval of a rate."""
    return _kept(report_words.interval(rate))


@register.filter
def plain_interval(rate: Rate) -> str:
    """Return the 95 % interval of a share that is no error rate."""
    return "" if rate.low is None or rate.high is None else f"{percent(rate.low)} to {percent(rate.high)}"


@register.filter
def whole(number: float) -> str:
    """Return a number of things that is stored as a float."""
    return report_words.count(number)


@register.filter
def doubt(rate: Rate) -> str:
    """Return why a rate cannot be trusted; empty where it can."""
    return _kept(report_words.verdict_words(rate))


@register.filter
def difference(value: Difference) -> str:
    """Return a difference of rates with its interval."""
    return _kept(report_words.difference_words(value))


@register.filter
def as_data(chart: Chart) -> dict[str, Any]:
    """Return a chart for the script that draws it."""
    return asdict(chart)


@register.filter
def drawn(chart: Chart) -> SafeString:
    """Return a chart as an SVG element."""
    return svg(chart)


@register.filter
def together(words: str) -> str:
    """Return words whose numbers are not parted from their percent signs."""
    return _kept(words)
