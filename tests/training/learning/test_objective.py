"""What a step makes small."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from training.configuration import Augmentation, Negatives, TrainingConfiguration
from training.learning.inputs import Inputs
from training.learning.objective import Objective, Pairs, Parent, objective
from training.metrics.types import Counts
from training.mining.batches import Batch

CONFIGURATION = TrainingConfiguration(
    alpha=0.25, parent_weight=0.0, hard_share=0.0, semi_hard_share=1.0, random_share=0.0
)
NONE = np.zeros((0, 3), np.int64)


def at(*degrees: float) -> Tensor:
    """Unit vectors in a plane: two that are t apart have a squared distance of 2 - 2 cos(t)."""
    angles = torch.deg2rad(torch.tensor(degrees))
    return torch.stack([torch.cos(angles), torch.sin(angles)], dim=1)


def apart(degrees: float) -> float:
    return 2 - 2 * float(np.cos(np.radians(degrees)))


def batch_of(*people: int, triplets: Counts = NONE, barred: tuple[tuple[int, int], ...] = ()) -> Batch:
    matrix = np.zeros((len(people), len(people)), np.bool_)
    for a, b in barred:
        matrix[a, b] = matrix[b, a] = True
    return Batch(np.arange(len(people), dtype=np.int64), np.array(people, np.int64), triplets, matrix)


def judged(
    vectors: Tensor, batch: Batch, configuration: TrainingConfiguration, parent: Tensor | None = None
) -> Objective:
    return objective(
        vectors,
        Parent.of(vectors if parent is None else parent, Inputs(vectors)),
        Pairs.of(batch, torch.device("cpu")),
        configuration,
        torch.Generator().manual_seed(0),
    )


def test_mined_triplets_are_used_as_they_are_under_the_present_weights() -> None:
    mined = np.array([[0, 1, 2], [1, 0, 2], [0, 1, 3]], np.int64)
    everybody = tuple((a, b) for a in (0, 1) for b in (2, 3))
    found = judged(at(0, 30, 40, 120), batch_of(1, 1, 2, 3, triplets=mined, barred=everybody), CONFIGURATION)
    first = apart(30) - apart(40) + 0.25  # semi-hard by now
    second = apart(30) - apart(10) + 0.25  # hard by now; the third is easy by now
    assert float(found.loss) == pytest.approx((first + second) / 2, abs=1e-6)
    assert [int(found.triplets), int(found.active), int(found.hard)] == [3, 2, 1]


def test_beside_mined_triplets_there_are_those_that_happen_to_be_in_the_batch() -> None:
    mined = np.array([[1, 0, 2]], np.int64)
    found = judged(at(0, 30, 40), batch_of(1, 1, 2, triplets=mined), CONFIGURATION)
    # Of the pair (0, 1) the face at 40 degrees is semi-hard, of (1, 0) it is hard: no semi-hard triplet, only the mined
    assert [int(found.triplets), int(found.hard)] == [1 + 3, 1]


def test_barred_pairs_are_no_negatives_and_count_in_no_mean() -> None:
    allowed = judged(at(0, 30, 40, 90), batch_of(1, 1, 2, 3), CONFIGURATION)
    barred = judged(at(0, 30, 40, 90), batch_of(1, 1, 2, 3, barred=((0, 2), (1, 2))), CONFIGURATION)
    assert int(allowed.triplets) > 0
    assert int(barred.triplets) == 0
    assert float(barred.loss) == 0
    mean = np.mean([apart(90), apart(60), apart(50)])
    assert float(barred.negative_distance) == pytest.approx(mean, abs=1e-6)
    assert float(barred.positive_distance) == pytest.approx(apart(30), abs=1e-6)


def test_random_negatives_are_drawn_without_a_look_at_distances() -> None:
    easy = at(0, 10, 170, 180), batch_of(1, 1, 2, 3)
    assert int(judged(*easy, CONFIGURATION).triplets) == 0
    found = judged(*easy, replace(CONFIGURATION, negatives=Negatives.RANDOM))
    assert int(found.triplets) == 2 * 3
    assert int(found.active) == 0


def test_the_parent_counts_by_its_weight() -> None:
    vectors, parent = at(0, 90), at(60, 90)
    for weight in (0.0, 0.5, 2.0):
        found = judged(vectors, batch_of(1, 2), replace(CONFIGURATION, parent_weight=weight), parent)
        assert float(found.parent_loss) == pytest.approx(apart(60) / 2, abs=1e-6)
        assert float(found.loss) == pytest.approx(weight * apart(60) / 2, abs=1e-6)


def test_a_step_against_the_gradient_brings_the_positive_nearer_and_the_negative_farther() -> None:
    vectors = at(0, 40, 45).requires_grad_()
    found = judged(vectors, batch_of(1, 1, 2), CONFIGURATION)
    (gradient,) = torch.autograd.grad(found.loss, vectors)
    moved = torch.nn.functional.normalize(vectors.detach() - 0.1 * gradient)
    after = judged(moved, batch_of(1, 1, 2), CONFIGURATION)
    assert after.positive_distance < found.positive_distance
    assert after.negative_distance > found.negative_distance


def test_with_poor_cameras_anchors_are_compared_with_the_parents_embeddings() -> None:
    poor = replace(CONFIGURATION, augmentation=Augmentation.POOR_CAMERAS)
    parent = at(0, 60)
    hard = judged(at(32, 58), batch_of(1, 2), poor, parent)
    # To the first the other face is nearer than its own, from the second it is far: none is semi-hard.
    assert int(hard.triplets) == 0
    semi_hard = judged(at(29, 58), batch_of(1, 2), poor, parent)
    assert float(semi_hard.loss) == pytest.approx(apart(29) - apart(31) + 0.25, abs=1e-6)
    assert int(semi_hard.triplets) == 3


def test_with_poor_cameras_other_photos_of_the_person_are_positives_too() -> None:
    poor = replace(CONFIGURATION, augmentation=Augmentation.POOR_CAMERAS, semi_hard_share=0.0, random_share=1.0)
    found = judged(at(0, 10, 90), batch_of(1, 1, 2), poor, at(0, 20, 80))
    assert int(found.triplets) == 3 * (3 + 2)
