"""What a step works on, made ready in the background while the step before it is done."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from encoder.embedding import CropEmbedder
from encoder.images import Pixels
from encoder.spec import EncoderSpec
from encoder.threads import one_torch_thread
from training.learning.augmentation import Augmenter
from training.mining.batches import Batch

_STEP = 2


@dataclass(frozen=True, eq=False)
class Inputs:
    """Of a batch of B faces, on the device.

    Attributes:
        faces: (B, ...) what the learning part of the network takes.
        parent: (B, D) what the parent makes of the same copies, had a good camera made them; None where that is not
            known.
        is_poor: (B,) bool: whether a poor camera made them; None likewise.
    """

    faces: Tensor
    parent: Tensor | None = None
    is_poor: Tensor | None = None


class Source(Protocol):
    """Where the network's inputs come from."""

    def of(self, batch: Batch, step: int) -> Inputs:
        """Those of a batch."""


class CropSource:
    """Copies of crops, normalized: (B, 3, S, S) float32, channels_last."""

    def __init__(
        self, spec: EncoderSpec, crops: Pixels, augmenter: Augmenter, parent: CropEmbedder, device: torch.device
    ) -> None:
        """`crops`, (M, S, S, 3), are read a batch at a time; `parent` embeds them upright."""
        self._crops = crops
        self._augmenter = augmenter
        self._parent = parent
        self._mean = torch.tensor(spec.mean, device=device)
        self._scale = spec.scale

    def of(self, batch: Batch, step: int) -> Inputs:
        """A copy of each face, by the step and its place in the batch."""
        crops = np.asarray(self._crops[batch.rows])
        copies = self._augmenter.copies(crops, [(_STEP, step, place) for place in range(len(crops))])
        faces = ((copies.taken.float() - self._mean) / self._scale).permute(0, 3, 1, 2)
        return Inputs(faces, self._parent.embed_on_device(copies.good), copies.is_poor)


class Ahead:
    """Makes the inputs of one step that is still to come, in a thread."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="inputs")
        self._batch: Batch | None = None
        self._step = -1
        self._coming: Future[Inputs] | None = None

    def expect(self, batch: Batch, step: int) -> None:
        """Begin with a step's inputs."""
        self._batch, self._step = batch, step
        self._coming = self._thread.submit(self._make, batch, step)

    def take(self, batch: Batch, step: int) -> Inputs:
        """The inputs of a step: those that were expected, or made now."""
        coming, self._coming = self._coming, None
        if coming is not None and batch is self._batch and step == self._step:
            return coming.result()
        return self._make(batch, step)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(cancel_futures=True)

    def _make(self, batch: Batch, step: int) -> Inputs:
        with one_torch_thread(), torch.no_grad():
            return self._source.of(batch, step)
