"""Learning on CUDA: what a machine without one can tell, and what only a device can.

Torch's meta device stands in for CUDA where values do not matter: it fails whoever asks for one.
"""

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import torch

from encoder.backbones import DlibResNet
from tests.encoder.test_cuda import META, Watch, on_cuda
from tests.training.learning.people import batch, configured, crops, parent, training_set
from training.configuration import Augmentation, Layers
from training.learning.augmentation import Looks, seen
from training.learning.inputs import Inputs
from training.learning.learner import Learner
from training.learning.learning_part import LearningPart
from training.learning.objective import Objective, Pairs, Parent, objective
from training.learning.outcome import StepOutcome
from training.metrics.types import Embeddings

INPUTS = {Layers.ALL: (3, 150, 150), Layers.LAST: (256, 4, 4), Layers.HEAD: (256,)}


@pytest.mark.parametrize("layers", list(Layers))
@pytest.mark.parametrize("augmentation", [Augmentation.USUAL, Augmentation.POOR_CAMERAS])
def test_a_step_stays_on_its_device_and_waits_for_no_number(layers: Layers, augmentation: Augmentation) -> None:
    part = LearningPart(DlibResNet(affine=False).to(META), layers, torch.float32)
    inputs, of_parent = torch.empty(8, *INPUTS[layers], device=META), torch.empty(8, 128, device=META)
    pairs, settings, chance = Pairs.of(batch(), META), configured(layers, augmentation), torch.Generator()

    def judge(embeddings: torch.Tensor) -> Objective:
        return objective(embeddings, Parent.of(of_parent, Inputs(inputs)), pairs, settings, chance)

    with Watch() as watch:
        found = part.learn(inputs, judge)
    assert watch.mixed == []
    assert {value.device for value in found} == {META}
    assert {parameter.grad.device for parameter in part.parameters if parameter.grad is not None} == {META}


def test_copies_are_turned_and_lit_on_the_device() -> None:
    looks = Looks(np.zeros((2, 2, 3), np.float32), np.ones((2, 2), np.float32), [None, None])
    with Watch() as watch:
        copies = seen(torch.empty(2, 150, 150, 3, dtype=torch.uint8, device=META), looks)
    assert watch.mixed == []
    assert (copies.device, copies.shape, copies.dtype) == (META, (2, 150, 150, 3), torch.uint8)


def learned(layers: Layers, device: str, folder: Path) -> tuple[list[StepOutcome], Embeddings]:
    """Three steps, and what becomes of the embeddings."""
    settings = configured(layers, Augmentation.NONE)
    with closing(Learner(*parent(), settings, device=torch.device(device), folder=folder)) as learning:
        learning.prepare(training_set())
        outcomes = [learning.step(batch(step), step=step, total_steps=10, then=batch(step + 1)) for step in range(3)]
        return outcomes, learning.embed(np.arange(len(crops()), dtype=np.int64))


@on_cuda
@pytest.mark.parametrize("layers", list(Layers))
def test_on_cuda_the_same_seed_gives_the_same_numbers(layers: Layers, tmp_path: Path) -> None:
    one, other = learned(layers, "cuda", tmp_path), learned(layers, "cuda", tmp_path)
    assert one[0] == other[0]
    np.testing.assert_array_equal(one[1], other[1])


@on_cuda
@pytest.mark.parametrize("layers", list(Layers))
def test_cuda_begins_where_a_cpu_begins(layers: Layers, tmp_path: Path) -> None:
    (on_gpu, *_), _ = learned(layers, "cuda", tmp_path)
    (on_processor, *_), _ = learned(layers, "cpu", tmp_path)
    assert on_gpu.positive_distance == pytest.approx(on_processor.positive_distance, rel=0.05)
    assert on_gpu.negative_distance == pytest.approx(on_processor.negative_distance, rel=0.05)
