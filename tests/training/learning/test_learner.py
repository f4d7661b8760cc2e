"""A learner on real weights and small batches."""

import resource
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from encoder.checkpoints import load_backbone, read_spec
from encoder.devices import choose_dtype
from encoder.images import Pixels
from encoder.spec import DLIB_RESNET_SPEC, EncoderSpec
from tests.encoder.golden.inputs import random_crops
from tests.training.learning.people import CPU, batch, configured, crops, learner, parent
from training.configuration import Augmentation, Layers
from training.exceptions import TrainingFailedError
from training.learning.augmentation import Augmenter
from training.learning.embedding import embedded, upright_embedder
from training.learning.learner import Learner
from training.learning.outcome import StepOutcome
from training.learning.schedule import learning_rate
from training.metrics.types import Embeddings

EVERYBODY = np.arange(len(crops()), dtype=np.int64)
EVERY_WAY = [
    pytest.param(Layers.ALL, id="all layers"),
    pytest.param(Layers.LAST, id="the last layers"),
    pytest.param(Layers.HEAD, id="the head"),
]


def take(learning: Learner, steps: range, *, ahead: bool = False) -> list[StepOutcome]:
    return [
        learning.step(batch(step), step=step, total_steps=10, then=batch(step + 1) if ahead else None) for step in steps
    ]


def weights_of(learning: Learner, folder: Path) -> dict[str, torch.Tensor]:
    """Every weight of the network, as saved."""
    spec = learning.save_weights(folder / "weights.safetensors")
    return dict(load_backbone(spec, folder / "weights.safetensors").state_dict())


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(value, other[name]) for name, value in one.items())


@pytest.fixture
def head(tmp_path: Path) -> Iterator[Learner]:
    """A quick one."""
    with closing(learner(tmp_path, configured(Layers.HEAD))) as made:
        yield made


@pytest.mark.parametrize("layers", EVERY_WAY)
def test_before_the_first_step_it_is_the_parent(tmp_path: Path, layers: Layers) -> None:
    with closing(learner(tmp_path, configured(layers))) as learning:
        np.testing.assert_array_equal(learning.embed(EVERYBODY), learning.parent)
        assert learning.parent.dtype == np.float32
        assert distance(learning.parent, as_served(*parent(), crops())) < 1e-5


@pytest.mark.parametrize(
    ("layers", "augmentation"),
    [
        (Layers.ALL, Augmentation.POOR_CAMERAS),
        (Layers.ALL, Augmentation.NONE),
        (Layers.LAST, Augmentation.POOR_CAMERAS),
        (Layers.HEAD, Augmentation.USUAL),
    ],
)
def test_the_same_seed_gives_the_same_weights_bit_for_bit(
    tmp_path: Path, layers: Layers, augmentation: Augmentation
) -> None:
    found = []
    for name, ahead in (("one", False), ("other", True)):
        with closing(learner(tmp_path / name, configured(layers, augmentation))) as learning:
            found.append((take(learning, range(3), ahead=ahead), weights_of(learning, tmp_path / name)))
    assert found[0][0] == found[1][0]
    assert same(found[0][1], found[1][1])


@pytest.mark.parametrize("layers", [Layers.ALL, Layers.HEAD])
def test_each_step_sees_other_copies_of_the_same_faces(tmp_path: Path, layers: Layers) -> None:
    with closing(learner(tmp_path, configured(layers))) as learning:
        ahead = learning._ahead
        assert ahead is not None
        first, second, again = (ahead.take(batch(), step).faces for step in (0, 1, 0))
    assert torch.equal(first, again)
    assert not torch.equal(first, second)


def test_another_seed_gives_other_weights(tmp_path: Path) -> None:
    found = []
    for seed in (0, 1):
        with closing(learner(tmp_path / str(seed), configured(Layers.HEAD, seed=seed))) as learning:
            take(learning, range(2))
            found.append(weights_of(learning, tmp_path))
    assert not same(*found)


def test_two_threads_learn_the_same_each_time(tmp_path: Path) -> None:
    torch.set_num_threads(2)
    try:
        found = []
        for name in ("one", "other"):
            with closing(learner(tmp_path / name, configured(Layers.LAST))) as learning:
                big = batch()
                big = replace(
                    big, rows=np.tile(big.rows, 2), people=np.tile(big.people, 2), barred=np.tile(big.barred, (2, 2))
                )
                found.append(learning.step(big, step=0, total_steps=1))
                found.append(learning.step(big, step=1, total_steps=1))
    finally:
        torch.set_num_threads(1)
    assert found[:2] == found[2:]


@pytest.mark.parametrize("layers", [Layers.ALL, Layers.LAST])
def test_a_run_that_was_interrupted_goes_on_bit_for_bit_as_if_it_had_not_been(tmp_path: Path, layers: Layers) -> None:
    configuration = configured(layers, Augmentation.POOR_CAMERAS)
    with closing(learner(tmp_path, configuration)) as learning:
        take(learning, range(2))
        digest = learning.save(tmp_path / "state")
        outcomes = take(learning, range(2, 4))
        expected = weights_of(learning, tmp_path)
    with closing(learner(tmp_path / "again", configuration)) as learning:
        learning.load(tmp_path / "state", digest)
        assert take(learning, range(2, 4)) == outcomes
        assert same(weights_of(learning, tmp_path), expected)


