"""The three networks against their layers written out in Keras' own layouts, with the package's own arrays."""

import io

import joblib
import numpy as np
import numpy.typing as npt
import pytest
import torch

from encoder.checkpoints import load_detector_networks, locate_package_file
from encoder.convolution import centered
from encoder.detection.networks import (
    NORMALIZATION,
    DetectorInference,
    OutputNetwork,
    ProposalNetwork,
    RefinementNetwork,
)
from encoder.spec import ONET_FILE, PNET_FILE, RNET_FILE, WeightsFile

Array = npt.NDArray[np.float64]


class KerasLayers:
    """Pictures are (rows, columns, channels); each layer takes its arrays off the front of the stored list."""

    def __init__(self, file: WeightsFile) -> None:
        stored = joblib.load(io.BytesIO(locate_package_file(file).read_bytes()))
        self.arrays = [array.astype(np.float64) for array in stored]

    def convolution(self, x: Array) -> Array:
        kernel, bias = self.arrays.pop(0), self.arrays.pop(0)
        rows, columns = x.shape[0] - kernel.shape[0] + 1, x.shape[1] - kernel.shape[1] + 1
        result = np.empty((rows, columns, kernel.shape[3]))
        for row in range(rows):
            for column in range(columns):
                window = x[row : row + kernel.shape[0], column : column + kernel.shape[1]]
                result[row, column] = np.tensordot(window, kernel, 3) + bias
        return result

    def dense(self, x: Array) -> Array:
        weight, bias = self.arrays.pop(0), self.arrays.pop(0)
        result: Array = x @ weight + bias
        return result

    def prelu(self, x: Array) -> Array:
        slope = self.arrays.pop(0).reshape(-1)
        return np.where(x > 0, x, x * slope)


def max_pool(x: Array, window: int, stride: int, *, same: bool) -> Array:
    """`same`: as many outputs as windows begin within the picture; otherwise whole windows only."""
    rows, columns = (-(-size // stride) if same else (size - window) // stride + 1 for size in (x.shape[0], x.shape[1]))
    result = np.empty((rows, columns, x.shape[2]))
    for row in range(rows):
        for column in range(columns):
            top, left = row * stride, column * stride
            result[row, column] = x[top : top + window, left : left + window].max(axis=(0, 1))
    return result


def softmax(x: Array) -> Array:
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    result: Array = powers / powers.sum(axis=-1, keepdims=True)
    return result


def pnet(x: Array) -> tuple[Array, Array]:
    layers = KerasLayers(PNET_FILE)
    x = max_pool(layers.prelu(layers.convolution(x)), 2, 2, same=True)
    x = layers.prelu(layers.convolution(x))
    x = layers.prelu(layers.convolution(x))
    offsets, scores = layers.convolution(x), layers.convolution(x)
    return softmax(scores)[..., 1], offsets


def rnet(x: Array) -> tuple[Array, Array]:
    layers = KerasLayers(RNET_FILE)
    x = max_pool(layers.prelu(layers.convolution(x)), 3, 2, same=True)
    x = max_pool(layers.prelu(layers.convolution(x)), 3, 2, same=False)
    x = layers.prelu(layers.convolution(x))
    x = layers.prelu(layers.dense(x.transpose(1, 0, 2).reshape(-1)))
    offsets, scores = layers.dense(x), layers.dense(x)
    return softmax(scores)[1], offsets


def onet(x: Array) -> tuple[Array, Array, Array]:
    layers = KerasLayers(ONET_FILE)
    x = max_pool(layers.prelu(layers.convolution(x)), 3, 2, same=True)
    x = max_pool(layers.prelu(layers.convolution(x)), 3, 2, same=False)
    x = max_pool(layers.prelu(layers.convolution(x)), 2, 2, same=True)
    x = layers.prelu(layers.convolution(x))
    x = layers.prelu(layers.dense(x.transpose(1, 0, 2).reshape(-1)))
    offsets, landmarks, scores = layers.dense(x), layers.dense(x), layers.dense(x)
    return softmax(scores)[1], offsets, landmarks


@pytest.fixture(scope="module")
def networks() -> tuple[ProposalNetwork, RefinementNetwork, OutputNetwork]:
    return load_detector_networks()


def pictures(count: int, height: int, width: int) -> npt.NDArray[np.uint8]:
    """Soft colored noise."""
    coarse = np.random.default_rng(height).integers(0, 256, (count, height // 4 + 1, width // 4 + 1, 3), dtype=np.uint8)
    return coarse.repeat(4, axis=1).repeat(4, axis=2)[:, :height, :width]


def keras_input(picture: npt.NDArray[np.uint8]) -> Array:
    return (picture - 127.5) / 128


def normalize(pixels: torch.Tensor) -> torch.Tensor:
    """Pictures (B, 3, H, W) uint8 as the published networks take them."""
    return (pixels.float() - NORMALIZATION.mean[0]) / NORMALIZATION.scale


def run(network: torch.nn.Module, batch: npt.NDArray[np.uint8]) -> list[npt.NDArray[np.float32]]:
    with torch.inference_mode():
        outputs = network(normalize(torch.from_numpy(batch).permute(0, 3, 1, 2)))
    return [output.numpy() for output in outputs]


@pytest.mark.parametrize(("height", "width"), [(12, 12), (13, 12), (25, 30)])
def test_the_proposal_network_is_that_of_the_package(
    networks: tuple[ProposalNetwork, RefinementNetwork, OutputNetwork], height: int, width: int
) -> None:
    batch = pictures(2, height, width)
    probabilities, offsets = run(networks[0], batch)
    for index, picture in enumerate(batch):
        expected, expected_offsets = pnet(keras_input(picture))
        assert np.allclose(probabilities[index], expected, atol=1e-5)
        assert np.allclose(offsets[index].transpose(1, 2, 0), expected_offsets, atol=1e-5)


def test_the_refinement_network_is_that_of_the_package(
    networks: tuple[ProposalNetwork, RefinementNetwork, OutputNetwork],
) -> None:
    batch = pictures(3, 24, 24)
    outputs = run(networks[1], batch)
    for index, picture in enumerate(batch):
        for output, expected in zip(outputs, rnet(keras_input(picture)), strict=True):
            assert np.allclose(output[index], expected, atol=1e-5)


def test_the_output_network_is_that_of_the_package(
    networks: tuple[ProposalNetwork, RefinementNetwork, OutputNetwork],
) -> None:
    batch = pictures(3, 48, 48)
    outputs = run(networks[2], batch)
    for index, picture in enumerate(batch):
        for output, expected in zip(outputs, onet(keras_input(picture)), strict=True):
            assert np.allclose(output[index], expected, atol=1e-5)


@pytest.mark.parametrize(("index", "side", "bound"), [(0, 40, 0.03), (1, 24, 0.1), (2, 48, 0.1)])
def test_the_networks_as_they_run_answer_as_they_were_published(index: int, side: int, bound: float) -> None:
    network = load_detector_networks()[index]
    pixels = torch.randint(0, 256, (5, 3, side, side), generator=torch.Generator().manual_seed(7), dtype=torch.uint8)
    with torch.inference_mode():
        published = network(normalize(pixels))
        for dtype, tolerance in ((torch.float32, 1e-4), (torch.bfloat16, bound)):
            crops = centered(pixels, dtype).contiguous(memory_format=torch.channels_last)
            for answer, expected in zip(DetectorInference(network, dtype)(crops), published, strict=True):
                assert answer.dtype == torch.float32
                assert answer.shape == expected.shape
                assert (answer - expected).abs().max() < tolerance
