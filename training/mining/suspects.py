"""Which people are probably one, and which faces are probably somebody else's.

Judged by people, not by single faces, with the noise level of the gallery itself (`training.mining.noise_level`).

- *One person under two names*: the means of the faces of two people are *near*.
- *A wrong label*: a face is *far* from the other faces of its person and *near* to another person. Such faces are left
  out before people are compared.

That much may happen by chance where there are many people with few photos. So of all pairs that satisfy the rule, only
those become suspects of whom at most one in twenty is expected to be there by chance: the false discovery rate of
Benjamini and Hochberg 1995, in strata of how many photos people have (Sun, Craiu, Paterson and Bull 2006). How many are
expected follows from the tails of the distances of different people and from how many pairs there are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np

from training.metrics.distances import squared_distances
from training.metrics.types import Counts, Distances, Embeddings, Labels, Mask
from training.mining.noise_level import NoiseLevel, measure_noise_level
from training.mining.people_means import means_of, own_distances
from training.mining.tails import group_of

FALSE_SHARE = 0.05
"""Of the suspects that may be there by chance."""

COMPARED_AT_ONCE = 4_000_000
"""Comparisons: 32 MB, a few times."""


@dataclass(frozen=True, eq=False)
class Suspects:
    """What is probably wrong, the surest first. Rows and people are those of the training set.

    Attributes:
        noise: by which it was judged; None where too little is known of the gallery to judge at all.
        people: (S, 2) two people who are probably one, the smaller id first.
        people_rows: (S, 2) the face of each of the two that is nearest to the other person.
        people_distances: (S,) squared L2 of these two faces.
        people_expected: (S,) how many such pairs are expected by chance.
        faces: (W,) rows of faces that are probably somebody else's.
        wearers: (W,) whose they are said to be.
        owners: (W,) whose they probably are.
        owner_rows: (W,) the face of the owner that is nearest.
        face_distances: (W,) squared L2 of the two faces.
        face_expected: (W,) how many such faces are expected by chance.
    """

    noise: NoiseLevel | None
    people: Counts
    people_rows: Counts
    people_distances: Distances
    people_expected: Distances
    faces: Counts
    wearers: Labels
    owners: Labels
    owner_rows: Counts
    face_distances: Distances
    face_expected: Distances

    def __len__(self) -> int:
        """How many there are of both kinds."""
        return len(self.people) + len(self.faces)

    @property
    def excluded_rows(self) -> Counts:
        """Rows that are in no batch: a face under a wrong name is a bad positive of the one person and a bad negative
        of the other."""
        return np.sort(self.faces)


@dataclass(frozen=True, eq=False)
class _Found:
    """Pairs that satisfy the rule: (E,) places of the first and the second, and how many are expected by chance."""

    first: Counts
    second: Counts
    expected: Distances

    def only(self, rows: Counts | Mask) -> "_Found":
        return _Found(self.first[rows], self.second[rows], self.expected[rows])


def find_suspects(
    vectors: Embeddings,
    people: Labels,
    *,
    proven: Counts | None = None,
    proven_faces: Counts | None = None,
    seed: int = 0,
) -> Suspects:
    """Find what is probably wrong with who is said to be whom.

    Args:
        vectors: (M, D) of unit length.
        people: (M,) ids of whose each is.
        proven: (Q, 2) ids of people of whom somebody said that they are two: never suspected.
        proven_faces: (F, 2) rows of faces and ids of people whose somebody said they are not.
        seed: of what is drawn by chance.

    Raises:
        ValueError: shapes do not fit.
    """
    if vectors.ndim != 2 or people.shape != vectors.shape[:1]:
        raise ValueError(f"{vectors.shape} embeddings need as many people, not {people.shape}.")
    names, owners = np.unique(people, return_inverse=True)
    owners = owners.astype(np.int64)
    noise = measure_noise_level(vectors, owners, seed=seed)
    if noise is None:
        return _suspects(None, vectors, people, _NOTHING, _NOTHING)
    means, counts = means_of(vectors, owners, len(names))
    wrong = _wrong_labels(vectors, owners, means, counts, noise)
    kept = np.ones(len(owners), dtype=np.bool_)
    kept[wrong.first] = False
    means, counts = means_of(vectors[kept], owners[kept], len(names))
    one = _duplicates(means, counts, noise)
    wrong = wrong.only(~_among(owners[wrong.first], wrong.second, np.stack([one.first, one.second], axis=1)))
    if proven is not None and len(proven):
        one = one.only(~_among(names[one.first], names[one.second], proven))
    if proven_faces is not None and len(proven_faces):
        told = {(int(row), int(person)) for row, person in proven_faces}
        untold = [(int(r), int(names[p])) not in told for r, p in zip(wrong.first, wrong.second, strict=True)]
        wrong = wrong.only(np.array(untold, dtype=np.bool_))
    return _suspects(noise, vectors, people, one, wrong)


_ALONE = np.ones(1, dtype=np.int64)
_NOTHING = _Found(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))


def _wrong_labels(vectors: Embeddings, owners: Labels, means: Distances, counts: Counts, noise: NoiseLevel) -> _Found:
    """Return faces that are far from their person's others, and the person each is near to."""
    others = counts[owners] - 1
    compared = np.flatnonzero(others > 0)
    distances = own_distances(vectors, owners, means, counts)[compared]
    own = noise.ratios(distances, _ALONE, others[compared])
    far, own = compared[own > noise.far_face], own[own > noise.far_face]
    nearest, ratios = _nearest_other(vectors[far], owners[far], means, counts, noise)
    near = ratios <= noise.near_face
    far, own, nearest, ratios = far[near], own[near], nearest[near], ratios[near]
    groups = group_of(counts)
    parts: list[_Found] = []
    limits: list[float] = []
    for size, number in _counted(groups).items():
        here = groups[nearest] == size
        tests = len(compared) * number
        chance = noise.chances(ratios[here], 1, size) * noise.of_faces.chance_above(own[here])
        parts.append(_Found(far[here], nearest[here], tests * chance))
        at_most = noise.chances(np.array([noise.near_face]), 1, size) * noise.of_faces.chance_above(
            np.array([noise.far_face])
        )
        limits.append(tests * float(at_most[0]))
    return _trusted(parts, limits)


