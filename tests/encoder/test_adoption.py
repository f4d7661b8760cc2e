"""Weights that others published become an encoder of this platform, or are refused with what differs."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import Tensor

from encoder.adoption import ChannelOrder, adopt, check_answers, fit
from encoder.backbones import IResNet
from encoder.checkpoints import load_backbone, load_factory_backbone, read_spec, read_state_dict, save_backbone
from encoder.exceptions import WeightsBroken, WeightsMalformed, WeightsMissing, WeightsTooLarge, WeightsUnfit
from encoder.spec import DLIB_RESNET_SPEC, Architecture, EncoderSpec
from tests.encoder.networks import published, random_iresnet, spec_of

DIMENSION = 16
"""Less than usual, so that files are small."""


def ours(architecture: Architecture = Architecture.IRESNET18) -> EncoderSpec:
    return spec_of(architecture, dimension=DIMENSION)


@pytest.fixture(scope="module")
def network() -> IResNet:
    return random_iresnet(dimension=DIMENSION)


@pytest.fixture(scope="module")
def crops() -> Tensor:
    return torch.rand(2, 3, 112, 112, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.fixture(scope="module")
def file(network: IResNet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As published: safetensors, without counters of batches."""
    path = tmp_path_factory.mktemp("published") / "arcface_r18.safetensors"
    safetensors.torch.save_file(published(network, counters=False), path)
    return path


@torch.inference_mode()
def test_an_adopted_network_computes_what_the_published_one_does(
    network: IResNet, crops: Tensor, file: Path, tmp_path: Path
) -> None:
    target = tmp_path / "ours.safetensors"
    spec, digest = adopt(file, target, ours())
    assert digest == hashlib.sha256(file.read_bytes()).hexdigest()
    assert spec == replace(ours(), weights_sha256=hashlib.sha256(target.read_bytes()).hexdigest())
    again = load_backbone(spec, target)
    assert not again.has_affine
    assert torch.allclose(again(crops), network(crops), atol=1e-4)
    trainable = load_backbone(spec, target, trainable=True)
    assert trainable.has_affine
    assert all(parameter.requires_grad for parameter in trainable.parameters())


def test_the_same_weights_give_the_same_bytes_whatever_holds_them(network: IResNet, file: Path, tmp_path: Path) -> None:
    other = tmp_path / "model.pth.tar"
    torch.save({"epoch": 20, "state_dict": published(network, prefix="module.")}, other)
    first, _ = adopt(file, tmp_path / "first", ours())
    named = replace(ours(), name="Other", licence="CC0-1.0", source="elsewhere")
    second, _ = adopt(other, tmp_path / "second", named)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
    assert second == replace(named, weights_sha256=first.weights_sha256)
    assert read_spec(tmp_path / "first") == replace(first, name="", licence="", source="")


def test_other_values_of_the_spec_make_another_encoder(file: Path, tmp_path: Path) -> None:
    first, _ = adopt(file, tmp_path / "first", ours())
    second, _ = adopt(file, tmp_path / "second", replace(ours(), scale=128.0))
    assert first.weights_sha256 != second.weights_sha256


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64, torch.float8_e4m3fn])
def test_any_precision_is_read_into_full(network: IResNet, tmp_path: Path, dtype: torch.dtype) -> None:
    state = {
        name: value.to(dtype) if value.is_floating_point() else value for name, value in published(network).items()
    }
    safetensors.torch.save_file(state, tmp_path / "half.safetensors")
    adopt(tmp_path / "half.safetensors", tmp_path / "ours", ours())
    kept = safetensors.torch.load_file(tmp_path / "ours")
    assert torch.equal(kept["fc.weight"], state["fc.weight"].float())


@torch.inference_mode()
def test_a_network_for_bgr_is_turned_to_rgb(network: IResNet, crops: Tensor, file: Path, tmp_path: Path) -> None:
    spec, _ = adopt(file, tmp_path / "ours", ours(), channel_order=ChannelOrder.BGR)
    assert torch.allclose(load_backbone(spec, tmp_path / "ours")(crops), network(crops.flip(1)), atol=1e-4)


@pytest.mark.parametrize("trainable", [True, False])
def test_weights_of_the_factory_network_can_be_adopted_in_both_forms(tmp_path: Path, trainable: bool) -> None:
    ours = load_factory_backbone(trainable=trainable)
    save_backbone(tmp_path / "elsewhere", ours, DLIB_RESNET_SPEC)
    spec, _ = adopt(tmp_path / "elsewhere", tmp_path / "ours", spec_of(Architecture.DLIB_RESNET))
    crop = torch.zeros(1, 3, 150, 150)
    with torch.inference_mode():
        assert torch.allclose(load_backbone(spec, tmp_path / "ours")(crop), ours.folded()(crop), atol=1e-5)


