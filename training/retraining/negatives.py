"""Where an epoch's negatives come from: the nearest faces of other people, but for pairs that are barred."""

import time
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import torch

from training.configuration import Negatives, TrainingConfiguration
from training.learning.learner import Learner
from training.learning.neighbors import nearest_of_others
from training.metrics.types import Counts, Embeddings
from training.mining.barred import BarredPairs
from training.mining.neighbors import Neighbors
from training.mining.sets import TrainingSet
from training.models import TrainingRun
from training.retraining.reporting import Reporter
from training.services.mining import NeighborTable

NEIGHBORS = 30
"""Of each face that are asked for: as many as meet in a batch, about."""


@dataclass(frozen=True, eq=False)
class Mined:
    """What an epoch's batches are drawn up by.

    Attributes:
        neighbors: of the faces that are trained on, without the barred ones; None where batches are left to chance.
        vectors: (R, D) their embeddings by the present weights; None likewise.
        seconds: that it took.
    """

    neighbors: Neighbors | None
    vectors: Embeddings | None
    seconds: float


class Miner:
    """Asks for neighbors before each epoch; what it needs for that goes when it is left."""

    def __init__(
        self,
        run: TrainingRun,
        configuration: TrainingConfiguration,
        learner: Learner,
        reporter: Reporter,
        device: torch.device,
    ) -> None:
        """Take the run's parts; nothing is made before it is entered."""
        self._run = run
        self._negatives = configuration.negatives
        self._learner = learner
        self._reporter = reporter
        self._device = device
        self._table: NeighborTable | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Make the table of the run, where the database is asked."""
        if self._negatives == Negatives.DATABASE:
            self._table = self._stack.enter_context(NeighborTable(self._run.pk, job=self._reporter.job))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Drop it."""
        self._stack.__exit__(kind, error, trace)

    def mine(self, training_set: TrainingSet, rows: Counts, barred: BarredPairs, name: str) -> Mined:
        """Find the neighbors of (R,) rows of the training set by the learner's present weights.

        Args:
            training_set: the run's.
            rows: the faces that are trained on.
            barred: pairs that are not to be negatives.
            name: of the epoch, for the note.
        """
        if self._negatives in (Negatives.IN_BATCH, Negatives.RANDOM):
            return Mined(None, None, 0.0)
        started = time.monotonic()
        faces, people = training_set.faces[rows], training_set.people[rows]
        vectors = self._learner.embed(rows, progress=self._reporter.progress(f"{name}: embedding", len(rows)))
        if self._table is not None:
            self._table.write(vectors, people)
        progress = self._reporter.progress(f"{name}: looking for the nearest faces of other people", len(rows))
        if self._table is not None:
            found = self._table.nearest(NEIGHBORS, progress=progress)
        else:
            found = nearest_of_others(vectors, people, NEIGHBORS, device=self._device, progress=progress)
        neighbors = barred.mask_neighbors(found, faces, people)
        return Mined(neighbors, vectors, time.monotonic() - started)