def _nearest_other(
    vectors: Embeddings, owners: Labels, means: Distances, counts: Counts, noise: NoiseLevel
) -> tuple[Labels, Distances]:
    """Return for each face the nearest person but its own, by the ratio, and the ratio: (F,) and (F,)."""
    nearest, found = np.empty(len(vectors), dtype=np.int64), np.empty(len(vectors))
    at_once = max(1, COMPARED_AT_ONCE // len(means))
    for start in range(0, len(vectors), at_once):
        part = slice(start, start + at_once)
        ratios = noise.ratios(squared_distances(vectors[part], means), _ALONE, counts)
        ratios[np.arange(len(ratios)), owners[part]] = np.inf
        nearest[part] = ratios.argmin(axis=1)
        found[part] = ratios.min(axis=1)
    return nearest, found


def _duplicates(means: Distances, counts: Counts, noise: NoiseLevel) -> _Found:
    """Return pairs of people who are near each other, each once; who has no face is nobody's double."""
    groups = np.where(counts > 0, group_of(np.maximum(counts, 1)), 0)
    numbers = _counted(groups[counts > 0])
    parts: list[_Found] = []
    limits: list[float] = []
    for small, large in combinations_with_replacement(sorted(numbers), 2):
        tests = numbers[small] * (numbers[large] if small < large else (numbers[small] - 1) / 2)
        columns = np.flatnonzero(groups == large)
        for first, second, ratios in _near_people(means, counts, np.flatnonzero(groups == small), columns, noise):
            parts.append(_Found(first, second, tests * noise.chances(ratios, small, large)))
        limits.append(tests * float(noise.chances(np.array([noise.near_people]), small, large)[0]))
    return _trusted(parts, limits)


def _near_people(
    means: Distances, counts: Counts, rows: Counts, columns: Counts, noise: NoiseLevel
) -> Iterator[tuple[Counts, Counts, Distances]]:
    """Yield pairs of one of the `rows` and one of the `columns` who are near each other, and their ratios."""
    same = np.array_equal(rows, columns)
    at_once = max(1, COMPARED_AT_ONCE // len(columns))
    for start in range(0, len(rows), at_once):
        part = rows[start : start + at_once]
        ratios = noise.ratios(
            squared_distances(means[part], means[columns]), counts[part][:, None], counts[columns][None]
        )
        near = ratios <= noise.near_people
        if same:
            near &= part[:, None] < columns[None]
        first, second = np.nonzero(near)
        yield part[first], columns[second], ratios[first, second]


def _counted(groups: Counts) -> dict[int, int]:
    sizes, numbers = np.unique(groups, return_counts=True)
    return {int(size): int(number) for size, number in zip(sizes, numbers, strict=True)}


def _trusted(parts: Sequence[_Found], limits: Sequence[float]) -> _Found:
    """Return those of the pairs, the surest first, of which at most `FALSE_SHARE` are expected to be there by chance.

    Args:
        parts: pairs of one stratum each, with how many of this stratum are expected to be as sure by chance.
        limits: of each stratum how many are expected to satisfy the rule at all by chance.
    """
    first, second, expected = (
        np.concatenate([getattr(part, name) for part in [_NOTHING, *parts]]) for name in ("first", "second", "expected")
    )
    order = np.argsort(expected, kind="stable")
    found = _Found(first[order], second[order], expected[order])
    by_chance = np.minimum(found.expected[:, None], np.array(limits)[None, :]).sum(axis=1)
    held = np.flatnonzero(by_chance <= FALSE_SHARE * np.arange(1, len(order) + 1))
    return found.only(np.arange(held[-1] + 1 if len(held) else 0))


def _among(first: Labels, second: Labels, pairs: Counts) -> Mask:
    """Return which pairs are some of (Q, 2) pairs, in whatever order of the two: (E,)."""
    known = {tuple(sorted(pair)) for pair in pairs.tolist()}
    return np.array([tuple(sorted(pair)) in known for pair in zip(first.tolist(), second.tolist(), strict=True)], bool)


def _suspects(noise: NoiseLevel | None, vectors: Embeddings, people: Labels, one: _Found, wrong: _Found) -> Suspects:
    """Return ids in place of places, and the faces to show."""
    names = np.unique(people)
    one = _Found(np.minimum(one.first, one.second), np.maximum(one.first, one.second), one.expected)
    trusted = np.ones(len(people), dtype=np.bool_)
    trusted[wrong.first] = False

    def faces_of(place: int) -> Counts:
        rows = np.flatnonzero(people == names[place])
        return rows[trusted[rows]] if trusted[rows].any() else rows

    pairs = [
        _nearest_pair(vectors, faces_of(first), faces_of(second))
        for first, second in zip(one.first, one.second, strict=True)
    ]
    owned = [
        _nearest_pair(vectors, np.array([row]), faces_of(owner))
        for row, owner in zip(wrong.first, wrong.second, strict=True)
    ]
    return Suspects(
        noise=noise,
        people=np.stack([names[one.first], names[one.second]], axis=1),
        people_rows=np.array([pair[:2] for pair in pairs], dtype=np.int64).reshape(-1, 2),
        people_distances=np.array([pair[2] for pair in pairs], dtype=np.float64),
        people_expected=one.expected,
        faces=wrong.first,
        wearers=people[wrong.first],
        owners=names[wrong.second],
        owner_rows=np.array([pair[1] for pair in owned], dtype=np.int64),
        face_distances=np.array([pair[2] for pair in owned], dtype=np.float64),
        face_expected=wrong.expected,
    )


def _nearest_pair(vectors: Embeddings, first: Counts, second: Counts) -> tuple[int, int, float]:
    distances = squared_distances(vectors[first], vectors[second])
    row, column = np.unravel_index(int(distances.argmin()), distances.shape)
    return int(first[row]), int(second[column]), float(distances[row, column])
