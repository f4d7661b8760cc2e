"""The networks that turn crops into embeddings, by the architecture that an `EncoderSpec` names."""

from __future__ import annotations

from encoder.backbones.dlib_resnet import DlibResNet
from encoder.spec import Architecture, EncoderSpec

__all__ = ["DlibResNet", "build_backbone"]


def build_backbone(spec: EncoderSpec, *, affine: bool = False) -> DlibResNet:
    """The network of `spec` with random weights; `affine`: in the form dlib trained, with its affine layers."""
    match spec.architecture:
        case Architecture.DLIB_RESNET:
            return DlibResNet(spec.dimension, affine=affine)
