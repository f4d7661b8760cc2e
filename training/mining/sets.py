"""The faces of a training run."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from encoder.images import Pixels
from training.metrics.types import Counts, Mask


class Part(IntEnum):
    """What a person serves for. A person is in one part with all of their faces, and in the same in every run."""

    TRAINED_ON = 0
    WATCHED = 1
    HELD_OUT = 2


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """M faces, by person and then by id.

    Attributes:
        faces: (M,) int64, ids.
        people: (M,) int64, ids of whose they are.
        parts: (M,) int8, `Part`.
        crops: (M, S, S, 3) uint8 RGB, aligned for the parent's input size; read-only, usually a file that is mapped
            into memory.
    """

    faces: Counts
    people: Counts
    parts: npt.NDArray[np.int8]
    crops: Pixels

    def __len__(self) -> int:
        return len(self.faces)

    def rows_of(self, part: Part) -> Counts:
        """Return the rows of a part, ascending."""
        return np.flatnonzero(self.parts == part).astype(np.int64)

    @property
    def is_trained_on(self) -> Mask:
        """(M,) whether each face may be in a batch."""
        mask: Mask = self.parts == Part.TRAINED_ON
        return mask
