"""What the script of a tau's page draws and tells, as JSON."""

from typing import Any

from faces.models import Threshold
from training.metrics.figures import Histogram, Recognition, Series, Verification
from training.services.measured import Measured
from training.services.shown_rates import AS_STORED, FAR_OFF, smallest_in_words, smallest_shown
from training.services.tau_choices import FALSE_RATE
from training.views.rate_cards import KINDS, SHOWN

ROOM = 1.15
"""How much farther than what must be seen the axis reaches."""

SEEN_SHARE = 0.6
"""Of the distances of different people so many are shown; farther ones are beyond doubt."""


def chart_data(measured: Measured, use: Threshold.Use, tau: float | None) -> dict[str, Any]:
    """Return histograms, rates over tau and counts; see `static/training/tau.js`.

    Args:
        measured: the newest evaluation.
        use: what tau decides: which rates come first.
        tau: the one in force, where the handle begins.
    """
    figures = measured.figures
    series = {
        "fmr": figures.person.fmr,
        "fnmr": figures.person.fnmr,
        "fmr_photo": figures.photo.fmr,
        "fnmr_photo": figures.photo.fnmr,
        "fpir": measured.fpir,
        "fnir": measured.fnir,
    }
    main, beside = SHOWN[use]
    false = FALSE_RATE[use].value
    smallest = smallest_shown(series[false])
    histogram = _of_use(measured, use).histogram
    return {
        "taus": figures.taus,
        "tau": tau,
        "end": _end(histogram, figures.taus[-1], tau),
        "false": false,
        "missed": main[1],
        "smallest": smallest,
        "smallestInWords": smallest_in_words(smallest),
        "asStored": AS_STORED,
        "farOff": FAR_OFF,
        "rates": {name: _rate(name, series[name]) for name in (*main, *beside)},
        "histogram": {"edges": histogram.edges, "mated": histogram.mated, "nonMated": histogram.non_mated},
        "confused": figures.confused,
    }


def _of_use(measured: Measured, use: Threshold.Use) -> Recognition | Verification:
    return measured.figures.recognition if use == Threshold.Use.RECOGNITION else measured.figures.person


def _rate(name: str, series: Series) -> dict[str, Any]:
    kind = KINDS[name]
    return {
        "value": series.value,
        "low": series.low,
        "high": series.high,
        "people": series.people,
        "trials": series.trials,
        "words": kind.words,
        "none": kind.none,
        "tried": kind.tried,
        "isFalse": kind.is_false,
    }


def _end(histogram: Histogram, last: float, tau: float | None) -> float:
    """Return where the axis ends: beyond tau, nearly all distances of one person and many of different people."""
    needed = max(1.5 * (tau or 0.0), _reached(histogram.edges, histogram.non_mated, SEEN_SHARE))
    needed = max(needed, _reached(histogram.edges, histogram.mated, 0.999))
    return min(ROOM * needed, max(last, tau or 0.0), 4.0) or 4.0


def _reached(edges: list[float], shares: list[float], wanted: float) -> float:
    total = 0.0
    for edge, share in zip(edges[1:], shares, strict=True):
        total += share
        if total >= wanted:
            return edge
    return edges[-1] if edges else 0.0
