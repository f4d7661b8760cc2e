"""FPIR and FNIR with any number of people, from the sizes that a report tells of."""

from bisect import bisect_left
from collections.abc import Mapping
from math import exp, expm1, log1p

from training.metrics.figures import Figures, Series

LARGEST_SHARE = 1 - 1e-12
"""A share from here on is taken for this one: of 1 there is no hazard."""


def fpir_at_size(figures: Figures, size: int) -> Series:
    """Return FPIR over `figures.taus` with `size` people.

    A stranger passes everybody with the chance (1 - FMR)^N = exp(-h) with a hazard h that grows with N. The hazard is
    drawn straight between the nearest two sizes of the report, counted or projected; beyond them it is in proportion
    to N, as where all people are equally likely to be mistaken.
    """
    recognition = figures.recognition
    known = {at.size: at.fpir for at in recognition.sizes} | {recognition.size: recognition.fpir}
    below, above = _around(known, size)
    if below == above != size and below:
        return _mixed(known, ((below, size / below),))
    return _between(known, below, above, size)


def fnir_at_size(figures: Figures, size: int) -> Series:
    """Return FNIR over `figures.taus` with `size` people.

    Drawn as FPIR is between the nearest two sizes; beyond them it is that of the nearest, as most of it is people who
    do not resemble themselves, which has nothing to do with the others.
    """
    recognition = figures.recognition
    known = {at.size: at.fnir for at in recognition.sizes} | {recognition.size: recognition.fnir}
    return _between(known, *_around(known, size), size)


def _around(known: Mapping[int, Series], size: int) -> tuple[int, int]:
    """Return the nearest known sizes on both sides; twice the same where it is known, or lies beyond all of them."""
    below = max((other for other in known if other <= size), default=min(known))
    above = min((other for other in known if other >= size), default=max(known))
    return below, above


def _between(known: Mapping[int, Series], below: int, above: int, size: int) -> Series:
    if below == above:
        return known[below]
    share = (size - below) / (above - below)
    return _mixed(known, ((below, 1 - share), (above, share)))


def _mixed(known: Mapping[int, Series], parts: tuple[tuple[int, float], ...]) -> Series:
    """Return the sum of the hazards of several sizes, each with its weight."""
    series = [(known[size], weight) for size, weight in parts]

    def mix(name: str) -> list[float]:
        rows = zip(*(getattr(each, name) for each, _ in series), strict=True)
        weights = [weight for _, weight in series]
        return [
            -expm1(-sum(weight * _hazard(value) for weight, value in zip(weights, row, strict=True))) for row in rows
        ]

    return Series(
        value=mix("value"),
        low=mix("low"),
        high=mix("high"),
        people=[max(row) for row in zip(*(each.people for each, _ in series), strict=True)],
        trials=min(each.trials for each, _ in series),
    )


def _hazard(share: float) -> float:
    return -log1p(-min(share, LARGEST_SHARE))


def place_above(figures: Figures, tau: float) -> int:
    """Return where the false rates of a tau are: between two taus of the report at the larger one."""
    return min(bisect_left(figures.taus, tau), len(figures.taus) - 1)


def fpir_when_grown(fpir: float, *, before: int, now: int) -> float:
    """Return what becomes of an FPIR where all people are equally likely to be mistaken: 1 - (1 - FPIR)^(now / before).

    Args:
        fpir: with `before` people.
        before: at least 1.
        now: people.
    """
    return 1 - exp(-_hazard(fpir) * now / before)
