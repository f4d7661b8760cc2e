"""How seldom faces of two different people come near each other: the lower tail of their distances.

Tails of distances are powers of the distance, F(r) = c r^k, because so grows the volume within r; k is the maximum
likelihood estimate (Hill 1975, "A simple general approach to inference about the tail of a distribution") from the
smallest ratios beyond *near*, so that people who are there twice have no part in it. Ratios and *near* are those of
`training.mining.noise_level`.
"""

from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np

from training.metrics.distances import squared_distances
from training.metrics.types import Counts, Distances, Embeddings, Labels
from training.mining.people_means import means_of, places_of_each

GROUPS = (1, 2, 4, 8)
"""Sizes of the groups of faces whose tails are measured; others have that of the next smaller size."""

GROUPS_OF_A_PERSON = 3

FEWEST_PEOPLE = 10
"""With groups of a size, to say anything of it."""

MOST_GROUPS = 2_500
"""Of one size: 3 million pairs and half a second."""

TAIL = 0.01
LONGEST_TAIL = 0.1
"""Of all pairs, the smallest ratios: so many make a tail, and more where it takes them to reach well beyond *near*."""

FEWEST_IN_TAIL = 20
BEYOND_NEAR = 1.4


@dataclass(frozen=True)
class Tail:
    """How often two groups of faces of different people come near: F(r) = share (r / end)^power up to the end.

    Attributes:
        end: up to where it holds.
        share: of the pairs within it.
        power: k.
    """

    end: float
    share: float
    power: float

    def chance(self, ratios: Distances) -> Distances:
        """Return F of each, and 1 beyond the end."""
        inside = self.share * (np.maximum(ratios, 0) / self.end) ** self.power
        return np.where(ratios <= self.end, inside, 1.0)


def group_of(faces: Counts) -> Counts:
    """Return for each count of faces, 1 or more, the largest of `GROUPS` that is not above it."""
    return np.asarray(GROUPS)[np.searchsorted(GROUPS, faces, side="right") - 1].astype(np.int64)


def measure_tails(
    vectors: Embeddings, owners: Labels, scatter: float, near: float, rng: np.random.Generator
) -> dict[tuple[int, int], Tail]:
    """Measure the tails of groups of all sizes that enough people have the faces for, the smaller size first.

    Args:
        vectors: (M, D) of unit length.
        owners: (M,) whose each is, from 0.
        scatter, near: of `training.mining.noise_level`.
        rng: for the groups.
    """
    groups = {size: _groups(vectors, owners, size, rng) for size in GROUPS}
    measured = [size for size in GROUPS if len(np.unique(groups[size][1])) >= FEWEST_PEOPLE]
    tails: dict[tuple[int, int], Tail] = {}
    for small, large in combinations_with_replacement(measured, 2):
        ratios, pairs = _smallest(groups[small], groups[large], scatter * (1 / small + 1 / large), near)
        if (tail := fit_tail(ratios, pairs, near)) is not None:
            tails[small, large] = tail
    return tails


def _groups(vectors: Embeddings, owners: Labels, size: int, rng: np.random.Generator) -> tuple[Distances, Labels]:
    """Return (G, D) means of groups of one person's faces, drawn by chance without overlap, and (G,) whose."""
    order, places, sizes = places_of_each(owners, rng)
    groups = places // size
    whole = groups < np.minimum(sizes // size, GROUPS_OF_A_PERSON)
    label = owners[order[whole]] * GROUPS_OF_A_PERSON + groups[whole]
    names, numbered = np.unique(label, return_inverse=True)
    means, _ = means_of(vectors[order[whole]], numbered, len(names))
    chosen = rng.permutation(len(names))[:MOST_GROUPS]
    return means[chosen], names[chosen] // GROUPS_OF_A_PERSON


def _smallest(
    first: tuple[Distances, Labels], second: tuple[Distances, Labels], unit: float, near: float
) -> tuple[Distances, int]:
    """Return the smallest ratios of groups of different people, ascending, and how many pairs there are."""
    ratios = squared_distances(first[0], second[0])[first[1][:, None] != second[1][None, :]] / unit
    longest = max(int(LONGEST_TAIL * len(ratios)), FEWEST_IN_TAIL)
    wanted = max(int(TAIL * len(ratios)), 2 * FEWEST_IN_TAIL, int(np.count_nonzero(ratios <= BEYOND_NEAR * near)))
    wanted = min(wanted, longest, len(ratios))
    if not wanted:
        return ratios, 0
    return np.sort(np.partition(ratios, wanted - 1)[:wanted]), len(ratios)


def fit_tail(ratios: Distances, pairs: int, near: float) -> Tail | None:
    """Fit F(r) = c r^k to the smallest ratios of so many pairs, those beyond `near` alone where there are enough.

    k is made a standard error smaller than its estimate, which is on the side of silence.

    Returns:
        None for fewer than `FEWEST_IN_TAIL` ratios.
    """
    if len(ratios) < FEWEST_IN_TAIL or ratios[-1] <= 0:
        return None
    end = float(ratios[-1])
    beyond = ratios[ratios > near]
    low = near if len(beyond) >= FEWEST_IN_TAIL else 0.0
    used = beyond if low else ratios[ratios > 0]
    power = _power(np.log(end / used), np.log(end / low) if low else np.inf)
    power *= 1 - 1 / np.sqrt(len(used))
    share = len(used) / pairs / (1 - (low / end) ** power)
    return Tail(end=end, share=float(min(share, 1.0)), power=float(power))


def _power(logs: Distances, longest: float) -> float:
    """Return the k that makes (E,) log(end / r) likeliest, where none above `longest` is looked at.

    The mean of an exponential distribution cut off at T is 1 / k - T / (exp(k T) - 1).
    """
    mean = max(float(logs.mean()), 1e-6)
    if not np.isfinite(longest):
        return 1 / mean
    low, high = 1e-3, 1e3
    for _ in range(60):
        middle = np.sqrt(low * high)
        expected = 1 / middle - longest / np.expm1(min(middle * longest, 700.0))
        low, high = (middle, high) if expected > mean else (low, middle)
    return float(np.sqrt(low * high))
