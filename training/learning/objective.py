"""What is made small: the triplet loss, and how far the embeddings are from the parent's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from training.configuration import Augmentation, Negatives, TrainingConfiguration
from training.learning.inputs import Inputs
from training.learning.triplet_loss import (
    Triplets,
    is_hard,
    mean_of_active,
    squared_distances,
    triplet_losses,
    triplets_in_batch,
)
from training.mining.batches import Batch
from training.mining.triplets import Shares

GOOD_WEIGHT = 4.0
"""How much more than the poor copies the good ones are to stay where the parent has them."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Which faces of a batch belong to one person, and which may be compared as two people's; on the device.

    Attributes:
        of_one: (P, 2) int64 places of every anchor and every other face of its person.
        of_two: (B, B) bool: faces of different people that are not barred.
        mined: (T, 3) int64, the batch's own triplets.
    """

    of_one: Tensor
    of_two: Tensor
    mined: Tensor

    @classmethod
    def of(cls, batch: Batch, device: torch.device) -> Pairs:
        """Of a batch whose arrays are on the CPU."""
        same = batch.people[:, None] == batch.people[None, :]
        of_one = np.argwhere(same & ~np.eye(len(same), dtype=np.bool_))
        of_two = ~same & ~batch.barred
        parts = (of_one, of_two, batch.triplets.reshape(-1, 3))
        return cls(*(torch.from_numpy(part).to(device, non_blocking=True) for part in parts))

    @property
    def with_own(self) -> Tensor:
        """(B + P, 2) the same pairs behind one of each face with itself."""
        own = torch.arange(len(self.of_two), device=self.of_two.device)
        return torch.cat([own[:, None].expand(-1, 2), self.of_one])


@dataclass(frozen=True, eq=False)
class Parent:
    """What the parent makes of a batch, on the device; (B, D) of unit length.

    Attributes:
        of_faces: as they are.
        of_copies: of the copies that are learned from, as a good camera would have made them: they differ from one copy
            to the next, so that there is always more to learn.
        is_poor: (B,) bool: whether a poor camera made the copy.
    """

    of_faces: Tensor
    of_copies: Tensor
    is_poor: Tensor

    @classmethod
    def of(cls, of_faces: Tensor, inputs: Inputs) -> Parent:
        """Where nothing is known of the copies they count as poor ones of faces as they are."""
        everybody = torch.ones(len(of_faces), dtype=torch.bool, device=of_faces.device)
        return cls(
            of_faces,
            of_faces if inputs.parent is None else inputs.parent,
            everybody if inputs.is_poor is None else inputs.is_poor,
        )


class Objective(NamedTuple):
    """Numbers of one step as tensors without dimensions; see `StepOutcome`. Only the first has a gradient."""

    loss: Tensor
    parent_loss: Tensor
    triplets: Tensor
    active: Tensor
    hard: Tensor
    positive_distance: Tensor
    negative_distance: Tensor


def objective(
    embeddings: Tensor,
    parent: Parent,
    pairs: Pairs,
    configuration: TrainingConfiguration,
    generator: torch.Generator,
) -> Objective:
    """Judge (B, D) unit embeddings of copies of a batch's faces.

    With poor cameras anchors are compared with the parent's embeddings, and the first positive of each is its own face:
    a poor copy is to find good photos where they were before, and people with a single photo teach that, too. Good
    copies are no anchors; they are to stay where the parent has them. Otherwise embeddings are compared with each
    other, and the parent counts the same for all.
    """
    away = (embeddings - parent.of_copies).square().sum(dim=1)
    if configuration.augmentation == Augmentation.POOR_CAMERAS:
        distances = torch.diagonal_scatter(squared_distances(embeddings, parent.of_faces), away)
        triplets = _triplets(distances.detach(), pairs.with_own, pairs, configuration, generator)
        triplets = triplets.only(parent.is_poor[triplets.places[:, 0]])
        parent_loss = _mean_where(away, parent.is_poor) + GOOD_WEIGHT * _mean_where(away, ~parent.is_poor)
    else:
        distances = squared_distances(embeddings)
        triplets = _triplets(distances.detach(), pairs.of_one, pairs, configuration, generator)
        parent_loss = away.mean()
    losses = triplet_losses(distances, triplets.places, configuration.alpha)
    loss = mean_of_active(losses, triplets.counts) + configuration.parent_weight * parent_loss
    with torch.no_grad():
        return Objective(
            loss=loss,
            parent_loss=parent_loss.detach(),
            triplets=triplets.counts.sum(),
            active=(triplets.counts & (losses > 0)).sum(),
            hard=(triplets.counts & is_hard(distances, triplets.places)).sum(),
            positive_distance=_mean(distances[pairs.of_one[:, 0], pairs.of_one[:, 1]]),
            negative_distance=(distances * pairs.of_two).sum() / pairs.of_two.sum().clamp_min(1),
        )


def _triplets(
    distances: Tensor,
    positives: Tensor,
    pairs: Pairs,
    configuration: TrainingConfiguration,
    generator: torch.Generator,
) -> Triplets:
    """Those that were mined, and some that happen to be in the batch; only by chance where negatives are random."""
    shares = Shares(configuration.hard_share, configuration.semi_hard_share, configuration.random_share)
    if configuration.negatives == Negatives.RANDOM:
        shares = Shares(hard=0.0, semi_hard=0.0, random=1.0)
    in_batch = triplets_in_batch(
        distances, positives, pairs.of_two, alpha=configuration.alpha, shares=shares, generator=generator
    )
    return Triplets.of(pairs.mined).beside(in_batch)


def _mean_where(values: Tensor, counts: Tensor) -> Tensor:
    return (values * counts).sum() / counts.sum().clamp_min(1)


def _mean(values: Tensor) -> Tensor:
    return values.sum() / max(len(values), 1)
