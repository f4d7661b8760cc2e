"""What the templates of the pages ask for: addresses of pictures, and numbers and codes in words."""

from dataclasses import replace
from datetime import datetime

from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.timesince import timesince

from encoder.quality import quality_problems
from faces.models import Face, Job, PairClassifier, Photo, Threshold
from faces.probability_words import percent as percent_words
from faces.quality_words import explain
from faces.rate_words import one_in, rate_words
from faces.services.enrollment import quality_of
from faces.services.error_rates import error_rate_of
from faces.words import words_for

register = template.Library()

SECONDS_A_MINUTE = 60

PHOTO_BADGES: dict[str, tuple[str, str]] = {
    Photo.State.PENDING: ("", "schedule"),
    Photo.State.ENCODING: ("busy", "progress_activity"),
    Photo.State.READY: ("good", "check"),
    Photo.State.REJECTED: ("warn", "block"),
    Photo.State.FAILED: ("bad", "error"),
}
JOB_BADGES: dict[str, tuple[str, str]] = {
    Job.State.QUEUED: ("", "schedule"),
    Job.State.RUNNING: ("busy", "progress_activity"),
    Job.State.SUCCEEDED: ("good", "check"),
    Job.State.FAILED: ("bad", "error"),
    Job.State.CANCELLED: ("warn", "cancel"),
}


@register.simple_tag
def face_url(face: Face, size: int) -> str:
    """Return the address of a face's crop; `face.photo` must be loaded."""
    return reverse("pages:face-crop", args=[face.photo.key, face.pk, size])


@register.simple_tag
def photo_url(photo: Photo, size: int) -> str:
    """Return the address of a photo made smaller."""
    return reverse("pages:photo-thumbnail", args=[photo.key, size])


@register.filter
def words(code: str) -> str:
    """Return a code's few words."""
    return words_for(code).label


@register.filter
def sentence(code: str) -> str:
    """Return a code's sentence."""
    return words_for(code).sentence


@register.filter
def distance(value: float) -> str:
    """Return a distance or tau with as many digits as mean something."""
    return f"{value:.3f}"


@register.filter
def tau(value: float) -> str:
    """Return a tau with a digit more: it was chosen, not measured."""
    return f"{value:.4f}"


@register.filter
def number(value: int) -> str:
    """Return a count with its thousands apart."""
    return f"{value:,}"


@register.filter
def share(value: float | None) -> str:
    """Return a share of 0 to 1 as percent without decimals."""
    return "" if value is None else f"{100 * value:.0f} %"


@register.filter
def percent(value: float) -> str:
    """Return a probability of 0 to 1 as percent, never as certain."""
    return percent_words(value)


@register.filter
def ago(moment: datetime) -> str:
    """Return how long ago something was, as people say it."""
    seconds = (timezone.now() - moment).total_seconds()
    return "just now" if seconds < SECONDS_A_MINUTE else f"{timesince(moment).split(',')[0]} ago"


@register.filter
def until(begin: datetime, end: datetime) -> str:
    """Return how long something took."""
    seconds = (end - begin).total_seconds()
    return f"{seconds:.0f} s" if seconds < SECONDS_A_MINUTE else timesince(begin, end)


@register.filter
def quality_words(face: Face) -> str:
    """Return a face's quality for people: percent, and what is wrong with it."""
    problems = [words_for(problem).label for problem in quality_problems(quality_of(face))]
    return ", ".join([f"Quality {share(face.quality)}", f"{face.size:.0f} pixels wide", *problems])


@register.filter
def quality_sentences(face: Face) -> list[str]:
    """Return what is wrong with a face: what was measured, and what would be right."""
    return explain(quality_of(face))


@register.filter
def code_label(codes: list[str], labels: dict[str, str]) -> list[str]:
    """Return the labels of codes."""
    return [labels.get(code, code) for code in codes]


def _badge(state: str) -> tuple[str, str]:
    return PHOTO_BADGES[state] if state in PHOTO_BADGES else JOB_BADGES[state]


@register.filter
def badge_kind(state: str) -> str:
    """Return the kind of badge for a photo's or job's state."""
    return _badge(state)[0]


@register.filter
def badge_icon(state: str) -> str:
    """Return the symbol for a photo's or job's state."""
    return _badge(state)[1]


COMPARES: dict[str, PairClassifier.Compares] = {
    Threshold.Use.RECOGNITION: PairClassifier.Compares.SEARCH,
    Threshold.Use.VERIFICATION: PairClassifier.Compares.PERSON,
}
NOT_MEASURED = "Set by hand; its error rate was not measured."


@register.filter
def stands_for(threshold: Threshold) -> str:
    """Return the error rate that a tau was asked for, as a sentence that needs no statistics.

    What it was measured on stands beside it on pages, and is left out.
    """
    if threshold.error_rate is None:
        rate = error_rate_of(threshold, COMPARES[threshold.use]) if threshold.measured else None
        if rate is None:
            return NOT_MEASURED
        return f"Set by hand. {rate_words(replace(rate, evidence=''), COMPARES[threshold.use])}"
    share_of = one_in(threshold.error_rate)
    if threshold.error_rate_kind == Threshold.ErrorRate.FPIR:
        people = f"{threshold.gallery_size:,}" if threshold.gallery_size else "?"
        return f"{share_of} strangers is taken for somebody, in a gallery of {people} people."
    return f"{share_of} comparisons of two different people passes as a match."
