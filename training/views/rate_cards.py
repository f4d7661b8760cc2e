"""Error rates at a tau, as the page of a tau tells them: a number, a sentence, how sure it is."""

from collections.abc import Mapping
from dataclasses import dataclass

from training.metrics.figures import ENOUGH_PEOPLE, Rate, Verdict
from training.services.report_words import count, one_in, percent


@dataclass(frozen=True)
class RateKind:
    """One error rate.

    Attributes:
        name: as `figures_at` has it.
        short, long: what the standard calls it.
        words: what happens so often.
        none: what never happened.
        tried: of what, in the plural.
        is_false: whether it lets the wrong people pass; otherwise it keeps the right ones out.
    """

    name: str
    short: str
    long: str
    words: str
    none: str
    tried: str
    is_false: bool


def _false(name: str, short: str, long: str, words: str, none: str, tried: str) -> RateKind:
    return RateKind(name, short, long, words, none, tried, is_false=True)


def _missed(name: str, short: str, long: str, words: str, none: str, tried: str) -> RateKind:
    return RateKind(name, short, long, words, none, tried, is_false=False)


FMR, FNMR = ("FMR", "False match rate"), ("FNMR", "False non-match rate")
FPIR, FNIR = ("FPIR", "False positive identification rate"), ("FNIR", "False negative identification rate")

KINDS = {
    kind.name: kind
    for kind in (
        _false(
            "fpir",
            *FPIR,
            "strangers would be recognized as somebody",
            "of the strangers was recognized as somebody",
            "searches",
        ),
        _missed(
            "fnir",
            *FNIR,
            "of searches for known people would not find them",
            "of the searches for known people missed them",
            "searches",
        ),
        _false(
            "fmr",
            *FMR,
            "impostors would be verified as somebody else",
            "of the impostors was verified as somebody else",
            "comparisons",
        ),
        _missed(
            "fnmr",
            *FNMR,
            "of comparisons would refuse the right person",
            "of the comparisons refused the right person",
            "comparisons",
        ),
        _false(
            "fmr_photo",
            *FMR,
            "impostors would pass against a single photo",
            "of the impostors passed against a single photo",
            "comparisons",
        ),
        _missed(
            "fnmr_photo",
            *FNMR,
            "of comparisons with a single photo would refuse the right person",
            "of the comparisons with a single photo refused the right person",
            "comparisons",
        ),
    )
}

SHOWN: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "recognition": (("fpir", "fnir"), ("fmr", "fnmr")),
    "verification": (("fmr", "fnmr"), ("fmr_photo", "fnmr_photo", "fpir", "fnir")),
}
"""By use: which rates the tau decides, and which are told beside them."""


@dataclass(frozen=True)
class RateCard:
    """One rate in words; `doubt` is empty where it is simply measured."""

    kind: RateKind
    value: str
    words: str
    interval: str
    doubt: str


def rate_cards(rates: Mapping[str, Rate], names: tuple[str, ...]) -> list[RateCard]:
    """Return rates in words. The script of the page says the same of any other tau."""
    return [_card(KINDS[name], rates[name]) for name in names]


def _card(kind: RateKind, rate: Rate) -> RateCard:
    if rate.value is None or rate.low is None or rate.high is None:
        return RateCard(kind, "?", "nothing was tried", "", "not measured")
    if rate.verdict is Verdict.NONE_SEEN:
        bound = one_in(min(rate.high, 1)) if kind.is_false else percent(min(rate.high, 1))
        return RateCard(kind, "None", kind.none, f"in {count(rate.trials)} {kind.tried}; at most {bound}", _few(rate))
    if kind.is_false:
        value, interval = one_in(rate.value), f"95 % interval {one_in(rate.high)} to {one_in(rate.low)}"
    else:
        value, interval = percent(rate.value), f"95 % interval {percent(rate.low)} to {percent(rate.high)}"
    return RateCard(kind, value, kind.words, interval, _few(rate))


def _few(rate: Rate) -> str:
    if rate.people >= ENOUGH_PEOPLE:
        return ""
    if not rate.people:
        return "too few people to say more"
    return f"too few people to say: {rate.people} had errors, {ENOUGH_PEOPLE} would do"
