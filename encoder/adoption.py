"""Making others' weights ours: every name and shape is checked, the network is tried, and it is saved in our format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import StrEnum
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from encoder.backbones import Backbone, build_backbone
from encoder.checkpoints import read_state_dict, save_backbone
from encoder.exceptions import WeightsBroken, WeightsUnfit
from encoder.spec import Architecture, EncoderSpec
from encoder.weights.state_dict import COUNTERS

NAMED = 3
"""Differences of each kind that an error names."""

SAME = 1e-6
"""Squared distance up to which two embeddings are taken for one."""

_DLIB_RESNET_ENDS = ("stem.convolution.weight", "head.weight")
_IRESNET_ENDS = ("conv1.weight", "fc.weight")
_ENDS: Mapping[Architecture, tuple[str, str]] = {
    Architecture.DLIB_RESNET: _DLIB_RESNET_ENDS,
    Architecture.IRESNET18: _IRESNET_ENDS,
    Architecture.IRESNET34: _IRESNET_ENDS,
    Architecture.IRESNET50: _IRESNET_ENDS,
    Architecture.IRESNET100: _IRESNET_ENDS,
}
"""The layer that sees the colors, and the one whose first side is the dimension."""

Shapes = Mapping[str, tuple[int, ...]]


class ChannelOrder(StrEnum):
    """In which order the network takes colors in."""

    RGB = "rgb"
    BGR = "bgr"


def adopt(
    source: Path, target: Path, spec: EncoderSpec, *, channel_order: ChannelOrder = ChannelOrder.RGB
) -> tuple[EncoderSpec, str]:
    """Reads a state dict that others published, and writes it to `target` as an encoder of this platform.

    Args:
        source: a safetensors file, or one of `torch.save`.
        target: what is written, whole or not at all.
        spec: what the file is said to be; `weights_sha256` is not looked at.
        channel_order: of the published network. Its first layer is turned to RGB, which is exact; `spec.mean` is in
            RGB whatever this is.

    Returns:
        The spec with the digest of `target`, and the digest of `source`. The same tensors and spec always give the
        same bytes, so name, licence and source are not written into the file.

    Raises WeightsMissing, WeightsTooLarge or WeightsMalformed for a file that cannot be read, WeightsUnfit for one of
    another network, WeightsBroken for numbers that cannot be anybody's embedding.
    """
    tensors, digest = read_state_dict(source)
    backbone = fit(tensors, spec, name=source.name)
    if channel_order == ChannelOrder.BGR:
        _swap_colors(backbone, spec.architecture)
    check_answers(backbone, spec, name=source.name)
    saved = save_backbone(target, backbone, replace(spec, name="", licence="", source=""))
    return replace(spec, weights_sha256=saved.weights_sha256), digest


def fit(tensors: Mapping[str, Tensor], spec: EncoderSpec, *, name: str) -> Backbone:
    """The network of `spec` with these parameters, in float32 and evaluation mode; `name` is for errors.

    Raises WeightsUnfit with the first names that differ, WeightsBroken for numbers that are not finite.
    """
    found = {key: tuple(value.shape) for key, value in tensors.items()}
    affine = min((True, False), key=lambda form: len(_differences(_expected(spec, affine=form), found)))
    if differences := _differences(_expected(spec, affine=affine), found):
        raise WeightsUnfit(
            name=name, architecture=_described(spec), differences=_in_words(differences), hint=_hint(spec, found)
        )
    state = {key: value.float() if value.is_floating_point() else value for key, value in tensors.items()}
    for key, value in state.items():
        if value.dtype != torch.float32 or not torch.isfinite(value).all():
            raise WeightsBroken(name=name, reason=f"{key} holds numbers that are not finite fractions")
    backbone = build_backbone(spec, affine=affine)
    counters = {key: value for key, value in backbone.state_dict().items() if key.endswith(COUNTERS)}
    backbone.load_state_dict(state | counters)
    return backbone.eval()


@torch.inference_mode()
def check_answers(backbone: Backbone, spec: EncoderSpec, *, name: str) -> None:
    """Runs the network on a gray picture and on a colored one. Raises WeightsBroken where it cannot tell them apart."""
    crops = torch.cat([_gray(spec.input_size), _colored(spec.input_size)])  # (2, 3, S, S), 0..255
    mean = torch.tensor(spec.mean)[:, None, None]
    answers = backbone.to_inference(torch.float32)((crops - mean) / spec.scale)
    if answers.shape != (2, spec.dimension):
        raise WeightsBroken(name=name, reason=f"its answer is {tuple(answers.shape)}, not (2, {spec.dimension})")
    if not torch.isfinite(answers).all() or not answers.norm(dim=1).all():
        raise WeightsBroken(name=name, reason="its answer to a test picture is zero or not finite")
    gray, colored = functional.normalize(answers)
    if float((gray - colored).square().sum()) <= SAME:
        raise WeightsBroken(name=name, reason="two different test pictures have the same embedding")


def _gray(size: int) -> Tensor:
    return torch.full((1, 3, size, size), 128.0)


def _colored(size: int) -> Tensor:
    """Waves of another direction and length in each channel: (1, 3, S, S), 0 to 255."""
    y, x = torch.meshgrid(torch.linspace(0, 1, size), torch.linspace(0, 1, size), indexing="ij")
    waves = (torch.sin(7 * x + 3 * y), torch.sin(23 * y - 5 * x), torch.sin(47 * x * y))
    return (127.5 * (1 + torch.stack(waves)))[None]


def _swap_colors(backbone: Backbone, architecture: Architecture) -> None:
    state = backbone.state_dict()
    first, _ = _ENDS[architecture]
    backbone.load_state_dict(state | {first: state[first].flip(1)})


def _expected(spec: EncoderSpec, *, affine: bool) -> Shapes:
    """The names and shapes of a network's parameters; no memory is used for their numbers."""
    with torch.device("meta"):
        state = build_backbone(spec, affine=affine).state_dict()
    return {key: tuple(value.shape) for key, value in state.items() if not key.endswith(COUNTERS)}


def _differences(expected: Shapes, found: Shapes) -> list[tuple[str, str]]:
    """(kind, text) of each difference, those that are missing first, in the order of the network."""
    missing = [("missing", key) for key in expected if key not in found]
    surplus = [("surplus", key) for key in found if key not in expected]
    shapes = [
        ("of another shape", f"{key} is {_shape(found[key])} and must be {_shape(expected[key])}")
        for key in expected
        if key in found and found[key] != expected[key]
    ]
    return [*missing, *surplus, *shapes]


def _shape(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "a single number"


def _in_words(differences: list[tuple[str, str]]) -> str:
    return "; ".join(_kind_in_words(differences))


def _kind_in_words(differences: list[tuple[str, str]]) -> Iterator[str]:
    for kind in dict.fromkeys(kind for kind, _ in differences):
        texts = [text for other, text in differences if other == kind]
        more = f" and {len(texts) - NAMED} more" if len(texts) > NAMED else ""
        yield f"{kind}: {', '.join(texts[:NAMED])}{more}"


def _hint(spec: EncoderSpec, found: Shapes) -> str:
    """Which network the file looks like, if it is one that is known here."""
    for architecture in Architecture:
        last = found.get(_ENDS[architecture][1])
        if not last:
            continue
        other = replace(spec, architecture=architecture, dimension=last[0])
        if not all(_differences(_expected(other, affine=form), found) for form in (True, False)):
            return f" It looks like {_described(other)}."
    return ""


def _described(spec: EncoderSpec) -> str:
    return f"{spec.architecture} with dimension {spec.dimension} and input size {spec.input_size}"
