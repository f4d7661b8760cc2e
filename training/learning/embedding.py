"""Embeddings of a training set's faces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from encoder.backbones import Backbone
from encoder.checkpoints import load_backbone
from encoder.convolution import Normalization
from encoder.devices import choose_dtype
from encoder.embedding import CropEmbedder
from encoder.images import Pixels
from encoder.spec import EncoderSpec, View
from training.metrics.types import Counts, Embeddings, Progress, ignore


def deployed_embeddings(
    spec: EncoderSpec,
    weights: Path | None,
    crops: Pixels,
    rows: Counts,
    device: torch.device,
    *,
    precision: str = "auto",
    progress: Progress = ignore,
) -> Embeddings:
    """Embed faces as the encoder version does where it serves: all of its views, its precision.

    Args:
        spec: the encoder version.
        weights: its file; None for the factory's.
        crops: (M, S, S, 3) uint8; read a batch at a time.
        rows: (R,) of the crops.
        device: where.
        precision: see `encoder.devices.Precision`.
        progress: told how many faces were embedded since the last call.

    Returns:
        (R, D) float32 of unit length.

    Raises:
        WeightsError: the file is not there, or not the version's.
        EmbeddingInvalid: an answer without a direction.
    """
    embedder = embedder_of(spec, load_backbone(spec, weights), device, choose_dtype(precision, device))
    return embedded(embedder, lambda some: crops[some], rows, progress)


def upright_embedder(spec: EncoderSpec, backbone: Backbone, device: torch.device, dtype: torch.dtype) -> CropEmbedder:
    """One that looks at each face once, as it is: quicker, and close to what all views say."""
    return embedder_of(replace(spec, views=(View(),)), backbone, device, dtype)


def embedder_of(spec: EncoderSpec, backbone: Backbone, device: torch.device, dtype: torch.dtype) -> CropEmbedder:
    """One with the backbone's present weights."""
    network = backbone.to_inference(dtype, Normalization(spec.mean, spec.scale)).to(device)
    return CropEmbedder(spec, network, device=device)


def embedded(
    embedder: CropEmbedder, crops: Callable[[Counts], Pixels], rows: Counts, progress: Progress = ignore
) -> Embeddings:
    """Embed what `crops` gives for each portion of the rows: (R, D) float32."""
    embeddings = np.empty((len(rows), embedder.spec.dimension), np.float32)
    for start in range(0, len(rows), embedder.at_once):
        portion = rows[start : start + embedder.at_once]
        embeddings[start : start + len(portion)] = embedder.embed(crops(portion))[0]
        progress(len(portion))
    return embeddings
