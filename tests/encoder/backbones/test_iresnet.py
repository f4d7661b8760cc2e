"""IResNet: its size and names are those of the published networks, and folding it changes nothing."""

from typing import cast

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from encoder.backbones import IResNet, build_backbone
from encoder.backbones.iresnet import BLOCKS, ImprovedResidual
from encoder.spec import Architecture
from tests.encoder.networks import random_iresnet, spec_of

SIZE = 112


@pytest.fixture(scope="module")
def trained() -> IResNet:
    return random_iresnet()


@pytest.fixture(scope="module")
def crops() -> Tensor:
    return torch.rand(4, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1)) * 2 - 1


def run(network: nn.Module, crops: Tensor) -> Tensor:
    with torch.inference_mode():
        result: Tensor = network(crops)
    return result


def parameter_count(architecture: Architecture) -> int:
    with torch.device("meta"):
        network = build_backbone(spec_of(architecture), affine=True)
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(
    ("architecture", "millions"),
    [
        (Architecture.IRESNET18, 24.03),
        (Architecture.IRESNET34, 34.14),
        (Architecture.IRESNET50, 43.59),
        (Architecture.IRESNET100, 65.16),
    ],
)
def test_it_has_as_many_parameters_as_the_published_one(architecture: Architecture, millions: float) -> None:
    assert round(parameter_count(architecture) / 1e6, 2) == millions


def block_names(block: str, *, halves: bool) -> list[str]:
    norm = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    return [
        *(f"{block}.bn1.{name}" for name in norm),
        f"{block}.conv1.weight",
        *(f"{block}.bn2.{name}" for name in norm),
        f"{block}.prelu.weight",
        f"{block}.conv2.weight",
        *(f"{block}.bn3.{name}" for name in norm),
        *([f"{block}.downsample.0.weight", *(f"{block}.downsample.1.{name}" for name in norm)] if halves else []),
    ]


def test_its_parameters_have_the_names_of_published_state_dicts() -> None:
    norm = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    expected = ["conv1.weight", *(f"bn1.{name}" for name in norm), "prelu.weight"]
    for layer, count in enumerate((3, 13, 30, 3), start=1):
        for index in range(count):
            expected += block_names(f"layer{layer}.{index}", halves=index == 0)
    expected += [*(f"bn2.{name}" for name in norm), "fc.weight", "fc.bias", *(f"features.{name}" for name in norm)]
    with torch.device("meta"):
        network = IResNet(BLOCKS[Architecture.IRESNET100], affine=True)
    assert list(network.state_dict()) == expected


def norm_by_definition(x: Tensor, module: nn.Module) -> Tensor:
    """(x - mean) / sqrt(variance + eps) * gain + bias, channel by channel."""
    assert isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d))
    assert module.running_mean is not None
    assert module.running_var is not None
    result = torch.empty_like(x)
    for channel in range(x.shape[1]):
        normal = (x[:, channel] - module.running_mean[channel]) / (module.running_var[channel] + 1e-5) ** 0.5
        result[:, channel] = normal * module.weight[channel] + module.bias[channel]
    return result


@torch.inference_mode()
def test_a_residual_unit_computes_what_the_paper_draws(trained: IResNet) -> None:
    unit = trained.layer2[0]
    assert isinstance(unit, ImprovedResidual)
    assert unit.downsample is not None
    skip, skip_norm = unit.downsample
    assert isinstance(skip, nn.Conv2d)
    x = torch.randn(2, 64, 9, 9, generator=torch.Generator().manual_seed(2))
    y = norm_by_definition(x, unit.bn1)
    y = norm_by_definition(functional.conv2d(y, unit.conv1.weight, padding=1), unit.bn2)
    y = torch.where(y > 0, y, y * unit.prelu.weight[:, None, None])
    y = norm_by_definition(functional.conv2d(y, unit.conv2.weight, stride=2, padding=1), unit.bn3)
    expected = y + norm_by_definition(functional.conv2d(x, skip.weight, stride=2), skip_norm)
    assert expected.shape == (2, 128, 5, 5)
    assert torch.allclose(unit(x), expected, atol=1e-5)


