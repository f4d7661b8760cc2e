from dataclasses import replace

import numpy as np
import pytest

from encoder.checkpoints import locate_factory_weights
from encoder.weights.dlib_network import Convolution, FullyConnected, MetricNetwork, Pool, parse_metric_network
from encoder.weights.dlib_resnet import resnet_parameters
from encoder.weights.dlib_stream import DlibFormatError


@pytest.fixture(scope="module")
def data() -> bytes:
    return locate_factory_weights().read_bytes()


@pytest.fixture(scope="module")
def network(data: bytes) -> MetricNetwork:
    return parse_metric_network(data)


def test_the_whole_file_is_108_layers_of_a_metric_network(network: MetricNetwork) -> None:
    assert len(network.layers) == 108
    assert network.margin == pytest.approx(0.04)
    assert network.threshold == pytest.approx(0.6)
    assert network.input.mean == pytest.approx((122.782, 117.001, 104.298))
    assert (network.input.rows, network.input.columns) == (150, 150)


def test_the_layers_run_from_the_input_to_the_output(network: MetricNetwork) -> None:
    first, last = network.layers[0], network.layers[-1]
    assert isinstance(first, Convolution)
    assert (first.filters.shape, first.stride, first.padding) == ((32, 3, 7, 7), (2, 2), (0, 0))
    assert isinstance(last, FullyConnected)
    assert last.weights.shape == (256, 128)


def test_a_convolution_that_halves_does_not_pad_and_any_other_does(network: MetricNetwork) -> None:
    convolutions = [layer for layer in network.layers if isinstance(layer, Convolution)]
    assert len(convolutions) == 29
    for layer in convolutions:
        assert layer.padding == ((0, 0) if layer.stride == (2, 2) else (1, 1))


def test_no_pool_pads(network: MetricNetwork) -> None:
    assert {layer.padding for layer in network.layers if isinstance(layer, Pool)} == {(0, 0)}


def test_there_are_5_6_million_finite_parameters(network: MetricNetwork) -> None:
    parameters = resnet_parameters(network)
    assert sum(value.size for value in parameters.values()) == 5_614_592
    assert all(np.isfinite(value).all() for value in parameters.values())


def test_a_file_with_one_byte_more_is_refused(data: bytes) -> None:
    with pytest.raises(DlibFormatError, match="1 bytes are left over"):
        parse_metric_network(data + b"\0")


@pytest.mark.parametrize("length", [0, 1, 40, 500, 1_000_000, -1])
def test_a_file_that_breaks_off_is_refused(data: bytes, length: int) -> None:
    with pytest.raises(DlibFormatError, match="before byte"):
        parse_metric_network(data[:length])


def test_another_kind_of_network_is_refused(data: bytes) -> None:
    with pytest.raises(DlibFormatError, match="'loss_metric_2' was expected but 'loss_metric_9' found"):
        parse_metric_network(data.replace(b"loss_metric_2", b"loss_metric_9", 1))


def test_an_unknown_layer_is_named(data: bytes) -> None:
    with pytest.raises(DlibFormatError, match="'con_9' is not a layer that is known"):
        parse_metric_network(data.replace(b"con_4", b"con_9", 1))


def test_layers_in_another_order_are_not_this_network(network: MetricNetwork) -> None:
    swapped = replace(network, layers=(network.layers[1], network.layers[0], *network.layers[2:]))
    with pytest.raises(DlibFormatError, match="from layer 0 on"):
        resnet_parameters(swapped)


def test_a_layer_too_few_is_not_this_network(network: MetricNetwork) -> None:
    with pytest.raises(DlibFormatError, match="from layer 107 on"):
        resnet_parameters(replace(network, layers=network.layers[:-1]))
