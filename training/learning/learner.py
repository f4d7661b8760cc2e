"""A network that learns, one batch of triplets at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from encoder.backbones import Backbone
from encoder.checkpoints import load_backbone, save_backbone
from encoder.convolution import Normalization
from encoder.devices import choose_dtype
from encoder.exceptions import EmbeddingInvalid, EncoderError
from encoder.images import Pixels
from encoder.spec import EncoderSpec
from encoder.threads import one_torch_thread
from training.configuration import Layers, TrainingConfiguration
from training.exceptions import TrainingFailedError
from training.learning.augmentation import Augmenter
from training.learning.determinism import deterministic, reserve_workspace
from training.learning.embedding import embedded, upright_embedder
from training.learning.inputs import Ahead, CropSource, Inputs
from training.learning.learning_part import LearningPart
from training.learning.objective import Objective, Pairs, Parent, objective
from training.learning.outcome import StepOutcome
from training.learning.schedule import learning_rate
from training.learning.state import read_state, write_state
from training.learning.stored_features import StoredFeatures
from training.metrics.types import Counts, Embeddings, Progress, ignore
from training.mining.batches import Batch
from training.mining.sets import TrainingSet

STORED_AT_ONCE = 256
"""Faces that are embedded together from what is stored of them."""

_BURST = "Some embeddings have no direction any more: the run cannot go on. A lower learning rate may help."

LARGEST_GRADIENT = 1.0
"""L2 norm that longer gradients are cut to."""


class Learner:
    """A copy of an encoder version's network, with an optimizer. One thread uses it at a time.

    Its form has no norms of its own (`Backbone.folded`): the affine gains of the factory network are so large beside
    its weights that a usual step of an optimizer would be a change by a quarter.
    """

    def __init__(
        self,
        spec: EncoderSpec,
        weights: Path | None,
        configuration: TrainingConfiguration,
        *,
        device: torch.device,
        folder: Path,
    ) -> None:
        """Load the parent.

        Args:
            spec: the parent.
            weights: its file; None for the factory's.
            configuration: of the run.
            device: where to learn.
            folder: scratch space; what is stored there may be deleted when the learner is not used any more.

        Raises:
            TrainingFailedError: the weights are not there or not the parent's.
        """
        reserve_workspace(device)
        self.spec = spec
        self._weights = weights
        self._configuration = configuration
        self._device = device
        self._folder = folder
        self._dtype = choose_dtype("auto", device)
        self._backbone = self._loaded().folded().to(device)
        self._part = LearningPart(self._backbone, configuration.layers, self._dtype)
        self._optimizer = torch.optim.AdamW(self._part.parameters, lr=0.0, weight_decay=0.0, fused=True)
        self._augmenter = Augmenter(configuration.augmentation, configuration.seed, device)
        self._training_set: TrainingSet | None = None
        self._features: StoredFeatures | None = None
        self._ahead: Ahead | None = None
        self.parent: Embeddings = np.empty((0, spec.dimension), np.float32)

    def prepare(self, training_set: TrainingSet, *, progress: Progress = ignore) -> None:
        """Embed all faces with the parent, and keep what the steps will need; once, before anything else."""
        rows = np.arange(len(training_set), dtype=np.int64)
        self._training_set = training_set
        if self._configuration.layers == Layers.ALL:
            parent = upright_embedder(self.spec, self._loaded(), self._device, self._dtype)
            self.parent = embedded(parent, lambda some: training_set.crops[some], rows, progress)
            self._ahead = Ahead(CropSource(self.spec, training_set.crops, self._augmenter, parent, self._device))
            return
        self._features = StoredFeatures(training_set, self._front(), self._augmenter, self._device)
        self._features.fill(self._folder, progress)
        learned = LearningPart(self._loaded().folded().to(self._device), self._configuration.layers, self._dtype)
        self.parent = self._from_stored(learned, self._features.as_they_are, rows)
        self._ahead = Ahead(self._features)

    def embed(self, rows: Counts, *, progress: Progress = ignore) -> Embeddings:
        """Embed faces of the training set as they are, upright, with the present weights: (R, D) float32.

        Raises:
            TrainingFailedError: an embedding has no direction: the weights have grown beyond all bounds.
        """
        if self._features is not None:
            return self._from_stored(self._part, self._features.as_they_are, rows, progress)
        crops = self._prepared.crops
        return self._from_crops(lambda some: crops[some], rows, progress)

    def embed_augmented(self, rows: Counts) -> Embeddings:
        """The same of the copies that the run's poor cameras make of the faces, always the same ones.

        Where the run knows no poor cameras it is what `embed` answers.
        """
        if self._features is not None:
            return self._from_stored(self._part, self._features.probes, rows)
        crops = self._prepared.crops
        return self._from_crops(lambda some: self._augmenter.probes(crops[some], some.tolist()), rows)

    def step(self, batch: Batch, *, step: int, total_steps: int, then: Batch | None = None) -> StepOutcome:
        """Change the weights once.

        Args:
            batch: what to learn from.
            step: its number, from 0; what is drawn by chance follows from it and the run's seed.
            total_steps: of the run, as far as is known; the learning rate follows from both.
            then: the batch of the next step where it is known: its faces are made ready meanwhile.

        Raises:
            TrainingFailedError: the loss or the gradient is not a finite number; the weights are as before.
        """
        if self._ahead is None:
            raise RuntimeError("A learner is prepared with a training set before it takes steps.")
        inputs = self._ahead.take(batch, step)
        if then is not None:
            self._ahead.expect(then, step + 1)
        rate = learning_rate(self._configuration, step=step, total_steps=total_steps)
        with deterministic():
            return self._step(inputs, batch, step, rate)

    def save(self, path: Path) -> str:
        """Write everything needed to go on; return the file's SHA-256."""
        return write_state(path, self._backbone, self._optimizer, self.spec, self._configuration)

    def load(self, path: Path, sha256: str) -> None:
        """Go on from a file that `save` wrote.

        Raises:
            TrainingFailedError: it is not there, not this file, or of another network or configuration.
        """
        read_state(path, sha256, self._backbone, self._optimizer, self.spec, self._configuration)

    def save_weights(self, path: Path) -> EncoderSpec:
        """Write the network as an encoder version's weights; return the spec with their digest."""
        return save_backbone(path, self._backbone, self.spec)

    def close(self) -> None:
        """End the threads that make inputs ready."""
        self._augmenter.close()
        if self._ahead is not None:
            self._ahead.close()

    @property
    def _prepared(self) -> TrainingSet:
        if self._training_set is None:
            raise RuntimeError("A learner is prepared with a training set before it embeds.")
        return self._training_set

    def _front(self) -> nn.Module:
        """The layers that do not learn, as they serve."""
        network = self._loaded().to_inference(self._dtype, Normalization(self.spec.mean, self.spec.scale))
        front, _ = network.sections().cut(self._part.blocks)
        return front.to(self._device)

    def _from_crops(self, crops: Callable[[Counts], Pixels], rows: Counts, progress: Progress = ignore) -> Embeddings:
        present = upright_embedder(self.spec, self._backbone, self._device, self._dtype)
        try:
            return embedded(present, crops, rows, progress)
        except EmbeddingInvalid as error:
            raise TrainingFailedError(_BURST) from error

    def _from_stored(
        self,
        part: LearningPart,
        stored: Callable[[Counts], Tensor],
        rows: Counts,
        progress: Progress = ignore,
    ) -> Embeddings:
        """Embed what is stored of faces: (R, D) float32."""
        embeddings = np.empty((len(rows), self.spec.dimension), np.float32)
        for start in range(0, len(rows), STORED_AT_ONCE):
            portion = rows[start : start + STORED_AT_ONCE]
            embeddings[start : start + len(portion)] = part.embed(stored(portion)).cpu().numpy()
            progress(len(portion))
        if not np.isfinite(embeddings).all():
            raise TrainingFailedError(_BURST)
        return embeddings

    def _loaded(self) -> Backbone:
        try:
            return load_backbone(self.spec, self._weights)
        except EncoderError as error:
            raise TrainingFailedError(f"The weights to begin with cannot be used. {error}") from error

    def _step(self, inputs: Inputs, batch: Batch, step: int, rate: float) -> StepOutcome:
        parent = Parent.of(torch.from_numpy(self.parent[batch.rows]).to(self._device, non_blocking=True), inputs)
        generator = torch.Generator(self._device).manual_seed(_number(self._configuration.seed, step))
        pairs = Pairs.of(batch, self._device)
        found = self._part.learn(
            inputs.faces, lambda embeddings: objective(embeddings, parent, pairs, self._configuration, generator)
        )
        with one_torch_thread():
            return self._improve(found, step, rate)

    def _improve(self, found: Objective, step: int, rate: float) -> StepOutcome:
        """Change the weights by the gradients they have."""
        norm = nn.utils.clip_grad_norm_(self._part.parameters, LARGEST_GRADIENT)
        outcome = _outcome(found, norm, rate)
        if not np.isfinite([outcome.loss, outcome.gradient_norm]).all():
            raise TrainingFailedError(
                f"In step {step + 1:,} the loss is {outcome.loss} and its gradient {outcome.gradient_norm}: "
                f"the run cannot go on. A lower learning rate than {self._configuration.learning_rate:g} may help."
            )
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.step()
        return outcome


def _outcome(found: Objective, norm: Tensor, rate: float) -> StepOutcome:
    """All numbers at once: each one asked for by itself would wait for the device."""
    numbers = torch.stack([value.detach().float() for value in (*found, norm)]).tolist()
    loss, parent_loss, triplets, active, hard, positive_distance, negative_distance, gradient_norm = numbers
    return StepOutcome(
        loss=loss,
        parent_loss=parent_loss,
        triplets=int(triplets),
        active=int(active),
        hard=int(hard),
        semi_hard=int(active - hard),
        positive_distance=positive_distance,
        negative_distance=negative_distance,
        gradient_norm=gradient_norm,
        learning_rate=rate,
    )


def _number(seed: int, step: int) -> int:
    """A seed for torch, of two numbers."""
    return int(np.random.SeedSequence((seed, step)).generate_state(1, np.uint64)[0] >> np.uint64(1))
