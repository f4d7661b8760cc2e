"""The rivals do what the benchmarks say of them."""

import numpy as np
import pytest
import torch

from benchmarks import rivals
from benchmarks.rivals import Dlib, OnnxRuntime, end_without_rivals, missing_rivals
from encoder.checkpoints import load_factory_backbone
from encoder.images import Pixels
from encoder.pipeline import FaceEncoder
from encoder.spec import DLIB_RESNET_SPEC
from tests.encoder.golden.package_photos import astronaut, hopper

pytestmark = pytest.mark.skipif(bool(missing_rivals()), reason=f"not installed: {', '.join(missing_rivals())}")


@pytest.fixture(scope="module")
def dlib() -> Dlib:
    return Dlib()


@pytest.fixture(scope="module")
def crops() -> Pixels:
    encoder = FaceEncoder.load(device="cpu", precision="float32")
    photos = [astronaut(), hopper()]
    return encoder.align(photos, [[face.landmarks for face in faces] for faces in encoder.detect(photos)])


def raw(crops: Pixels) -> torch.Tensor:
    """What the factory encoder's network answers, not of unit length."""
    inputs = (torch.from_numpy(crops).permute(0, 3, 1, 2) - torch.tensor(DLIB_RESNET_SPEC.mean)[:, None, None]) / 256
    with torch.inference_mode():
        answer: torch.Tensor = load_factory_backbone()(inputs)
    return answer


def test_dlib_runs_the_same_network_as_the_factory_encoder(dlib: Dlib, crops: Pixels) -> None:
    assert np.allclose(dlib.embed(crops), raw(crops).numpy(), atol=1e-5)


def test_onnxruntime_runs_the_same_network_in_batches_of_any_size(crops: Pixels) -> None:
    session = OnnxRuntime(threads=1)
    for batch in (crops, crops[:1], np.concatenate([crops, crops, crops])):
        inputs = (batch.transpose(0, 3, 1, 2) - np.array(DLIB_RESNET_SPEC.mean, np.float32)[:, None, None]) / 256
        assert np.allclose(session.embed(np.ascontiguousarray(inputs, np.float32)), raw(batch).numpy(), atol=1e-5)


def test_dlib_finds_the_face_and_places_it_near_ours_in_the_embedding(dlib: Dlib, crops: Pixels) -> None:
    (embedding,) = dlib.embeddings(astronaut())
    ours = raw(crops)[0].numpy()
    cosine = embedding @ ours / (np.linalg.norm(embedding) * np.linalg.norm(ours))
    assert 2 - 2 * cosine < 0.05
    _, ((x, y),) = dlib.detect(astronaut(), 0)
    assert (x, y) == pytest.approx((222, 115), abs=25)


def test_a_missing_rival_ends_a_benchmark_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rivals, "PACKAGES", ("dlib", "a_rival_that_is_nowhere"))
    with pytest.raises(SystemExit, match="a_rival_that_is_nowhere not installed here; `make setup-dev`"):
        end_without_rivals()
