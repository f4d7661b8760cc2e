"""How far a share that was counted can be trusted."""

from dataclasses import dataclass
from math import sqrt

Z_95 = 1.959963984540054
"""The 97.5 % quantile of the normal distribution."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its 95 % interval; all None where nothing was counted.

    The interval takes the trials for independent. Searches with several photos of one person are not quite:
    the true interval is somewhat wider.
    """

    count: int
    total: int
    value: float | None
    low: float | None
    high: float | None


def share(count: int, total: int) -> Share:
    """Return count / total with Wilson's interval, or by the rule of three where no trial or every trial counted.

    Sources: Wilson 1927; the rule of three: 0 of n says that the share is at most 3/n (ISO/IEC 19795-1, annex B).

    Raises:
        ValueError: count does not lie between 0 and total.
    """
    if not 0 <= count <= total:
        raise ValueError(f"A share counts 0 to {total} of {total}, not {count}.")
    if total == 0:
        return Share(count, total, None, None, None)
    if count == 0:
        return Share(count, total, 0.0, 0.0, min(1.0, 3 / total))
    if count == total:
        return Share(count, total, 1.0, max(0.0, 1 - 3 / total), 1.0)
    value = count / total
    spread = Z_95**2 / total
    center = (value + spread / 2) / (1 + spread)
    half = Z_95 / (1 + spread) * sqrt(value * (1 - value) / total + spread / (4 * total))
    return Share(count, total, value, center - half, center + half)
