"""The arrays that the metrics work on, and how they tell of progress."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Distances: TypeAlias = npt.NDArray[np.float64]
Counts: TypeAlias = npt.NDArray[np.int64]
Labels: TypeAlias = npt.NDArray[np.int64]
Mask: TypeAlias = npt.NDArray[np.bool_]
Embeddings: TypeAlias = npt.NDArray[np.float32] | npt.NDArray[np.float64]

Progress: TypeAlias = Callable[[int], object]
"""Told how many are done since the last call."""


def ignore(done: int) -> None:
    """Be told of progress, and do nothing."""
