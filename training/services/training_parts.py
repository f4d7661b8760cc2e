"""Who serves for what in a training run, and how many of a person's faces."""

from collections.abc import Mapping
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from training.configuration import TrainingConfiguration
from training.metrics.types import Counts, Distances, Mask
from training.mining.sets import Part

FEWEST_TRAINED_ON = 4
FEWEST_JUDGED = 3
"""People with two photos or more that each part needs. With fewer to judge by, one face decides."""


def split(gallery: int, people: Counts, photos: Counts, configuration: TrainingConfiguration) -> npt.NDArray[np.int8]:
    """Return for each of (M,) faces what its person serves for.

    It hangs on gallery and person alone: the held-out people are those with the smallest numbers, the watched ones
    those with the largest, so that with larger shares others join them and nobody changes sides. In small galleries,
    where a part comes to too few people with two photos, the next ones join it.
    """
    everybody, owner = np.unique(people, return_inverse=True)
    numbers = np.array([_number(gallery, int(person)) for person in everybody])
    in_pairs = photos_of(owner, photos, len(everybody)) >= 2
    by_share = np.array([_part(number, configuration) for number in numbers.tolist()], dtype=np.int8)
    is_held_out = _taken(numbers, by_share == Part.HELD_OUT, in_pairs)
    is_watched = _taken(-numbers, (by_share == Part.WATCHED) & ~is_held_out, in_pairs & ~is_held_out)
    _leave_some(numbers, is_held_out, is_watched, in_pairs)
    parts = np.where(is_held_out, Part.HELD_OUT, np.where(is_watched, Part.WATCHED, Part.TRAINED_ON))
    return parts.astype(np.int8)[owner]


def parts_by_share(
    gallery: int, people: Counts, configuration: TrainingConfiguration, moved: Mapping[str, int]
) -> npt.NDArray[np.int8]:
    """Return for each of (M,) faces what its person serves for by the shares alone, but for those who were moved."""
    everybody, owner = np.unique(people, return_inverse=True)
    parts = [moved.get(str(person), _part(_number(gallery, person), configuration)) for person in everybody.tolist()]
    return np.array(parts, dtype=np.int8)[owner]


def photos_of(owner: Counts, photos: Counts, people: int) -> Counts:
    """(people,) how many different photos each has: two faces in one photo are no pair."""
    pairs = np.unique(np.column_stack([owner, photos]), axis=0)
    return np.bincount(pairs[:, 0], minlength=people)


def share_of_each(people: Counts, most: int, seed: int) -> Counts:
    """Return (m,) ascending places of at most `most` of the faces, of each person about the same share.

    Args:
        people: (M,) whose each is, ascending.
        most: how many.
        seed: of what is left out.

    Two faces of each person come first, and where even these are too many, fewer people.
    """
    if len(people) <= most:
        return np.arange(len(people), dtype=np.int64)
    rng = np.random.default_rng(seed)
    _, owner, counts = np.unique(people, return_inverse=True, return_counts=True)
    shuffled = np.lexsort((rng.random(len(people)), owner))  # each person's faces in an order drawn by chance
    rank = np.empty(len(people), dtype=np.int64)
    rank[shuffled] = np.arange(len(people)) - np.repeat(np.cumsum(counts) - counts, counts)
    who_first = rng.permutation(len(counts))[owner]
    share = np.where(rank < 2, 0.0, (rank + 0.5) / counts[owner])
    order = np.lexsort((rank, who_first, share))
    chosen: Counts = np.sort(order[:most]).astype(np.int64)
    return chosen


def _part(number: float, configuration: TrainingConfiguration) -> Part:
    if number < configuration.held_out_share:
        return Part.HELD_OUT
    return Part.WATCHED if number >= 1 - configuration.watched_share else Part.TRAINED_ON


def _taken(numbers: Distances, by_share: Mask, in_pairs: Mask) -> Mask:
    """The people of a share, and those of the next smallest numbers until enough of them have two photos."""
    missing = FEWEST_JUDGED - int((by_share & in_pairs).sum())
    others = np.flatnonzero(in_pairs & ~by_share)
    taken = by_share.copy()
    if missing > 0:
        taken[others[np.argsort(numbers[others])[:missing]]] = True
    return taken


def _leave_some(numbers: Distances, is_held_out: Mask, is_watched: Mask, in_pairs: Mask) -> None:
    """Give people back, from the larger part first, until there are enough to train on; changes the two masks."""
    while (in_pairs & ~is_held_out & ~is_watched).sum() < FEWEST_TRAINED_ON:
        held_out, watched = np.flatnonzero(is_held_out & in_pairs), np.flatnonzero(is_watched & in_pairs)
        if max(len(held_out), len(watched)) <= FEWEST_JUDGED:
            return
        if len(held_out) >= len(watched):
            is_held_out[held_out[numbers[held_out].argmax()]] = False
        else:
            is_watched[watched[numbers[watched].argmin()]] = False


def _number(gallery: int, person: int) -> float:
    """From 0 to less than 1, the same in every run, and spread evenly."""
    digest = blake2b(f"{gallery}:{person}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest) >> 11) / 2**53