@torch.inference_mode()
def test_the_head_flattens_channel_by_channel(trained: IResNet, crops: Tensor) -> None:
    seen: list[Tensor] = []
    hook = trained.layer4.register_forward_hook(lambda _layer, _inputs, maps: seen.append(maps))
    try:
        answer = trained(crops.contiguous(memory_format=torch.channels_last))
    finally:
        hook.remove()
    maps = norm_by_definition(seen[0], trained.bn2)
    numbers = [[float(maps[0, c, y, x]) for c in range(512) for y in range(7) for x in range(7)]]
    linear = torch.tensor(numbers) @ trained.fc.weight.T + trained.fc.bias
    assert torch.allclose(answer[:1], norm_by_definition(linear, trained.features), atol=1e-4)


@pytest.mark.parametrize("architecture", [Architecture.IRESNET18, Architecture.IRESNET100])
def test_folding_changes_no_answer(architecture: Architecture, crops: Tensor) -> None:
    network = random_iresnet(architecture)
    expected = run(network, crops[:1])
    folded = network.folded()
    assert not any(isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)) for module in folded.modules())
    assert (run(folded, crops[:1]) - expected).abs().max() < 1e-4 * expected.abs().max()
    ready = network.to_inference(torch.float32)
    assert (run(ready, crops[:1]) - expected).abs().max() < 1e-4 * expected.abs().max()


@pytest.mark.parametrize(("dtype", "largest"), [(torch.bfloat16, 1e-3), (torch.float16, 1e-5)])
def test_in_half_precision_squared_distances_stay(
    trained: IResNet, crops: Tensor, dtype: torch.dtype, largest: float
) -> None:
    ready = cast(IResNet, trained.to_inference(dtype))
    answer = run(ready, crops.to(dtype).contiguous(memory_format=torch.channels_last))
    assert (answer.dtype, ready.fc.weight.dtype, ready.conv1.weight.dtype) == (torch.float32, torch.float32, dtype)
    expected = functional.normalize(run(trained, crops))
    assert torch.cdist(expected, expected)[0, 1] ** 2 > 5e-3
    assert (functional.normalize(answer) - expected).square().sum(dim=1).max() < largest


def test_answers_do_not_depend_on_the_batch_or_on_the_memory_format(trained: IResNet, crops: Tensor) -> None:
    ready = trained.to_inference(torch.float32)
    together = run(ready, crops.contiguous(memory_format=torch.channels_last))
    alone = torch.cat([run(ready, crop[None]) for crop in crops])
    assert torch.allclose(together, alone, atol=1e-4)


def test_folding_a_folded_network_copies_it(trained: IResNet, crops: Tensor) -> None:
    folded = trained.folded()
    copy = folded.folded()
    assert torch.equal(run(copy, crops[:1]), run(folded, crops[:1]))
    with torch.no_grad():
        copy.fc.weight.zero_()
    assert folded.fc.weight.abs().sum() > 0


@pytest.mark.parametrize("affine", [True, False])
def test_gradients_reach_every_parameter(affine: bool) -> None:
    torch.manual_seed(0)
    network = IResNet(BLOCKS[Architecture.IRESNET18], 8, input_size=32, affine=affine)
    network(torch.randn(3, 3, 32, 32)).pow(3).sum().backward()
    without = [name for name, value in network.named_parameters() if value.grad is None or not value.grad.any()]
    assert without == []


def test_a_folded_network_in_training_does_not_depend_on_the_batch(trained: IResNet, crops: Tensor) -> None:
    folded = trained.folded().train()
    assert torch.allclose(run(folded, crops)[:1], run(folded, crops[:1]), atol=1e-4)


@pytest.mark.parametrize(("input_size", "numbers"), [(112, 512 * 49), (97, 512 * 49), (128, 512 * 64), (113, 512 * 64)])
def test_the_input_size_decides_what_the_last_layer_takes_in(input_size: int, numbers: int) -> None:
    with torch.device("meta"):
        network = IResNet((1, 1, 1, 1), 4, input_size=input_size, affine=False)
        answer = network(torch.zeros(2, 3, input_size, input_size))
    assert network.fc.in_features == numbers
    assert answer.shape == (2, 4)
