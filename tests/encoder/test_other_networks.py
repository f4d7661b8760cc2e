"""The whole pipeline with another network than the factory's: 112 x 112 pixels in, 512 numbers out."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from encoder.backbones import IResNet
from encoder.checkpoints import save_backbone
from encoder.images import decode_image
from encoder.pipeline import FaceEncoder
from encoder.quality import quality_problems
from encoder.spec import EncoderSpec
from tests.encoder.networks import discerning_iresnet, spec_of
from tests.faces.photographs import another_photo, astronaut, grace_hopper, jpeg

Pixels = np.ndarray


@pytest.fixture(scope="module")
def network() -> IResNet:
    return discerning_iresnet()


@pytest.fixture(scope="module")
def saved(network: IResNet, tmp_path_factory: pytest.TempPathFactory) -> tuple[EncoderSpec, Path]:
    path = tmp_path_factory.mktemp("weights") / "iresnet.safetensors"
    return save_backbone(path, network, spec_of()), path


@pytest.fixture(scope="module")
def encoder(saved: tuple[EncoderSpec, Path]) -> FaceEncoder:
    spec, path = saved
    return FaceEncoder.load(spec, path, device="cpu", precision="float32")


@pytest.fixture(scope="module")
def photos() -> list[Pixels]:
    """Eileen, Eileen on another photo, Grace."""
    images = (astronaut(), another_photo(astronaut()), grace_hopper())
    return [decode_image(jpeg(image)).pixels for image in images]


def test_two_photos_of_one_person_are_nearer_than_two_people(encoder: FaceEncoder, photos: list[Pixels]) -> None:
    embeddings = np.stack([photo.faces[0].embedding for photo in encoder.encode(photos)])
    assert embeddings.shape == (3, 512)
    assert np.allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-5)
    distances = ((embeddings[:, None] - embeddings) ** 2).sum(axis=2)
    assert distances[0, 1] < 0.5 < 1.0 < distances[0, 2]


def test_an_embedding_is_what_the_network_says_of_the_crop_and_its_mirror_image(
    encoder: FaceEncoder, network: IResNet, photos: list[Pixels]
) -> None:
    found = encoder.detect(photos[:1])
    crops = encoder.align(photos[:1], [[face.landmarks for face in faces] for faces in found])
    assert crops.shape == (1, 112, 112, 3)
    inputs = (torch.from_numpy(crops).permute(0, 3, 1, 2) - 127.5) / 127.5
    with torch.inference_mode():
        plain, mirrored = nn.functional.normalize(network(torch.cat([inputs, inputs.flip(3)])))
    expected = nn.functional.normalize(plain + mirrored, dim=0)
    assert np.allclose(encoder.embed(crops)[0], expected.numpy(), atol=1e-4)


def test_in_bfloat16_squared_distances_stay(
    saved: tuple[EncoderSpec, Path], encoder: FaceEncoder, photos: list[Pixels]
) -> None:
    spec, path = saved
    half = FaceEncoder.load(spec, path, device="cpu", precision="bfloat16")
    found = encoder.detect(photos)
    crops = encoder.align(photos, [[face.landmarks for face in faces] for faces in found])
    assert ((half.embed(crops) - encoder.embed(crops)) ** 2).sum(axis=1).max() < 2e-3


def test_a_clear_face_is_not_held_to_how_the_factory_s_views_agree(encoder: FaceEncoder, photos: list[Pixels]) -> None:
    for photo in encoder.encode(photos):
        assert quality_problems(photo.faces[0].quality) == ()
