"""Distances between two photos of one person."""

import numpy as np

from training.metrics.types import Counts, Distances, Labels
from training.services.enrolled import Enrolled
from training.services.near_pairs import exact_distances
from training.services.probes import Portion


def most_pairs_of_a_person(pairs: Counts, wanted: int) -> int:
    """Return how many pairs of one person are kept at most, so that there are no more than wanted in all.

    Args:
        pairs: (P,) how many each person has, or somewhat more.
        wanted: in all; everybody keeps one in any case.
    """
    if pairs.sum() <= wanted:
        return int(pairs.max(initial=0))
    low, high = 1, int(pairs.max())
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if np.minimum(pairs, middle).sum() <= wanted else (low, middle - 1)
    return low


def mated_pairs(
    enrolled: Enrolled, portion: Portion, *, most: int, rng: np.random.Generator
) -> tuple[Labels, Distances, Distances]:
    """Return (E,) people, distances and weights of a portion's probes with faces of the same person in other photos.

    A pair of two probes is there once. Where a person has more than `most` pairs, as many are drawn.
    """
    people, photos = enrolled.people[portion.places], enrolled.photos[portion.places]
    starts = np.flatnonzero(np.append(True, np.diff(people) > 0))
    found: list[tuple[Counts, Counts, Distances]] = [(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))]
    for start, end in zip(starts.tolist(), np.append(starts[1:], len(people)).tolist(), strict=True):
        probes = start + np.flatnonzero(portion.is_probe[start:end])
        if end - start == 1:
            continue
        if len(probes) * (end - start) <= most:
            one, other = _all(probes, start, end, portion)
            weights = np.ones(len(one))
        else:
            one, other, weights = _some(probes, start, end, portion, most, rng)
        differ = photos[one] != photos[other]
        found.append((one[differ], other[differ], weights[differ]))
    one, other, weights = (np.concatenate(column) for column in zip(*found, strict=True))
    return people[one], exact_distances(portion.vectors, one, portion.vectors, other), weights


def _all(probes: Counts, start: int, end: int, portion: Portion) -> tuple[Counts, Counts]:
    one, other = np.repeat(probes, end - start), np.tile(np.arange(start, end), len(probes))
    counts = ~portion.is_probe[other] | (one < other)
    return one[counts], other[counts]


def _some(
    probes: Counts, start: int, end: int, portion: Portion, most: int, rng: np.random.Generator
) -> tuple[Counts, Counts, Distances]:
    """Draw pairs with replacement; one of two probes is drawn from both sides, so it counts half."""
    one, other = rng.choice(probes, most), rng.integers(start, end, most)
    share = np.where(portion.is_probe[other], 0.5, 1.0) * len(probes) * (end - start) / most
    counts = one != other
    return one[counts], other[counts], share[counts]
