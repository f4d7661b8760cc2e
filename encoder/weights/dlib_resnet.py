"""The parameters of dlib's face recognition network, by the names that `encoder.backbones.dlib_resnet` gives them."""

from __future__ import annotations

from collections.abc import Iterator

from encoder.geometry import FloatArray
from encoder.weights.dlib_network import (
    AddPrevious,
    Affine,
    Convolution,
    FullyConnected,
    Layer,
    MetricNetwork,
    Pool,
    Relu,
)
from encoder.weights.dlib_stream import DlibFormatError

BLOCKS: tuple[tuple[int, int], ...] = (
    *((32, 1),) * 3,
    (64, 2),
    *((64, 1),) * 3,
    (128, 2),
    *((128, 1),) * 2,
    (256, 2),
    *((256, 1),) * 2,
    (256, 2),
)
"""The residual blocks from input to output: (channels, stride)."""

_CONVOLUTION_AFFINE_RELU: tuple[type[Layer], ...] = (Convolution, Affine, Relu)


def resnet_parameters(network: MetricNetwork) -> dict[str, FloatArray]:
    """Arrays in torch's layouts. Raises DlibFormatError where the layers are not those of this network."""
    _check_kinds(network)
    convolutions = [layer for layer in network.layers if isinstance(layer, Convolution)]
    affines = [layer for layer in network.layers if isinstance(layer, Affine)]
    parameters: dict[str, FloatArray] = {}
    for name, convolution, affine in zip(_convolution_names(), convolutions, affines, strict=True):
        if not affine.gamma.size == affine.beta.size == len(convolution.filters):
            raise DlibFormatError(f"{name} has {len(convolution.filters)} filters but {affine.gamma.size} gains")
        parameters[f"{name}.convolution.weight"] = convolution.filters
        parameters[f"{name}.convolution.bias"] = convolution.biases
        parameters[f"{name}.affine.gamma"] = affine.gamma
        parameters[f"{name}.affine.beta"] = affine.beta
    (head,) = (layer for layer in network.layers if isinstance(layer, FullyConnected))
    parameters["head.weight"] = head.weights.T.copy()
    return parameters


def _check_kinds(network: MetricNetwork) -> None:
    expected = list(_expected_kinds())
    found = [type(layer) for layer in network.layers]
    if found != expected:
        place = next((i for i, (a, b) in enumerate(zip(found, expected, strict=False)) if a is not b), len(found))
        raise DlibFormatError(f"from layer {place} on these are not the layers of dlib's face recognition network")


def _expected_kinds() -> Iterator[type[Layer]]:
    yield from (*_CONVOLUTION_AFFINE_RELU, Pool)
    for _, stride in BLOCKS:
        yield from (*_CONVOLUTION_AFFINE_RELU, Convolution, Affine)
        if stride == 2:
            yield Pool
        yield from (AddPrevious, Relu)
    yield from (Pool, FullyConnected)


def _convolution_names() -> Iterator[str]:
    yield "stem"
    for index in range(len(BLOCKS)):
        yield f"blocks.{index}.first"
        yield f"blocks.{index}.second"