def differences(state: dict[str, Tensor], spec: EncoderSpec) -> str:
    with pytest.raises(WeightsUnfit) as caught:
        fit(state, spec, name="weights.pth")
    return str(caught.value)


def test_a_file_of_another_network_names_the_first_names_that_differ_and_what_it_looks_like(network: IResNet) -> None:
    assert differences(published(network, counters=False), ours(Architecture.IRESNET34)) == (
        "The weights file weights.pth does not fit iresnet34 with dimension 16 and input size 112: "
        "missing: layer1.2.bn1.weight, layer1.2.bn1.bias, layer1.2.bn1.running_mean and 117 more. "
        "It looks like iresnet18 with dimension 16 and input size 112."
    )


def test_a_larger_network_has_surplus_names() -> None:
    with torch.device("meta"):
        state = published(random_iresnet(Architecture.IRESNET34, dimension=DIMENSION), counters=False)
    text = differences(state, ours())
    assert "surplus: layer1.2.bn1.weight, layer1.2.bn1.bias, layer1.2.bn1.running_mean and" in text
    assert text.endswith(" It looks like iresnet34 with dimension 16 and input size 112.")


def test_another_dimension_is_a_shape_that_differs(network: IResNet) -> None:
    text = differences(published(network, counters=False), spec_of(dimension=8))
    assert "of another shape: fc.weight is 16 x 25088 and must be 8 x 25088, fc.bias is 16 and must be 8" in text
    assert text.endswith(" It looks like iresnet18 with dimension 16 and input size 112.")


def test_a_misspelled_a_missing_and_a_misshapen_parameter_are_told_apart(network: IResNet) -> None:
    state = published(network, counters=False)
    state["prelu.wieght"] = state.pop("prelu.weight")
    state["layer4.1.prelu.weight"] = torch.ones(1)
    text = differences(state, ours())
    assert text.endswith(
        "missing: prelu.weight; surplus: prelu.wieght; of another shape: layer4.1.prelu.weight is 1 and must be 512."
    )


def test_a_file_of_nothing_known_gets_no_guess() -> None:
    text = differences({"weight": torch.ones(2, 2)}, ours())
    assert "surplus: weight" in text
    assert "looks like" not in text
    assert "looks like" not in differences({"fc.weight": torch.tensor(1.0)}, ours())


@pytest.mark.parametrize(
    "value",
    [torch.tensor(float("nan")), torch.tensor(float("inf")), torch.tensor(3), torch.tensor(1j)],
    ids=["nan", "infinite", "integer", "complex"],
)
def test_a_number_that_is_no_finite_fraction_is_named(network: IResNet, value: Tensor) -> None:
    state = published(network, counters=False)
    state["layer3.1.bn2.running_mean"] = value.repeat(256)
    with pytest.raises(WeightsBroken, match=r"layer3\.1\.bn2\.running_mean holds numbers that are not finite"):
        fit(state, ours(), name="weights.pth")


def test_a_network_that_answers_everything_with_one_embedding_is_refused(network: IResNet) -> None:
    state = published(network, counters=False)
    state["fc.weight"] = torch.zeros_like(state["fc.weight"])
    with pytest.raises(WeightsBroken, match="two different test pictures have the same embedding"):
        check_answers(fit(state, ours(), name="weights.pth"), ours(), name="weights.pth")


def test_a_network_that_answers_with_zero_or_too_much_is_refused(network: IResNet) -> None:
    for factor in (0.0, 1e38):
        state = published(network, counters=False)
        for name in ("features.weight", "features.bias"):
            state[name] = torch.full_like(state[name], factor)
        state["bn2.weight"] = torch.full_like(state["bn2.weight"], factor)
        with pytest.raises(WeightsBroken, match="zero or not finite"):
            check_answers(fit(state, ours(), name="weights.pth"), ours(), name="weights.pth")


def test_a_refused_file_leaves_nothing_behind(tmp_path: Path) -> None:
    safetensors.torch.save_file({"weight": torch.ones(1)}, tmp_path / "theirs")
    with pytest.raises(WeightsUnfit):
        adopt(tmp_path / "theirs", tmp_path / "ours", ours())
    assert [path.name for path in tmp_path.iterdir()] == ["theirs"]


def test_a_file_that_is_too_large_missing_or_damaged_is_named(file: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsTooLarge, match=r"arcface_r18\.safetensors has 46,\d+,\d+ bytes, and at most 1,000 are"):
        read_state_dict(file, max_bytes=1_000)
    with pytest.raises(WeightsMissing, match=r"gone\.pth"):
        read_state_dict(tmp_path / "gone.pth")
    (tmp_path / "notes.txt").write_text("not weights")
    with pytest.raises(WeightsMalformed, match=r"notes\.txt cannot be read: it is neither a safetensors file"):
        read_state_dict(tmp_path / "notes.txt")
