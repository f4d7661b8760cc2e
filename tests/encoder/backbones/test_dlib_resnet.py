"""The backbone against dlib's own answers (`golden/make_dlib_reference.py` says how they were made)."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor, nn

from encoder.backbones.dlib_resnet import DlibResNet, add_padded
from encoder.checkpoints import load_factory_backbone
from encoder.convolution import Normalization, centered
from encoder.spec import DLIB_RESNET_SPEC
from tests.encoder.golden.inputs import astronaut_crop, hopper_crop, random_crops
from tests.encoder.golden.package_photos import astronaut, hopper

REFERENCE = Path(__file__).parents[1] / "golden" / "dlib_reference.npz"


@pytest.fixture(scope="module")
def trained() -> DlibResNet:
    return load_factory_backbone(trainable=True)


@pytest.fixture(scope="module")
def inputs() -> Tensor:
    return normalized(np.concatenate([random_crops(), astronaut_crop(astronaut())[None], hopper_crop(hopper())[None]]))


@pytest.fixture(scope="module")
def reference() -> npt.NDArray[np.float64]:
    """dlib's embeddings of `inputs`, not of unit length."""
    stored = np.load(REFERENCE)
    return np.concatenate([stored["random"], stored["astronaut"][None], stored["hopper"][None]])


def normalized(crops: npt.NDArray[np.uint8]) -> Tensor:
    mean = torch.tensor(DLIB_RESNET_SPEC.mean)[:, None, None]
    return (torch.from_numpy(crops).permute(0, 3, 1, 2) - mean) / DLIB_RESNET_SPEC.scale


def run(network: nn.Module, crops: Tensor) -> npt.NDArray[np.float32]:
    with torch.inference_mode():
        result: npt.NDArray[np.float32] = network(crops).numpy()
    return result


def squared_distances(embeddings: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    unit = (embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)).astype(np.float64)
    result: npt.NDArray[np.float64] = ((unit[:, None] - unit[None]) ** 2).sum(axis=2)
    return result


def test_the_network_as_trained_answers_as_dlib_does(
    trained: DlibResNet, inputs: Tensor, reference: npt.NDArray[np.float64]
) -> None:
    assert np.abs(run(trained, inputs) - reference).max() < 1e-5


def test_the_folded_network_answers_as_dlib_does(
    trained: DlibResNet, inputs: Tensor, reference: npt.NDArray[np.float64]
) -> None:
    assert np.abs(run(trained.folded(), inputs) - reference).max() < 2e-5


def test_the_network_ready_for_inference_answers_as_dlib_does(
    trained: DlibResNet, inputs: Tensor, reference: npt.NDArray[np.float64]
) -> None:
    assert np.abs(run(trained.to_inference(torch.float32), inputs) - reference).max() < 2e-5


def test_in_bfloat16_squared_distances_agree_to_0_02_even_between_noise(
    trained: DlibResNet, inputs: Tensor, reference: npt.NDArray[np.float64]
) -> None:
    embeddings = run(trained.to_inference(torch.bfloat16), inputs.bfloat16())
    assert embeddings.dtype == np.float32
    assert np.abs(squared_distances(embeddings) - squared_distances(reference)).max() < 0.02


def test_the_reference_tells_its_pictures_apart(reference: npt.NDArray[np.float64]) -> None:
    distances = squared_distances(reference)
    assert np.median(distances[np.triu_indices(len(distances), 1)]) > 0.02


def test_folding_leaves_no_affine_layer_and_half_as_many_small_parameters(trained: DlibResNet) -> None:
    folded = trained.folded()
    assert trained.has_affine
    assert not folded.has_affine
    assert not any("affine" in name for name in folded.state_dict())


def test_folding_a_folded_network_copies_it(trained: DlibResNet, inputs: Tensor) -> None:
    folded = trained.folded()
    copy = folded.folded()
    assert np.array_equal(run(copy, inputs[:2]), run(folded, inputs[:2]))
    with torch.no_grad():
        copy.head.weight.zero_()
    assert folded.head.weight.abs().sum() > 0


@pytest.mark.parametrize("affine", [True, False])
def test_gradients_reach_every_parameter(affine: bool) -> None:
    torch.manual_seed(0)
    network = DlibResNet(affine=affine)
    network(torch.randn(2, 3, 150, 150)).square().sum().backward()
    without = [
        name for name, value in network.named_parameters() if value.grad is None or not value.grad.abs().sum() > 0
    ]
    assert without == []


def test_the_dimension_may_be_another_one() -> None:
    assert DlibResNet(64, affine=False)(torch.zeros(1, 3, 150, 150)).shape == (1, 64)


def test_sums_pad_channels_and_edges_with_zeros_to_the_larger_side() -> None:
    x, y = torch.ones(1, 2, 3, 4), torch.ones(1, 3, 4, 2)
    total = add_padded(x, y)
    assert total.shape == (1, 3, 4, 4)
    for channel in range(3):
        for row in range(4):
            for column in range(4):
                in_x = channel < 2 and row < 3
                in_y = column < 2
                assert total[0, channel, row, column] == in_x + in_y


@pytest.mark.parametrize(("dtype", "bound"), [(torch.float32, 1e-5), (torch.bfloat16, 0.02)])
def test_on_centered_pixels_the_network_normalizes_by_itself(
    trained: DlibResNet, reference: npt.NDArray[np.float64], dtype: torch.dtype, bound: float
) -> None:
    crops = np.concatenate([random_crops(), astronaut_crop(astronaut())[None], hopper_crop(hopper())[None]])
    network = trained.to_inference(dtype, Normalization(DLIB_RESNET_SPEC.mean, DLIB_RESNET_SPEC.scale))
    pixels = centered(torch.from_numpy(crops).permute(0, 3, 1, 2), dtype)
    embeddings = run(network, pixels)
    assert np.abs(squared_distances(embeddings) - squared_distances(reference)).max() < bound
