"""FPIR with any number of people, from the sizes that a report tells of."""

from math import exp, expm1, log1p

from training.metrics.figures import Figures, Series

LARGEST_SHARE = 1 - 1e-12
"""A share from here on is taken for this one: of 1 there is no hazard."""


def fpir_at_size(figures: Figures, size: int) -> Series:
    """Return FPIR over `figures.taus` with `size` people.

    A stranger passes everybody with the chance (1 - FMR)^N = exp(-h) with a hazard h that grows with N. The hazard is
    drawn straight between the nearest two sizes of the report, counted or projected; beyond the last one it goes on in
    proportion to N, as it does where all people are equally likely to be mistaken.
    """
    recognition = figures.recognition
    known = {at.size: at.fpir for at in recognition.sizes} | {recognition.size: recognition.fpir}
    if size in known:
        return known[size]
    below = max((other for other in known if other < size), default=None)
    above = min((other for other in known if other > size), default=None)
    if below is None or above is None:
        nearest = below if above is None else above
        return _mixed(known, ((nearest, size / nearest),)) if nearest else recognition.fpir
    share = (size - below) / (above - below)
    return _mixed(known, ((below, 1 - share), (above, share)))


def _mixed(known: dict[int, Series], parts: tuple[tuple[int, float], ...]) -> Series:
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


def fpir_when_grown(fpir: float, *, before: int, now: int) -> float:
    """Return what becomes of an FPIR where all people are equally likely to be mistaken: 1 - (1 - FPIR)^(now / before).

    Args:
        fpir: with `before` people.
        before: at least 1.
        now: people.
    """
    return 1 - exp(-_hazard(fpir) * now / before)
