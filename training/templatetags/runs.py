"""Training runs in words, for templates."""

from django import template

from training.metrics.paired import Change
from training.services.held_out_outcome import change_words
from training.services.run_words import lasting_words
from training.templatetags.rates import percent

register = template.Library()


@register.filter
def lasting(seconds: float) -> str:
    """Return how long something takes."""
    return lasting_words(seconds)


@register.filter
def digits(value: float | None) -> str:
    """Return a measured number with three digits that mean something."""
    return "" if value is None else f"{value:.3g}"


@register.filter
def of(part: int, whole: int) -> str:
    """Return a part of a number that is not 0, in percent."""
    return percent(part / whole)


@register.filter
def change(value: Change) -> str:
    """Return a difference in points of percent with its interval."""
    return change_words(value)
