"""The networks that turn crops into embeddings, by the architecture that an `EncoderSpec` names.

Another one is a member of `Architecture` with its defaults (`encoder.spec`), a module with this `Backbone`'s methods,
and a line in `build_backbone`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol, Self

import torch
from torch import Tensor, nn

from encoder.backbones.dlib_resnet import DlibResNet
from encoder.backbones.iresnet import BLOCKS, IResNet
from encoder.backbones.sections import Sectioned, Sections
from encoder.convolution import Normalization
from encoder.spec import Architecture, EncoderSpec

__all__ = ["Backbone", "DlibResNet", "IResNet", "Sectioned", "Sections", "build_backbone"]


class Backbone(Protocol):
    """What all of them are: a `torch.nn.Module` with two forms, and a way from the first to the second.

    Called with (B, 3, S, S) crops, (RGB - mean) / scale, it answers (B, dimension) float32, of no particular length.
    """

    dimension: int

    @property
    def has_affine(self) -> bool:
        """Whether it is in the form it was trained in, with its norms; otherwise they are folded into other layers."""

    def folded(self) -> Backbone:
        """A copy without norms that computes what this network does in evaluation; the form to fine-tune."""

    def to_inference(self, dtype: torch.dtype, normalization: Normalization | None = None) -> Sectioned:
        """A frozen copy made to be fast, convolutions in `dtype` (float32, bfloat16, float16), the answer float32.

        With `normalization` it takes `centered` pixels in `dtype` and normalizes them itself.
        """

    @property
    def last_blocks(self) -> int:
        """How many of its last blocks learn where only the last layers do."""

    def sections(self) -> Sections:
        """Its parts, from the stem to the last layer; the parameters are its own."""

    # Of torch.nn.Module, as far as it is needed
    def __call__(self, crops: Tensor, /) -> Tensor: ...
    def train(self) -> Self: ...
    def eval(self) -> Self: ...
    def requires_grad_(self, *, requires_grad: bool) -> Self: ...
    def parameters(self) -> Iterator[nn.Parameter]: ...
    def named_parameters(self) -> Iterator[tuple[str, nn.Parameter]]: ...
    def to(self, device: torch.device) -> Self: ...
    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state_dict: Mapping[str, Any]) -> object: ...


def build_backbone(spec: EncoderSpec, *, affine: bool = False) -> Backbone:
    """The network of `spec` with random weights; `affine`: in the form it is trained in, with its norms."""
    match spec.architecture:
        case Architecture.DLIB_RESNET:
            return DlibResNet(spec.dimension, affine=affine)
        case (
            Architecture.IRESNET18 | Architecture.IRESNET34 | Architecture.IRESNET50 | Architecture.IRESNET100
        ) as architecture:
            return IResNet(BLOCKS[architecture], spec.dimension, input_size=spec.input_size, affine=affine)
