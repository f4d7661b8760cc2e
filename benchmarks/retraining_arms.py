"""One run of training in the benchmark: epochs as the platform does them, and judged people between them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from benchmarks.retraining_faces import Domain
from benchmarks.retraining_figures import Figures, figures
from encoder.spec import DLIB_RESNET_SPEC, EncoderSpec
from training.configuration import Negatives, TrainingConfiguration
from training.learning.embedding import deployed_embeddings
from training.learning.learner import Learner
from training.metrics.types import Counts, Embeddings
from training.mining.barred import BarredPairs
from training.mining.batches import Batch
from training.mining.neighbors import Neighbors
from training.mining.planning import plan_epoch
from training.mining.sets import Part
from training.retraining.negatives import NEIGHBORS
from training.services.mining import NeighborTable

RUN = 1
"""In the name of the table that neighbors are looked for in."""


@dataclass(frozen=True)
class Moment:
    """How well the judged people were told apart after some steps, by one upright view of each face."""

    step: int
    figures: Figures


@dataclass(frozen=True)
class Run:
    """What a run of training came to.

    Attributes:
        curve: between epochs, the first before any step.
        after: at its end, by the deployed embedding.
        seconds: of training, mining included, judging left out.
        step_s: of a step alone, mean.
        mining_s: of an epoch's embedding and its neighbors, mean.
    """

    curve: Sequence[Moment]
    after: Figures
    seconds: float
    step_s: float
    mining_s: float


class Bench:
    """What is learned and judged, and where."""

    def __init__(self, domain: Domain, *, folder: Path, device: torch.device) -> None:
        self.domain = domain
        self.folder = folder
        self.device = device
        self.rows = domain.faces.rows_of(Part.TRAINED_ON)

    def judged(self, spec: EncoderSpec, weights: Path | None) -> Figures:
        """Judge by the deployed embedding of an encoder version; without weights, the factory's."""
        domain = self.domain
        rows = np.union1d(domain.judged, domain.probes)
        embeddings = deployed_embeddings(spec, weights, domain.faces.crops, rows, self.device)
        return self._figures(
            embeddings[np.searchsorted(rows, domain.judged)], embeddings[np.searchsorted(rows, domain.probes)]
        )

    def train(self, configuration: TrainingConfiguration) -> Run:
        """Train from the factory's weights."""
        learner = Learner(DLIB_RESNET_SPEC, None, configuration, device=self.device, folder=self.folder)
        with closing(learner), NeighborTable(RUN) as table:
            began_at = time.monotonic()
            learner.prepare(self.domain.faces)
            spent = time.monotonic() - began_at
            curve, mining_s, stepping_s = [Moment(0, self._now(learner))], 0.0, 0.0
            for epoch in range(configuration.epochs):
                began_at = time.monotonic()
                batches = self._planned(configuration, learner, table, epoch)
                planned_at = time.monotonic()
                _take_steps(learner, batches, epoch * len(batches), configuration.epochs * len(batches))
                mining_s += planned_at - began_at
                stepping_s += time.monotonic() - planned_at
                curve.append(Moment((epoch + 1) * len(batches), self._now(learner)))
            weights = self.folder / "candidate.safetensors"
            spec = learner.save_weights(weights)
        steps = configuration.epochs * configuration.steps_per_epoch
        after = self.judged(spec, weights)
        return Run(curve, after, spent + mining_s + stepping_s, stepping_s / steps, mining_s / configuration.epochs)

    def _planned(
        self, configuration: TrainingConfiguration, learner: Learner, table: NeighborTable, epoch: int
    ) -> list[Batch]:
        faces, people = self.domain.faces.faces[self.rows], self.domain.faces.people[self.rows]
        neighbors, vectors = self._mined(configuration, learner, table, people)
        return plan_epoch(
            faces=faces,
            people=people,
            rows=self.rows,
            neighbors=neighbors,
            vectors=vectors,
            configuration=configuration,
            barred=BarredPairs.of(),
            rng=np.random.default_rng((configuration.seed, epoch)),
        )

    def _mined(
        self, configuration: TrainingConfiguration, learner: Learner, table: NeighborTable, people: Counts
    ) -> tuple[Neighbors | None, Embeddings | None]:
        if configuration.negatives != Negatives.DATABASE:
            return None, None
        vectors = learner.embed(self.rows)
        table.write(vectors, people)
        return table.nearest(NEIGHBORS), vectors

    def _now(self, learner: Learner) -> Figures:
        gallery = learner.embed(self.domain.judged)
        return self._figures(gallery, learner.embed(self.domain.probes) if self.domain.has_copies else gallery)

    def _figures(self, gallery: Embeddings, probes: Embeddings) -> Figures:
        return figures(gallery, probes, self.domain.people, has_copies=self.domain.has_copies)


def _take_steps(learner: Learner, batches: Sequence[Batch], done: int, total: int) -> None:
    for place, batch in enumerate(batches):
        then = batches[place + 1] if place + 1 < len(batches) else None
        learner.step(batch, step=done + place, total_steps=total, then=then)