def test_a_state_from_before_the_first_step_can_be_gone_on_from(head: Learner, tmp_path: Path) -> None:
    digest = head.save(tmp_path / "state")
    expected = take(head, range(2))
    head.load(tmp_path / "state", digest)
    assert take(head, range(2)) == expected


def test_the_state_is_the_same_file_for_the_same_run(head: Learner, tmp_path: Path) -> None:
    take(head, range(1))
    assert head.save(tmp_path / "one") == head.save(tmp_path / "other")


@pytest.mark.parametrize("layers", EVERY_WAY)
def test_what_it_embeds_is_what_the_candidate_will_embed(tmp_path: Path, layers: Layers) -> None:
    configuration = configured(layers, Augmentation.POOR_CAMERAS)
    with closing(learner(tmp_path, configuration)) as learning:
        take(learning, range(4))
        spec = learning.save_weights(tmp_path / "candidate")
        plain, poor = learning.embed(EVERYBODY), learning.embed_augmented(EVERYBODY)
        moved = distance(plain, learning.parent)
    assert read_spec(tmp_path / "candidate") == spec
    probes = Augmenter(configuration.augmentation, configuration.seed, CPU).probes(crops(), EVERYBODY.tolist())
    for found, pixels in ((plain, crops()), (poor, probes)):
        expected = as_served(spec, tmp_path / "candidate", pixels)
        assert distance(found, expected) < 1e-3 * moved
    assert distance(plain, poor) > 1e-4


def test_without_poor_cameras_probes_are_the_faces_as_they_are(head: Learner) -> None:
    np.testing.assert_array_equal(head.embed_augmented(EVERYBODY), head.embed(EVERYBODY))


def as_served(spec: EncoderSpec, weights: Path, pixels: Pixels) -> Embeddings:
    """What an encoder version answers to these crops at one look."""
    embedder = upright_embedder(spec, load_backbone(spec, weights), CPU, choose_dtype("auto", CPU))
    return embedded(embedder, lambda rows: pixels[rows], EVERYBODY)


def distance(one: Embeddings, other: Embeddings) -> float:
    """Mean squared L2."""
    return float(((one.astype(np.float64) - other) ** 2).sum(axis=1).mean())


@pytest.mark.parametrize("layers", EVERY_WAY)
def test_it_learns(tmp_path: Path, layers: Layers) -> None:
    configuration = configured(layers, Augmentation.NONE, parent_weight=0.0)
    with closing(learner(tmp_path, configuration)) as learning:
        outcomes = [learning.step(batch(step), step=step, total_steps=60) for step in range(15)]
    first, last = outcomes[:3], outcomes[-3:]
    assert sum(outcome.loss for outcome in last) < 0.7 * sum(outcome.loss for outcome in first)


def test_the_last_layers_alone_change_where_they_alone_learn(tmp_path: Path) -> None:
    before = load_backbone(*parent()).state_dict()
    changed = {}
    for layers in Layers:
        with closing(learner(tmp_path / layers, configured(layers))) as learning:
            take(learning, range(2))
            after = weights_of(learning, tmp_path)
            changed[layers] = {name for name, value in before.items() if not torch.equal(value, after[name])}
    assert changed[Layers.ALL] == set(before)
    assert changed[Layers.HEAD] == {"head.weight"}
    assert {name.split(".")[1] for name in changed[Layers.LAST] - {"head.weight"}} == {"11", "12", "13"}


@pytest.mark.parametrize("layers", [Layers.ALL, Layers.HEAD])
def test_a_step_is_adams_by_the_gradient_that_was_cut(tmp_path: Path, layers: Layers) -> None:
    """Also where weights lie in another memory order than gradients: torch's fused optimizer does not look at that."""
    configuration = configured(layers, parent_weight=20.0)
    with closing(learner(tmp_path, configuration)) as learning:
        parameters = learning._part.parameters
        for step in range(2):
            before = [parameter.detach().clone() for parameter in parameters]
            outcome = take(learning, range(step, step + 1))[0]
            rate = learning_rate(configuration, step=step, total_steps=10)
            assert outcome.learning_rate == rate
            gradients = [parameter.grad for parameter in parameters]
            norm = torch.stack([gradient.norm() for gradient in gradients if gradient is not None]).norm()
            assert float(norm) == pytest.approx(min(outcome.gradient_norm, 1.0), rel=1e-3)
            if step:
                continue
            for parameter, old, gradient in zip(parameters, before, gradients, strict=True):
                assert gradient is not None
                expected = old - rate * gradient / (gradient.abs() + 1e-8)  # of Adam's first step
                torch.testing.assert_close(parameter.detach(), expected, rtol=0, atol=1e-2 * rate)


