"""A probability in words that say no more than was measured."""

FEW = 0.01
"""Below it, and as near to 1, whole percents would round to certainty."""


def percent(probability: float) -> str:
    """Return a probability of 0 to 1 as a percentage: whole, near both ends with one decimal, never 0 or 100."""
    if FEW <= probability <= 1 - FEW:
        return f"{100 * probability:.0f} %"
    return f"{min(max(100 * probability, 0.1), 99.9):.1f} %"
