"""An evaluation report as one long table, for spreadsheets and programs that read tables."""

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import chain

from training.metrics.figures import AtRate, Difference, Figures, Histogram, Rate, Series, Verification
from training.services.held_out_outcome import Judgement

COLUMNS = (
    "series",
    "size",
    "field",
    "group",
    "asked",
    "tau",
    "until",
    "rank",
    "value",
    "low",
    "high",
    "errors",
    "people",
    "trials",
    "verdict",
    "face",
    "person",
    "other",
)
"""`series` says what `value` is; the others are empty where they mean nothing. COLUMNS are explained in `MEANINGS`."""

MEANINGS = {
    "series": "What is counted: person.fmr, recognition.fpir and so on, as in the JSON file.",
    "size": "How many people the gallery has; larger than those who were measured: projected.",
    "field": "Of a group: the metadata field, empty for quality.",
    "group": "Of a group: the value of the field.",
    "asked": "The false rate that tau was to hold.",
    "tau": "The squared distance up to which two faces match; of a histogram, where the bin begins.",
    "until": "Of a histogram: where the bin ends.",
    "rank": "Among how many first candidates.",
    "value": "The rate, share or count.",
    "low": "Lower limit of the 95 % interval.",
    "high": "Upper limit of the 95 % interval.",
    "errors": "How many errors were seen.",
    "people": "How many people had one.",
    "trials": "Of how many comparisons or searches.",
    "verdict": "measured, too_few (errors of fewer than 30 people), none_seen (rule of three) or no_trials.",
    "face": "Of a confusion: the face's id.",
    "person": "Of a confusion: whose face it is, an id.",
    "other": "Of a confusion: whom it is near to, an id.",
}

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Text that begins so is run by spreadsheets."""

Row = dict[str, object]


def report_csv(figures: Figures, judgement: Judgement | None = None) -> str:
    """Return the table, with a line of headings; `judgement` says how the version compares with its parent."""
    target = io.StringIO(newline="")
    writer = csv.DictWriter(target, COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    for row in chain(_judged(judgement), _rows(figures)):
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return target.getvalue()


def _cell(value: object) -> object:
    """Return a value as it is written: text that a spreadsheet would run is made plain by an apostrophe."""
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return "" if value is None else value


def _rows(figures: Figures) -> Iterator[Row]:
    taus, found = figures.taus, figures.recognition
    yield from ({"series": f"tau.{use}", "value": tau} for use, tau in figures.tau.items())
    for name, verification in (("person", figures.person), ("photo", figures.photo)):
        yield from _verification(name, verification, taus)
    size = found.size
    yield from _over_tau("recognition.fpir", found.fpir, taus, size=size)
    yield from _over_tau("recognition.fnir", found.fnir, taus, size=size)
    yield from _points(
        "recognition.found_at_rank", found.ranks, "rank", range(1, len(found.ranks.value) + 1), size=size
    )
    yield from _histogram("recognition", found.histogram)
    yield from _at_rates("recognition", found.at_fpir, ("fpir", "fnir"), size=size)
    for other in found.sizes:
        kind = "projected" if other.is_projected else "counted"
        yield from _over_tau(f"recognition.fpir_{kind}", other.fpir, taus, size=other.size)
        yield from _over_tau(f"recognition.fnir_{kind}", other.fnir, taus, size=other.size)
        ranks = range(1, len(other.ranks.value) + 1)
        yield from _points(f"recognition.found_at_rank_{kind}", other.ranks, "rank", ranks, size=other.size)
        for tau, upper in zip(taus, other.upper, strict=False):
            yield {"series": "recognition.fpir_upper", "size": other.size, "tau": tau, "value": upper}
    for group in figures.groups:
        where: Row = {"field": group.field, "group": group.value}
        yield {"series": "group.faces", **where, "value": group.faces, "people": group.people}
        for name, rate in group.rates.items():
            yield {"series": f"group.{name}", **where, **_rate(rate)}
        for name, difference in group.differences.items():
            yield {"series": f"group.{name}_difference", **where, **_difference(difference)}
    for tau, pairs in zip(taus, figures.confused, strict=False):
        yield {"series": "confused_pairs", "tau": tau, "value": pairs}
    for confusion in figures.confusions:
        ids: Row = {"face": confusion.face, "person": confusion.person, "other": confusion.other}
        yield {"series": "confusion", "value": confusion.distance, **ids}


def _judged(judgement: Judgement | None) -> Iterator[Row]:
    """Yield what changed from the parent to this version; errors and people are not told of differences."""
    kinds = {"photo": judgement.plain, "poor_photo": judgement.probes} if judgement is not None else {}
    for name, compared in kinds.items():
        if compared is None:
            continue
        taus = {"parent": compared.tau_before, "candidate": compared.tau_after}
        for rate, change, asked in (("tar", compared.tar, compared.fmr), ("eer", compared.eer, None)):
            for whose, value in (("parent", change.before), ("candidate", change.after)):
                where: Row = {"asked": asked, "tau": taus[whose] if asked is not None else None}
                yield {"series": f"{name}.{rate}_{whose}", "value": value, "trials": compared.mated, **where}
            limits: Row = {"value": change.difference, "low": change.low, "high": change.high}
            yield {"series": f"{name}.{rate}_difference", "asked": asked, **limits}


def _verification(name: str, verification: Verification, taus: list[float]) -> Iterator[Row]:
    yield from _over_tau(f"{name}.fmr", verification.fmr, taus)
    yield from _over_tau(f"{name}.fnmr", verification.fnmr, taus)
    yield {"series": f"{name}.eer", "tau": verification.eer_tau, **_rate(verification.eer)}
    yield from _at_rates(name, verification.at_fmr, ("fmr", "fnmr"))
    yield from _histogram(name, verification.histogram)


def _over_tau(name: str, series: Series, taus: list[float], **more: object) -> Iterator[Row]:
    return _points(name, series, "tau", taus, **more)


def _points(name: str, series: Series, axis: str, places: Iterable[float], **more: object) -> Iterator[Row]:
    for place, value, low, high, people in zip(
        places, series.value, series.low, series.high, series.people, strict=True
    ):
        numbers = {"value": value, "low": low, "high": high, "people": people, "trials": series.trials}
        yield {"series": name, axis: place, **numbers, **more}


def _histogram(name: str, histogram: Histogram) -> Iterator[Row]:
    for kind, shares in (("mated", histogram.mated), ("non_mated", histogram.non_mated)):
        for begin, end, share in zip(histogram.edges[:-1], histogram.edges[1:], shares, strict=True):
            yield {"series": f"{name}.histogram_{kind}", "tau": begin, "until": end, "value": share}


def _at_rates(name: str, rows: list[AtRate], names: tuple[str, str], **more: object) -> Iterator[Row]:
    false_name, missed_name = names
    for row in rows:
        for what, rate in ((false_name, row.false), (missed_name, row.missed)):
            where: Row = {"series": f"{name}.{what}_at_{false_name}", "asked": row.asked, "tau": row.tau}
            yield {**where, **(_rate(rate) if rate is not None else {"verdict": "no_tau"}), **more}


def _rate(rate: Rate) -> Row:
    return {
        "value": rate.value,
        "low": rate.low,
        "high": rate.high,
        "errors": rate.errors,
        "people": rate.people,
        "trials": rate.trials,
        "verdict": rate.verdict.value,
    }


def _difference(difference: Difference) -> Row:
    return {"value": difference.value, "low": difference.low, "high": difference.high}