def test_a_loss_that_is_no_number_ends_the_run_and_leaves_the_weights(head: Learner, tmp_path: Path) -> None:
    before = weights_of(head, tmp_path)
    head.parent[:] = np.nan
    with pytest.raises(TrainingFailedError, match="In step 3 the loss is nan"):
        head.step(batch(), step=2, total_steps=10)
    assert same(weights_of(head, tmp_path), before)


@pytest.mark.parametrize("layers", [Layers.ALL, Layers.HEAD])
def test_weights_that_have_burst_end_the_run_when_faces_are_embedded(tmp_path: Path, layers: Layers) -> None:
    with closing(learner(tmp_path, configured(layers))) as learning:
        with torch.no_grad():
            learning._part.parameters[-1].fill_(torch.nan)
        with pytest.raises(TrainingFailedError, match="no direction"):
            learning.embed(EVERYBODY)


def test_a_checkpoint_that_was_changed_is_refused(head: Learner, tmp_path: Path) -> None:
    digest = head.save(tmp_path / "state")
    (tmp_path / "state").write_bytes((tmp_path / "state").read_bytes()[:-1] + b"\1")
    with pytest.raises(TrainingFailedError, match=f"its SHA-256 is .*, not {digest}"):
        head.load(tmp_path / "state", digest)


def test_a_checkpoint_that_is_gone_is_missed(head: Learner, tmp_path: Path) -> None:
    with pytest.raises(TrainingFailedError, match="state is not there any more"):
        head.load(tmp_path / "state", "0" * 64)


def test_a_file_that_is_no_checkpoint_is_refused(head: Learner, tmp_path: Path) -> None:
    spec = head.save_weights(tmp_path / "weights")
    with pytest.raises(TrainingFailedError, match="weights is no checkpoint"):
        head.load(tmp_path / "weights", spec.weights_sha256)


def test_a_checkpoint_of_other_settings_is_refused_with_their_names(head: Learner, tmp_path: Path) -> None:
    digest = head.save(tmp_path / "state")
    head._configuration = replace(head._configuration, alpha=0.5, seed=7)
    with pytest.raises(TrainingFailedError, match="other settings: alpha, seed differ"):
        head.load(tmp_path / "state", digest)


def test_a_checkpoint_of_another_encoder_or_architecture_is_refused(head: Learner, tmp_path: Path) -> None:
    digest = head.save(tmp_path / "state")
    head.spec = replace(DLIB_RESNET_SPEC, name="Another", weights_sha256="f" * 64)
    with pytest.raises(TrainingFailedError, match="began with 'dlib ResNet v1', not with 'Another'"):
        head.load(tmp_path / "state", digest)
    head.spec = replace(DLIB_RESNET_SPEC, architecture=type(DLIB_RESNET_SPEC.architecture).IRESNET50)
    with pytest.raises(TrainingFailedError, match="of the architecture dlib_resnet, not iresnet50"):
        head.load(tmp_path / "state", digest)


def test_weights_that_are_not_the_parents_are_refused_at_once(tmp_path: Path) -> None:
    spec = replace(DLIB_RESNET_SPEC, weights_sha256="0" * 64)
    with pytest.raises(TrainingFailedError, match="The weights to begin with cannot be used"):
        Learner(spec, None, configured(), device=CPU, folder=tmp_path)


class Reads(np.ndarray[tuple[int, ...], np.dtype[np.uint8]]):
    """Pixels that remember how many crops were ever read at once."""

    most = 0

    def __getitem__(self, rows: Any) -> Any:
        part = np.asarray(self)[rows]
        Reads.most = max(Reads.most, len(part))
        return part


@pytest.mark.parametrize("layers", [Layers.ALL, Layers.HEAD])
def test_crops_are_read_a_batch_at_a_time(tmp_path: Path, layers: Layers) -> None:
    Reads.most = 0
    pixels = np.concatenate([random_crops()] * 5).view(Reads)  # 80 of them
    rows = np.arange(80, dtype=np.int64)
    with closing(learner(tmp_path, configured(layers, Augmentation.POOR_CAMERAS), pixels)) as learning:
        take(learning, range(1))
        learning.embed(rows)
        learning.embed_augmented(rows)
    assert 0 < Reads.most <= 64


def test_memory_does_not_grow_with_steps(head: Learner) -> None:
    def peak_after(steps: range) -> int:
        """Kilobytes, the most the process ever had."""
        take(head, steps, ahead=True)
        head.embed(EVERYBODY)
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    before = peak_after(range(30))
    assert peak_after(range(30, 330)) - before < 8_000


def test_what_is_stored_of_faces_needs_room_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": 100})
    monkeypatch.setattr("training.learning.stored_features.shutil.disk_usage", lambda _: usage)
    with pytest.raises(TrainingFailedError, match=r"needs 0\.0 GB, and 0\.0 GB are free"):
        learner(tmp_path, configured(Layers.LAST))


def test_progress_is_told_of_every_face_once(tmp_path: Path) -> None:
    for layers in Layers:
        told: list[int] = []
        with closing(learner(tmp_path, configured(layers), progress=told.append)) as learning:
            assert sum(told) == len(EVERYBODY)
            learning.embed(EVERYBODY[:5], progress=told.append)
            assert sum(told) == len(EVERYBODY) + 5
