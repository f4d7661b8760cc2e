"""FPIR in a gallery larger than there is."""

from dataclasses import replace

import numpy as np

from training.metrics.rates import Rates
from training.metrics.types import Distances


def projected(half: Rates, whole: Rates, half_size: int, size: int, larger: int) -> Rates:
    """Return FPIR among `larger` people, from what was counted among half of the gallery and all of it."""
    lows, highs = _project(half.low, whole.low, half_size, size, larger), None
    value = _project(half.value, whole.value, half_size, size, larger)
    highs = _project(half.high, whole.high, half_size, size, larger)
    return replace(
        whole,
        value=value,
        low=np.minimum(value, lows),
        high=np.maximum(value, highs),
        resampled=_project(half.resampled, whole.resampled, half_size, size, larger),
        errors=value * whole.trials,
    )


def _project(half: Distances, whole: Distances, half_size: int, size: int, larger: int) -> Distances:
    """Extend -log(1 - FPIR) as a power of the size."""
    small, large = (-np.log1p(-np.clip(rate, 0.0, 1 - 1e-12)) for rate in (half, whole))
    grows = np.divide(large, small, out=np.full_like(large, size / half_size), where=small > 0)
    power = np.clip(np.log(np.maximum(grows, 1e-12)) / np.log(size / half_size), 0.0, 1.0)
    return np.asarray(-np.expm1(-large * (larger / size) ** power))
