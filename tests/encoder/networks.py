"""Small networks with numbers that mean nothing, in the form that training programs publish."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from encoder.backbones import IResNet
from encoder.backbones.iresnet import BLOCKS
from encoder.spec import ARCHITECTURE_DEFAULTS, Architecture, EncoderSpec


def spec_of(architecture: Architecture = Architecture.IRESNET18, *, dimension: int | None = None) -> EncoderSpec:
    """The spec that weights of an architecture usually have."""
    usual = ARCHITECTURE_DEFAULTS[architecture]
    return EncoderSpec(
        name="Another encoder",
        architecture=architecture,
        dimension=dimension or usual.dimension,
        input_size=usual.input_size,
        mean=usual.mean,
        scale=usual.scale,
        alignment=usual.alignment,
        weights_sha256="",
        licence="MIT",
        source="made by a test",
    )


def random_iresnet(
    architecture: Architecture = Architecture.IRESNET18, *, dimension: int = 512, seed: int = 0
) -> IResNet:
    """In evaluation mode, with statistics, gains and slopes that differ from channel to channel as after training."""
    torch.manual_seed(seed)
    network = IResNet(BLOCKS[architecture], dimension, affine=True).eval()
    for module in network.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            assert module.running_mean is not None
            assert module.running_var is not None
            nn.init.normal_(module.running_mean, 0, 0.2)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.2)
        elif isinstance(module, nn.PReLU):
            nn.init.uniform_(module.weight, -0.1, 0.5)
    return network


def discerning_iresnet(*, dimension: int = 512) -> IResNet:
    """IResNet-18 with random weights whose norms have seen pictures, so that faces lie far apart.

    Two photos of one person from `tests.faces.photographs` are 0.1 to 0.2 apart, two people 1.4 to 1.5.
    """
    network = random_iresnet(dimension=dimension).train()
    norms = [module for module in network.modules() if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d))]
    for norm in norms:
        norm.momentum = 1.0  # the statistics of the last batch alone
    coarse = torch.rand(12, 3, 14, 14) * 2 - 1
    with torch.no_grad():
        network(functional.interpolate(coarse, size=network.input_size, mode="bilinear"))
    return network.eval()


def published(network: nn.Module, *, prefix: str = "", counters: bool = True) -> dict[str, Tensor]:
    """Its state dict, with names as a wrapper of the network would write them."""
    return {
        prefix + name: value
        for name, value in network.state_dict().items()
        if counters or not name.endswith("num_batches_tracked")
    }
