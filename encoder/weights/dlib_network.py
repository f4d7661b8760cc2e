"""dlib's serialized networks, read to the last byte: the layers in the order in which data flows through them.

dlib nests its layers: each writes its version, then the whole network below it, then its own details. So the versions
of all layers come first, outermost to innermost, then the input, then the details from the innermost outwards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from encoder.geometry import FloatArray
from encoder.weights.dlib_stream import DlibFormatError, DlibStream

_TAG_OR_SKIP = 1
_LAYER = 2
_INNERMOST_LAYER = 3


@dataclass(frozen=True, eq=False)
class Convolution:
    """`filters`: (out, in, rows, columns); `biases`: (out,); stride and padding as (y, x)."""

    filters: FloatArray
    biases: FloatArray
    stride: tuple[int, int]
    padding: tuple[int, int]


@dataclass(frozen=True, eq=False)
class Affine:
    """A frozen batch norm: x * gamma + beta, both (channels,)."""

    gamma: FloatArray
    beta: FloatArray


@dataclass(frozen=True)
class Relu:
    pass


@dataclass(frozen=True)
class AddPrevious:
    """Adds the output of the tagged layer below."""


@dataclass(frozen=True)
class Pool:
    """kind: "max" or "avg"; window, stride and padding as (y, x)."""

    kind: str
    window: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]


@dataclass(frozen=True, eq=False)
class FullyConnected:
    """`weights`: (in, out), no bias."""

    weights: FloatArray


Layer: TypeAlias = Convolution | Affine | Relu | AddPrevious | Pool | FullyConnected


@dataclass(frozen=True)
class RgbInput:
    """What the network wants to see: `mean` is subtracted from RGB values of 0 to 255."""

    mean: tuple[float, float, float]
    rows: int
    columns: int


@dataclass(frozen=True)
class MetricNetwork:
    """A network that was trained with dlib's metric loss. `layers`: from the input to the output."""

    margin: float
    threshold: float
    input: RgbInput
    layers: tuple[Layer, ...]


def parse_metric_network(data: bytes) -> MetricNetwork:
    """Reads a serialized dlib network. Raises DlibFormatError unless all of `data` is one."""
    stream = DlibStream(data)
    stream.expect(1, "the version of the loss layer")
    _expect_name(stream, "loss_metric_2")
    margin, threshold = stream.float(), stream.float()
    layer_count = _count_layers(stream)
    network_input = _rgb_input(stream)
    layers = [_layer(stream, innermost=index == 0) for index in range(layer_count)]
    if stream.remaining:
        raise stream.error(f"{stream.remaining} bytes are left over after the network")
    return MetricNetwork(margin, threshold, network_input, tuple(layers))


def _count_layers(stream: DlibStream) -> int:
    """Reads the versions down to the innermost layer; tags and skips hold nothing and are not counted."""
    layers = 1
    while (version := stream.integer()) != _INNERMOST_LAYER:
        if version not in (_TAG_OR_SKIP, _LAYER):
            raise stream.error(f"the version of a layer should be 1, 2 or 3 but is {version}")
        layers += version == _LAYER
    return layers


def _rgb_input(stream: DlibStream) -> RgbInput:
    _expect_name(stream, "input_rgb_image_sized")
    mean = (stream.float(), stream.float(), stream.float())
    return RgbInput(mean, rows=stream.integer(), columns=stream.integer())


def _layer(stream: DlibStream, *, innermost: bool) -> Layer:
    name = stream.string()
    reader = _DETAILS.get(name)
    if reader is None:
        raise stream.error(f"{name!r} is not a layer that is known here ({', '.join(_DETAILS)})")
    layer = reader(stream)
    for _ in range(3):  # is set up, gradient is stale, gradient is disabled
        stream.boolean()
    for _ in range(3):  # input gradient, cached output, parameter gradient
        stream.tensor()
    if innermost:
        stream.integer()  # sample expansion factor
    return layer


def _convolution(stream: DlibStream) -> Convolution:
    parameters = stream.tensor().ravel()
    filter_count = stream.integer()
    stream.integer(), stream.integer()  # rows and columns, again in the alias
    stride = (stream.integer(), stream.integer())
    padding = (stream.integer(), stream.integer())
    shape = stream.alias_tensor()
    stream.alias_tensor()
    _training_rates(stream)
    weight_count = shape[0] * shape[1] * shape[2] * shape[3]
    if shape[0] != filter_count or parameters.size != weight_count + filter_count:
        raise stream.error(f"{parameters.size} parameters do not make {shape} filters and {filter_count} biases")
    return Convolution(parameters[:weight_count].reshape(shape), parameters[weight_count:], stride, padding)


def _affine(stream: DlibStream) -> Affine:
    parameters = stream.tensor().ravel()
    stream.alias_tensor(), stream.alias_tensor()
    stream.integer()  # whether it stands behind a convolution or a fully connected layer
    channels = parameters.size // 2
    return Affine(gamma=parameters[:channels], beta=parameters[channels:])


def _pool(kind: str) -> Callable[[DlibStream], Pool]:
    def read(stream: DlibStream) -> Pool:
        window = (stream.integer(), stream.integer())
        stride = (stream.integer(), stream.integer())
        return Pool(kind, window, stride, padding=(stream.integer(), stream.integer()))

    return read


def _fully_connected(stream: DlibStream) -> FullyConnected:
    outputs, inputs = stream.integer(), stream.integer()
    parameters = stream.tensor().ravel()
    stream.alias_tensor(), stream.alias_tensor()
    stream.integer()  # bias mode
    _training_rates(stream)
    if parameters.size != inputs * outputs:
        raise stream.error(f"{parameters.size} parameters do not make {inputs} x {outputs} weights without biases")
    return FullyConnected(parameters.reshape(inputs, outputs))


def _training_rates(stream: DlibStream) -> None:
    """Learning rate and weight decay multipliers, of weights and biases: nothing that the output depends on."""
    for _ in range(4):
        stream.float()


def _expect_name(stream: DlibStream, wanted: str) -> None:
    name = stream.string()
    if name != wanted:
        raise stream.error(f"{wanted!r} was expected but {name!r} found")


_DETAILS: dict[str, Callable[[DlibStream], Layer]] = {
    "con_4": _convolution,
    "affine_": _affine,
    "relu_": lambda _: Relu(),
    "add_prev_": lambda _: AddPrevious(),
    "max_pool_2": _pool("max"),
    "avg_pool_2": _pool("avg"),
    "fc_2": _fully_connected,
}

__all__ = ["DlibFormatError", "MetricNetwork", "parse_metric_network"]
