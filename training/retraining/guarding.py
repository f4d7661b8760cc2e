"""Keeping doubles apart: who is probably one person is asked about, and not trained on as if they were two."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from faces.models import Gallery
from training.configuration import TrainingConfiguration
from training.metrics.types import Counts, Embeddings
from training.mining.barred import BarredPairs
from training.mining.sets import TrainingSet
from training.mining.suspects import Suspects
from training.models import TrainingRun
from training.services.suspicions import barred_pairs, record_suspects, suspects_in


@dataclass(frozen=True, eq=False)
class Guard:
    """What the parent's embeddings say of a run's faces.

    Attributes:
        gallery: whose faces they are.
        suspects: None where the run does without a guard.
    """

    gallery: Gallery
    suspects: Suspects | None

    @classmethod
    def of(
        cls, run: TrainingRun, training_set: TrainingSet, vectors: Embeddings, configuration: TrainingConfiguration
    ) -> Self:
        """Look for suspects among all faces of the run, and put those that are new before an admin.

        Args:
            run: which comes upon them.
            training_set: M faces.
            vectors: (M, D) their embeddings by the parent.
            configuration: whether there is a guard.
        """
        if not configuration.uses_guard:
            return cls(run.gallery, None)
        suspects = suspects_in(gallery=run.gallery, training_set=training_set, vectors=vectors, seed=configuration.seed)
        record_suspects(run, training_set, suspects)
        return cls(run.gallery, suspects)

    def barred(self) -> BarredPairs:
        """Return the pairs that are no negatives, by what was answered until now."""
        return BarredPairs.of() if self.suspects is None else barred_pairs(self.gallery, self.suspects)

    def trusted(self, rows: Counts) -> Counts:
        """Return those of some rows of the training set that are probably not somebody else's faces."""
        return rows if self.suspects is None else rows[~np.isin(rows, self.suspects.excluded_rows)]
