"""Aligned crops to embeddings: views, the backbone, the mean."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from encoder.convolution import centered
from encoder.devices import upload
from encoder.exceptions import EmbeddingInvalid
from encoder.geometry import FloatArray
from encoder.images import Pixels
from encoder.spec import EncoderSpec
from encoder.threads import hands, share_out
from encoder.views import ViewMaker

CROPS_AT_ONCE = {"cpu": 64, "cuda": 1024}
"""In one pass of the backbone, all views counted: on a CPU larger batches leave its caches."""

SMALL_BATCH = 8
"""What a thread takes on at least: with fewer crops it is the weights that have to be moved, whatever the number."""


class CropEmbedder:
    """An encoder version's backbone with its views; read-only, threads may share it."""

    def __init__(self, spec: EncoderSpec, backbone: nn.Module, *, device: torch.device) -> None:
        """`backbone` takes `centered` pixels in the dtype of its parameters, and is ready on `device`."""
        self.spec = spec
        self.backbone = backbone
        self.device = device
        self._dtype = next(backbone.parameters()).dtype
        self._make_views = ViewMaker(spec.views, spec.input_size, device)

    def embed(self, crops: Pixels) -> tuple[FloatArray, FloatArray | None]:
        """Aligned crops, (B, S, S, 3) uint8 RGB, to embeddings, (B, dimension) float32 of unit length.

        Beside them how well each face's views agree, (B,): the length of their mean, 0 to 1; None where an embedding is
        made of one view.

        Raises ValueError for crops of another shape, EmbeddingInvalid where the network's answer has no direction.
        """
        size = self.spec.input_size
        if crops.dtype != np.uint8 or crops.shape[1:] != (size, size, 3):
            raise ValueError(f"Crops are (B, {size}, {size}, 3) uint8, not {crops.shape} {crops.dtype}.")
        step = self.at_once
        with torch.inference_mode():
            parts = [self._embed(crops[start : start + step]) for start in range(0, len(crops), step)]
        means = np.concatenate([np.empty((0, self.spec.dimension), np.float32), *parts])
        agreement = np.linalg.norm(means, axis=1)  # of a mean of unit vectors
        broken = np.flatnonzero(~(agreement > 1e-3))
        if broken.size:
            raise EmbeddingInvalid(index=int(broken[0]))
        return means / agreement[:, None], agreement if len(self.spec.views) > 1 else None

    @property
    def at_once(self) -> int:
        """Crops of one pass."""
        return max(CROPS_AT_ONCE[self.device.type] // len(self.spec.views), 1)

    def embed_on_device(self, crops: Tensor) -> Tensor:
        """The same of (B, S, S, 3) uint8 on the device: (B, dimension) float32 there, of unit length."""
        with torch.inference_mode():
            means = torch.cat([self._means(part) for part in torch.split(crops, self.at_once)])
        return nn.functional.normalize(means.clone())

    def _embed(self, crops: Pixels) -> FloatArray:
        result: FloatArray = self._means(upload(crops, self.device)).cpu().numpy()
        return result

    def _means(self, crops: Tensor) -> Tensor:
        """The mean of the unit embeddings of each face's views."""
        views = self._make_views(crops)  # (V, B, S, S, 3)
        inputs = centered(views.flatten(0, 1).permute(0, 3, 1, 2), self._dtype)  # (V * B, 3, S, S), channels_last
        answers = share_out(self._run_backbone, inputs.tensor_split(hands(len(inputs) // SMALL_BATCH, self.device)))
        units = nn.functional.normalize(torch.cat(answers))
        means: Tensor = units.reshape(len(views), len(crops), -1).mean(dim=0)
        return means

    def _run_backbone(self, inputs: Tensor) -> Tensor:
        with torch.inference_mode():
            answers: Tensor = self.backbone(inputs)
            return answers
