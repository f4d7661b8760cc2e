"""`evaluate_pairs --encoder`: any version, and two beside each other."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from encoder.checkpoints import load_factory_backbone, save_backbone
from encoder.spec import DLIB_RESNET_SPEC
from faces.models import EncoderVersion
from faces.services.encoders import ensure_factory_encoder, store_candidate
from tests.faces.commands.running import run

pytestmark = pytest.mark.django_db

COMPATIBLE = {"encoder_version", "accuracy", "tau", "eer", "tar_at_fmr_1e-2", "tau_at_fmr_1e-3", "photos", "seconds"}


@pytest.fixture
def damaged(tmp_path: Path) -> EncoderVersion:
    """A candidate: the factory's network with noise in its weights."""
    torch.manual_seed(1)
    network = load_factory_backbone(trainable=True)
    with torch.no_grad():
        for weights in network.parameters():
            weights.add_(0.8 * weights.std(correction=0) * torch.randn_like(weights))
    spec = save_backbone(tmp_path / "damaged.safetensors", network, replace(DLIB_RESNET_SPEC, name="Damaged"))
    return store_candidate(spec=spec, weights=tmp_path / "damaged.safetensors").version


def test_two_versions_are_judged_beside_each_other(shared_data: Path, damaged: EncoderVersion) -> None:
    factory = ensure_factory_encoder()
    words = ("--photos", shared_data / "lfw", "--limit", 60, "--encoder", factory.pk, "--encoder", "Damaged", "--json")

    ended = run("evaluate_pairs", shared_data / "lfw_pairs.txt", *words)

    assert ended.status == 0, ended.err
    *table, last = ended.out.splitlines()
    told = json.loads(last)
    assert set(told) > COMPATIBLE
    assert (told["encoder_version"], told["compared"]["encoder_version"]) == (factory.name, "Damaged")
    found = told["difference"]["pairs"]
    assert found["eer"]["before"] == pytest.approx(told["eer"], abs=1e-5)
    assert found["eer"]["after"] == pytest.approx(told["compared"]["eer"], abs=1e-5)
    assert found["eer"]["difference"] > 0.02
    assert found["tar"]["low"] <= found["tar"]["difference"] <= found["tar"]["high"]
    assert f"Damaged, compared with {factory.name}" in table
    assert any(line.startswith("EER") and "points (95 %:" in line for line in table)


def test_a_candidate_is_judged_like_any_version(shared_data: Path, damaged: EncoderVersion) -> None:
    words = ("--photos", shared_data / "lfw", "--limit", 20, "--encoder", damaged.pk, "--json")

    ended = run("evaluate_pairs", shared_data / "lfw_pairs.txt", *words)

    assert ended.status == 0, ended.err
    told = json.loads(ended.out.splitlines()[-1])
    assert told["encoder_version"] == "Damaged"
    assert "difference" not in told


@pytest.mark.parametrize(
    ("versions", "says"),
    [
        (["Nobody's"], "There is no encoder version “Nobody's”. There is"),
        (["1", "Damaged", "3"], "At most two encoder versions are compared, not 3."),
        (["Damaged", "Damaged"], "are the same encoder version"),
    ],
)
def test_versions_that_cannot_be_compared_are_refused_before_anything_is_read(
    damaged: EncoderVersion, tmp_path: Path, versions: list[str], says: str
) -> None:
    words = [word for version in versions for word in ("--encoder", version)]

    ended = run("evaluate_pairs", tmp_path / "not_there.txt", "--photos", tmp_path, *words)

    assert (ended.status, ended.out) == (2, "")
    assert says in ended.err
