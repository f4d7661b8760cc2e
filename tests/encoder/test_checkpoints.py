import hashlib
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from encoder import checkpoints
from encoder.backbones import Backbone, DlibResNet, build_backbone
from encoder.checkpoints import (
    load_backbone,
    load_factory_backbone,
    locate_factory_weights,
    locate_package_file,
    read_spec,
    save_backbone,
)
from encoder.exceptions import WeightsAltered, WeightsMalformed, WeightsMissing
from encoder.spec import DLIB_RESNET_SPEC, EncoderSpec, WeightsFile
from tests.encoder.networks import spec_of


@pytest.fixture(scope="module")
def folded() -> DlibResNet:
    return load_factory_backbone()


def same_weights(one: Backbone, other: Backbone) -> bool:
    ones, others = one.state_dict(), other.state_dict()
    return ones.keys() == others.keys() and all(torch.equal(ones[name], others[name]) for name in ones)


def test_the_factory_file_has_the_digest_of_its_spec() -> None:
    digest = hashlib.sha256(locate_factory_weights().read_bytes()).hexdigest()
    assert digest == DLIB_RESNET_SPEC.weights_sha256


@pytest.mark.parametrize("package", ["no_such_package", "encoder"])
def test_a_file_that_no_package_carries_is_named_with_the_package_to_install(package: str) -> None:
    with pytest.raises(WeightsMissing, match=f"some.lz4 is not there. Install the package {package}"):
        locate_package_file(WeightsFile(package, "weights/some.lz4", "00"))


def test_a_network_for_inference_is_folded_and_frozen(folded: DlibResNet) -> None:
    assert not folded.has_affine
    assert not folded.training
    assert not any(parameter.requires_grad for parameter in folded.parameters())


def test_a_network_for_training_is_as_stored_and_has_gradients() -> None:
    network = load_factory_backbone(trainable=True)
    assert network.has_affine
    assert network.training
    assert all(parameter.requires_grad for parameter in network.parameters())


@pytest.mark.parametrize("trainable", [True, False])
def test_saved_weights_come_back_to_the_bit(tmp_path: Path, trainable: bool) -> None:
    network = load_factory_backbone(trainable=trainable)
    path = tmp_path / "of a new" / "encoder.weights"
    spec = save_backbone(path, network, replace(DLIB_RESNET_SPEC, name="Ours"))
    again = load_backbone(spec, path, trainable=True)
    assert again.has_affine is network.has_affine
    assert same_weights(again, network)


def test_the_same_weights_are_always_saved_as_the_same_bytes(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = build_backbone(spec_of(dimension=2))
    digests = {save_backbone(tmp_path / "weights", network, spec_of(dimension=2)).weights_sha256 for _ in range(8)}
    assert len(digests) == 1


def test_weights_of_another_architecture_come_back_to_the_bit(tmp_path: Path) -> None:
    spec = spec_of(dimension=2)
    network = build_backbone(spec, affine=True)
    saved = save_backbone(tmp_path / "weights", network, spec)
    assert read_spec(tmp_path / "weights") == saved
    assert same_weights(load_backbone(saved, tmp_path / "weights", trainable=True), network)


def test_a_file_in_dlibs_format_holds_no_other_architecture() -> None:
    spec = replace(spec_of(), weights_sha256=DLIB_RESNET_SPEC.weights_sha256)
    with pytest.raises(WeightsMalformed, match="it is no safetensors file, as weights of iresnet18 are"):
        load_backbone(spec, locate_factory_weights())


def test_saving_tells_the_digest_of_the_file_and_nothing_else_is_left(tmp_path: Path, folded: DlibResNet) -> None:
    path = tmp_path / "encoder.safetensors"
    spec = save_backbone(path, folded, DLIB_RESNET_SPEC)
    assert spec.weights_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert replace(spec, weights_sha256=DLIB_RESNET_SPEC.weights_sha256) == DLIB_RESNET_SPEC
    assert [file.name for file in tmp_path.iterdir()] == ["encoder.safetensors"]


def test_the_spec_can_be_read_from_the_file_alone(tmp_path: Path, folded: DlibResNet) -> None:
    path = tmp_path / "encoder.safetensors"
    saved = save_backbone(path, folded, DLIB_RESNET_SPEC)
    assert read_spec(path) == saved


def test_a_file_that_cannot_be_written_whole_is_not_written_at_all(
    tmp_path: Path, folded: DlibResNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        save_backbone(tmp_path / "encoder.safetensors", folded, DLIB_RESNET_SPEC)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_is_named() -> None:
    with pytest.raises(WeightsMissing, match=r"gone\.safetensors"):
        load_backbone(DLIB_RESNET_SPEC, Path("gone.safetensors"))


def test_one_changed_byte_is_noticed_before_anything_is_read(tmp_path: Path) -> None:
    data = bytearray(locate_factory_weights().read_bytes())
    data[10_000_000] ^= 1
    path = tmp_path / "weights.dat"
    path.write_bytes(data)
    with pytest.raises(WeightsAltered, match=DLIB_RESNET_SPEC.weights_sha256):
        load_backbone(DLIB_RESNET_SPEC, path)


def test_a_changed_detector_file_is_refused_before_it_is_unpickled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "pnet.lz4"
    path.write_bytes(b"whatever a stranger pickled")
    monkeypatch.setattr(checkpoints, "locate_package_file", lambda _: path)
    with pytest.raises(WeightsAltered, match=r"pnet\.lz4"):
        checkpoints.load_detector_networks()


def factory_spec_of(data: bytes, path: Path) -> EncoderSpec:
    path.write_bytes(data)
    return replace(DLIB_RESNET_SPEC, weights_sha256=hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize("data", [b"", b"not weights at all", b"\x01\x01\x01\x0dloss_metric_9"])
def test_a_file_of_no_known_format_is_malformed(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "weights"
    with pytest.raises(WeightsMalformed, match="weights cannot be read"):
        load_backbone(factory_spec_of(data, path), path)


def test_a_safetensors_file_of_others_is_malformed(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    data = safetensors.torch.save({"weight": torch.zeros(1)})
    with pytest.raises(WeightsMalformed, match="does not describe an encoder"):
        load_backbone(factory_spec_of(data, path), path)


def test_weights_of_another_encoder_are_refused(tmp_path: Path, folded: DlibResNet) -> None:
    path = tmp_path / "weights"
    saved = save_backbone(path, folded, replace(DLIB_RESNET_SPEC, scale=128.0))
    with pytest.raises(WeightsMalformed, match="another spec"):
        load_backbone(replace(DLIB_RESNET_SPEC, weights_sha256=saved.weights_sha256), path)


def test_weights_that_do_not_fit_the_network_are_malformed(tmp_path: Path, folded: DlibResNet) -> None:
    path = tmp_path / "weights"
    saved = save_backbone(path, folded, replace(DLIB_RESNET_SPEC, dimension=64))
    with pytest.raises(WeightsMalformed, match=r"head\.weight"):
        load_backbone(saved, path)


def test_the_detector_s_networks_load_with_all_their_parameters() -> None:
    networks = checkpoints.load_detector_networks()
    counts = [sum(value.numel() for value in network.parameters()) for network in networks]
    assert counts == [6_632, 100_178, 389_040]
    assert all(np.isfinite(value.detach().numpy()).all() for network in networks for value in network.parameters())
