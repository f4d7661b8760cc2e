"""Fused convolutions against torch's plain ones."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from encoder.convolution import (
    FusedConvolution,
    Normalization,
    NormalizeCentered,
    centered,
    fold_normalization,
    has_fused_operators,
    max_pool,
)

SHAPES = [(3, 7, 7, 2, 0), (32, 8, 3, 1, 1), (5, 40, 3, 2, 0), (16, 16, 1, 1, 0)]


def values(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    generator = torch.Generator().manual_seed(len(shape) + sum(shape))
    return torch.randn(shape, generator=generator).to(dtype).contiguous(memory_format=torch.channels_last)


def convolution(inputs: int, outputs: int, kernel: int, stride: int, padding: int) -> nn.Conv2d:
    torch.manual_seed(inputs)
    return nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=padding).requires_grad_(requires_grad=False)


def both_ways(fused: FusedConvolution) -> list[FusedConvolution]:
    """With oneDNN's operators, and as on a machine without them."""
    plain = FusedConvolution(nn.Conv2d(1, 1, 1), torch.float32)
    plain.__dict__.update({**fused.__dict__, "_has_fused_operators": False})
    return [fused, plain]


def test_this_build_of_torch_has_the_fused_operators_it_is_pinned_for() -> None:
    assert has_fused_operators()


@pytest.mark.parametrize("rectify", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_fused_convolution_equals_the_plain_one_in_batches_of_any_size(
    shape: tuple[int, int, int, int, int], rectify: bool
) -> None:
    module = convolution(*shape)
    for way in both_ways(FusedConvolution(module, torch.float32)):
        for batch in (1, 2, 3, 17):
            x = values(batch, shape[0], 20, 21)
            expected = functional.relu(module(x)) if rectify else module(x)
            assert torch.allclose(way(x, rectify=rectify), expected, atol=1e-5)


@pytest.mark.parametrize("rectify", [False, True])
def test_a_shortcut_is_added_before_rectifying(rectify: bool) -> None:
    module = convolution(6, 12, 3, 1, 1)
    x, shortcut = values(4, 6, 9, 9), values(4, 12, 9, 9)
    expected = module(x) + shortcut
    expected = functional.relu(expected) if rectify else expected
    for way in both_ways(FusedConvolution(module, torch.float32)):
        assert torch.allclose(way(x, shortcut.clone(), rectify=rectify), expected, atol=1e-5)


def test_one_convolution_serves_pictures_of_several_sizes() -> None:
    module = convolution(3, 4, 3, 1, 0)
    fused = FusedConvolution(module, torch.float32)
    for side in (5, 30, 5, 12):
        x = values(2, 3, side, side + 1)
        assert torch.allclose(fused(x, rectify=False), module(x), atol=1e-5)


def test_a_convolution_without_bias_adds_nothing() -> None:
    module = nn.Conv2d(3, 4, 3, bias=False)
    x = values(2, 3, 8, 8)
    assert torch.allclose(FusedConvolution(module, torch.float32)(x, rectify=False), module(x), atol=1e-5)


def test_in_bfloat16_a_fused_convolution_is_as_close_as_its_rounding() -> None:
    module = convolution(32, 32, 3, 1, 1)
    x = values(2, 32, 10, 10, dtype=torch.bfloat16)
    exact = functional.relu(module(x.float()))
    for way in both_ways(FusedConvolution(module, torch.bfloat16)):
        assert way(x).dtype == torch.bfloat16
        assert (way(x).float() - exact).abs().max() < 0.02 * exact.abs().max()


@pytest.mark.parametrize("side", [(3, 3), (4, 5), (72, 72), (45, 46)])
@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("ceil", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_maximum_over_neighbors_is_torchs(side: tuple[int, int], size: int, ceil: bool, dtype: torch.dtype) -> None:
    x = values(2, 5, *side, dtype=dtype)
    before = x.clone()
    assert torch.equal(max_pool(x, size, ceil=ceil), functional.max_pool2d(x, size, 2, ceil_mode=ceil))
    assert torch.equal(x, before)


def test_centered_pixels_are_exact_in_every_dtype() -> None:
    pixels = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16)
    for dtype in (torch.float32, torch.bfloat16, torch.float16):
        assert centered(pixels, dtype).double().flatten().tolist() == list(range(-128, 128))


def test_a_normalization_folds_into_the_convolution_behind_it() -> None:
    module = convolution(3, 4, 3, 2, 0)
    pixels = torch.randint(0, 256, (2, 3, 9, 9), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)
    normalization = Normalization((122.0, 117.0, 104.0), 256.0)
    normalized = (pixels - torch.tensor(normalization.mean)[:, None, None]) / normalization.scale
    expected = module(normalized)
    folded = fold_normalization(module, normalization)
    assert torch.allclose(NormalizeCentered(normalization)(centered(pixels, torch.float32)), normalized, atol=1e-6)
    assert torch.allclose(folded(centered(pixels, torch.float32)), expected, atol=1e-5)


def test_a_normalization_does_not_fold_into_a_convolution_that_pads() -> None:
    with pytest.raises(ValueError, match="without padding"):
        fold_normalization(convolution(3, 4, 3, 1, 1), Normalization((0.0, 0.0, 0.0), 1.0))
