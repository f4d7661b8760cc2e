"""With how many photos a person counts where two versions are compared: nobody is to be the measure."""

import numpy as np
import numpy.typing as npt

from training.metrics.types import Counts, Labels

FEWEST_PHOTOS = 5
"""A person counts with at most so many photos, or with as many as the median of people with two or more has.

Of n photos there are n (n - 1) / 2 pairs, so that one person with two hundred would be four in five of all comparisons
of a thousand people, and the outcome that person's. (Of a fifth of Labeled Faces in the Wild, 286 people with a pair,
the mated pairs are worth 8 people of equal weight with all photos, and 158 with five: Kish's effective sample size.)"""


def most_photos(people: Labels) -> int:
    """Return with how many photos a person counts at most; `people` (M,) are whose photos there are."""
    _, photos = np.unique(people, return_counts=True)
    several = photos[photos > 1]
    return max(FEWEST_PHOTOS, int(np.median(several))) if len(several) else FEWEST_PHOTOS


def some_of_each(faces: Labels, people: Labels, most: int) -> Counts:
    """Return (m,) ascending places of at most `most` faces of each person, the same whenever they are asked for."""
    order = np.lexsort((_shuffled(faces), people))
    starts = np.flatnonzero(np.append(True, np.diff(people[order]) > 0)) if len(order) else np.empty(0, np.int64)
    lengths = np.diff(np.append(starts, len(order)))
    rank = np.arange(len(order)) - np.repeat(starts, lengths)
    return np.sort(order[rank < most]).astype(np.int64)


def _shuffled(faces: Labels) -> npt.NDArray[np.uint64]:
    """Return numbers that put faces in an order of chance: the steps of SplitMix64 (Steele, Lea and Flood 2014)."""
    with np.errstate(over="ignore"):
        mixed = faces.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)), dtype=np.uint64)
