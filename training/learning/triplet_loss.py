"""The triplet loss on embeddings of unit length, and which triplets of a batch it is taken of.

max(d(a, p) - d(a, n) + alpha, 0) with squared L2 distances: FaceNet (Schroff et al. 2015), section 3.1. All of it stays
on the device: nothing here waits for a number.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from training.mining.triplets import NEGATIVES_A_PAIR, Shares


@dataclass(frozen=True, eq=False)
class Triplets:
    """T triplets of a batch of B faces.

    Attributes:
        places: (T, 3) int64: anchor, positive, negative, as places in the batch.
        counts: (T,) bool; where it is False there is no triplet, and what `places` says means nothing.
    """

    places: Tensor
    counts: Tensor

    @classmethod
    def of(cls, places: Tensor) -> Triplets:
        """All of (T, 3)."""
        return cls(places, torch.ones(len(places), dtype=torch.bool, device=places.device))

    def beside(self, others: Triplets) -> Triplets:
        """These, then the others."""
        return Triplets(torch.cat([self.places, others.places]), torch.cat([self.counts, others.counts]))

    def only(self, wanted: Tensor) -> Triplets:
        """Those of (T,) bool."""
        return Triplets(self.places, self.counts & wanted)


def squared_distances(embeddings: Tensor, others: Tensor | None = None) -> Tensor:
    """(B, D) and (C, D) float32 of unit length -> (B, C), 0 to 4; without others among themselves."""
    return (2 - 2 * embeddings @ (embeddings if others is None else others).T).clamp_min(0)


def triplet_losses(distances: Tensor, places: Tensor, alpha: float) -> Tensor:
    """(B, B) distances and (T, 3) places -> (T,): how much is left to learn of each."""
    anchors, positives, negatives = places.unbind(1)
    return (distances[anchors, positives] - distances[anchors, negatives] + alpha).clamp_min(0)


def mean_of_active(losses: Tensor, counts: Tensor) -> Tensor:
    """The mean of those losses that count and are above 0; 0, with a gradient of 0, where there is none."""
    active = counts & (losses > 0)
    return torch.where(active, losses, 0).sum() / active.sum().clamp_min(1)


def is_hard(distances: Tensor, places: Tensor) -> Tensor:
    """(T,) whether the negative is no farther from the anchor than the positive is."""
    anchors, positives, negatives = places.unbind(1)
    return distances[anchors, negatives] <= distances[anchors, positives]


def triplets_in_batch(
    distances: Tensor,
    pairs: Tensor,
    allowed: Tensor,
    *,
    alpha: float,
    shares: Shares,
    generator: torch.Generator,
    each: int = NEGATIVES_A_PAIR,
) -> Triplets:
    """Choose negatives for pairs of faces out of a batch, as `training.mining.triplets.choose_triplets` does.

    Of which kind a pair's negative is, is drawn by the shares, and which one of the kind by chance. Where a hard one
    was drawn and there is none, it is a semi-hard one; where there is no semi-hard one either, the pair goes without.

    Args:
        distances: (B, B) squared L2.
        pairs: (P, 2) int64 places of anchors and positives.
        allowed: (B, B) bool: which may be negatives of each other.
        alpha: the margin.
        shares: of the kinds.
        generator: where chance comes from, on the device of the tensors.
        each: how many negatives are drawn for a pair.

    Returns:
        P * each triplets. One that is drawn twice counts twice.
    """
    pairs = pairs.repeat(each, 1)
    anchors, positives = pairs.unbind(1)
    to_positive, to_others = distances[anchors, positives][:, None], distances[anchors]  # (P, 1), (P, B)
    possible = allowed[anchors]
    hard = possible & (to_others <= to_positive)
    semi_hard = possible & (to_others > to_positive) & (to_others < to_positive + alpha)
    draw = torch.rand(len(pairs), generator=generator, device=distances.device)
    wants_hard = (draw < shares.hard) & hard.any(dim=1)
    by_chance = draw >= shares.hard + shares.semi_hard
    fits = torch.where(by_chance[:, None], possible, torch.where(wants_hard[:, None], hard, semi_hard))
    rank = torch.rand(fits.shape, generator=generator, device=distances.device).masked_fill(~fits, -1)
    negatives = rank.argmax(dim=1)
    return Triplets(torch.stack([anchors, positives, negatives], dim=1), fits.any(dim=1))
