"""A network in parts is the network."""

import pytest
import torch
from torch import Tensor, nn

from encoder.backbones import DlibResNet, IResNet, Sectioned
from encoder.convolution import Normalization, centered
from encoder.spec import DLIB_RESNET_SPEC
from tests.encoder.golden.inputs import random_crops
from tests.encoder.networks import random_iresnet

NORMALIZATION = Normalization(DLIB_RESNET_SPEC.mean, DLIB_RESNET_SPEC.scale)


@pytest.fixture(params=["dlib", "iresnet"], scope="module")
def network(request: pytest.FixtureRequest) -> DlibResNet | IResNet:
    """With random weights, in the form that learns."""
    torch.manual_seed(0)
    if request.param == "dlib":
        return DlibResNet(affine=False).eval()
    return random_iresnet(dimension=32).folded().eval()


def pictures(network: DlibResNet | IResNet) -> Tensor:
    """(2, S, S, 3) uint8, of the size that the network takes."""
    size = 150 if isinstance(network, DlibResNet) else network.input_size
    return torch.from_numpy(random_crops()[2:4, :size, :size])


def in_parts(network: Sectioned, blocks: int | None, inputs: Tensor) -> Tensor:
    front, rear = network.sections().cut(blocks)
    with torch.inference_mode():
        result: Tensor = network.sections().head(rear(front(inputs)))
        return result


def whole(network: nn.Module, inputs: Tensor) -> Tensor:
    with torch.inference_mode():
        result: Tensor = network(inputs)
        return result


def test_wherever_it_is_cut_the_parts_answer_as_the_whole(network: DlibResNet | IResNet) -> None:
    crops = pictures(network).permute(0, 3, 1, 2).float() / 256 - 0.5
    expected = whole(network, crops)
    for blocks in (None, *range(len(network.sections().blocks) + 1)):
        assert torch.equal(in_parts(network, blocks, crops), expected)


def test_the_network_that_serves_can_be_cut_too(network: DlibResNet | IResNet) -> None:
    serving = network.to_inference(torch.bfloat16, NORMALIZATION)
    pixels = centered(pictures(network).permute(0, 3, 1, 2), torch.bfloat16)
    expected = whole(serving, pixels)
    for blocks in (None, 0, 1, network.last_blocks, len(network.sections().blocks)):
        assert torch.equal(in_parts(serving, blocks, pixels), expected)
    plain = network.to_inference(torch.float32)
    assert torch.equal(in_parts(plain, 1, pixels.float()), whole(plain, pixels.float()))


def test_the_parts_parameters_are_the_networks_own_and_each_is_in_one_part(network: DlibResNet | IResNet) -> None:
    for blocks in (None, 0, 1, network.last_blocks):
        front, rear = network.sections().cut(blocks)
        parts = [*front.parameters(), *rear.parameters(), *network.sections().head.parameters()]
        assert [id(part) for part in parts] == [id(parameter) for parameter in network.parameters()]


def test_the_last_blocks_take_the_smallest_map(network: DlibResNet | IResNet) -> None:
    crops = pictures(network).permute(0, 3, 1, 2).float()

    def values(blocks: int) -> int:
        front, _ = network.sections().cut(blocks)
        with torch.inference_mode():
            return int(front(crops)[0].numel())

    last = network.last_blocks
    assert last >= 1
    assert values(last) <= values(last - 1) or last == 1
    assert values(last) < values(last + 1)


@pytest.mark.parametrize("blocks", [-1, 99])
def test_a_cut_that_is_not_there_is_refused(network: DlibResNet | IResNet, blocks: int) -> None:
    with pytest.raises(ValueError, match=f"cannot be cut before the last {blocks}"):
        network.sections().cut(blocks)
