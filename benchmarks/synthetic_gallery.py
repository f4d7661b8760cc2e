"""People who do not exist: unit vectors whose distances have the shape measured on real photos.

A face is `mean direction + identity + noise`, normalized. Identity and noise have the variances that real embeddings
have along the same axes (far from equal: a handful of axes carry half of what tells people apart), identities come in
groups, some people look alike, and how noisy a face is varies from face to face. See `EmbeddingShape`.

Everything follows from a seed, and is made a block of people at a time, so a million faces need no more memory than a
few thousand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from benchmarks.search_shape import LFW_SHAPE, EmbeddingShape

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

FACES_A_PERSON = 2.5
PEOPLE_A_BLOCK = 4096
LARGEST_ORDINARY = 80
"""Faces of a person who is not one of the few with very many."""
TWINS = 0.02
TWIN_LIKENESS = 0.95
"""Correlation of two twins' identities."""
RELATIVES = 0.06
RELATIVE_LIKENESS = 0.7
FAMILY = 4
LIKE_SOMEBODY = 0.1
"""Share of the strangers who are a twin or relative of somebody in the gallery."""

# Streams of random numbers: none is used for two things.
_SIZES, _BASIS, _GROUPS, _PEOPLE, _FACES, _PROBES, _STRANGERS = range(7)


@dataclass(frozen=True)
class FaceBlock:
    """Faces of a run of people, in the order of people.

    Attributes:
        person: (F,) index of the person, from 0.
        vector: (F, D) of unit length.
        quality: (F,) 0 to 1.
    """

    person: Integers
    vector: Floats
    quality: Floats

    def __len__(self) -> int:
        return len(self.person)


class SyntheticGallery:
    """`faces` faces of `faces / 2.5` people: most have one or two, some hundreds, one or two a thousand and more."""

    def __init__(self, faces: int, *, seed: int = 1, shape: EmbeddingShape = LFW_SHAPE) -> None:
        """Raises ValueError where there are too few faces for what a gallery should have."""
        if faces < 100:
            raise ValueError(f"A synthetic gallery has at least 100 faces; {faces} are too few.")
        self.seed = seed
        self.shape = shape
        self.face_count = faces
        self.person_count = round(faces / FACES_A_PERSON)
        self._population = Population(shape)

    @cached_property
    def faces_of(self) -> Integers:
        """(P,) how many faces each person has; adds up to `face_count`."""
        rng = self._rng(_SIZES)
        many = many_faces(self.face_count)
        rest = self.person_count - len(many)
        sizes = ordinary_sizes(rest, self.face_count - sum(many), rng)
        return rng.permutation(np.concatenate([np.array(many, np.int64), sizes]))

    @cached_property
    def most_photographed(self) -> int:
        """The person with the most faces."""
        return int(self.faces_of.argmax())

    def blocks(self) -> Iterator[FaceBlock]:
        """All faces, person after person."""
        for block in range(self._block_count):
            people = self._people_of(block)
            person = np.repeat(people, self.faces_of[people])
            identity = self._identities(block)[person - people[0]]
            vector, quality = self._population.faces(identity, self._rng(_FACES, block), person)
            yield FaceBlock(person, vector, quality)

    def probes(self, people: Integers, *, seed: int = 0) -> Floats:
        """(N, D): one new face of each of these people; not in the gallery."""
        identity = self._identities_of(people)
        return self._population.faces(identity, self._rng(_PROBES, seed))[0]

    def strangers(self, count: int, *, seed: int = 0) -> Floats:
        """(count, D): a face each of people who are not in the gallery; some are a twin or relative of one who is."""
        rng = self._rng(_STRANGERS, seed)
        identity = self._population.identities(count, rng)
        alike = int(count * LIKE_SOMEBODY)
        related = self._identities_of(rng.integers(0, self.person_count, alike))
        likeness = np.where(rng.random(alike) < 0.5, TWIN_LIKENESS, RELATIVE_LIKENESS)
        identity[:alike] = resembling(related, identity[:alike], likeness)
        return self._population.faces(identity[rng.permutation(count)], rng)[0]

    def _identities_of(self, people: Integers) -> Floats:
        identity = np.empty((len(people), self.shape.axes), np.float32)
        for block in np.unique(people // PEOPLE_A_BLOCK):
            inside = people // PEOPLE_A_BLOCK == block
            identity[inside] = self._identities(int(block))[people[inside] % PEOPLE_A_BLOCK]
        return identity

    def _identities(self, block: int) -> Floats:
        """(P, A) of the block's people, in units of standard deviations; look-alikes among them."""
        rng = self._rng(_PEOPLE, block)
        count = len(self._people_of(block))
        identity = self._population.identities(count, rng)
        twins, relatives = int(count * TWINS) // 2 * 2, int(count * RELATIVES) // FAMILY * FAMILY
        order = rng.permutation(count)
        for members, family, likeness in (
            (order[:twins], 2, TWIN_LIKENESS),
            (order[twins : twins + relatives], FAMILY, RELATIVE_LIKENESS),
        ):
            first = np.repeat(members[::family], family)
            others = np.arange(len(members)) % family > 0
            identity[members[others]] = resembling(identity[first[others]], identity[members[others]], likeness)
        return identity

    @property
    def _block_count(self) -> int:
        return -(-self.person_count // PEOPLE_A_BLOCK)

    def _people_of(self, block: int) -> Integers:
        return np.arange(block * PEOPLE_A_BLOCK, min((block + 1) * PEOPLE_A_BLOCK, self.person_count))

    def _rng(self, *stream: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, *stream])


class Population:
    """Draws identities and faces of the given shape."""

    def __init__(self, shape: EmbeddingShape) -> None:
        self.shape = shape
        basis = np.random.default_rng([0, _BASIS]).standard_normal((shape.dimension, shape.axes + 1))
        self._basis = np.linalg.qr(basis)[0].T.astype(np.float32)
        rng = np.random.default_rng([0, _GROUPS])
        self._weights = rng.dirichlet(np.ones(shape.groups))
        centers = rng.standard_normal((shape.groups, min(shape.grouped_axes, shape.axes - 1)))
        centers -= self._weights @ centers
        self._centers = (centers / np.sqrt(self._weights @ centers**2)).astype(np.float32)

    def identities(self, count: int, rng: np.random.Generator) -> Floats:
        """(count, A): mean 0 and variance 1 along each axis, with two poles on the first and groups on the next."""
        shape = self.shape
        identity = rng.standard_normal((count, shape.axes), dtype=np.float32)
        pole = np.where(rng.random(count) < 0.5, -1, 1)
        identity[:, 0] = np.sqrt(shape.pole_share) * pole + np.sqrt(1 - shape.pole_share) * identity[:, 0]
        group = self._centers[rng.choice(shape.groups, count, p=self._weights)]
        grouped = slice(1, 1 + group.shape[1])
        identity[:, grouped] = (
            np.sqrt(shape.group_share) * group + np.sqrt(1 - shape.group_share) * identity[:, grouped]
        )
        return identity

    def faces(
        self, identity: Floats, rng: np.random.Generator, person: Integers | None = None
    ) -> tuple[Floats, Floats]:
        """One face for each row of `identity`.

        Args:
            identity: (F, A) in standard deviations.
            rng: where the noise comes from.
            person: (F,) whose face each row is; neighbouring faces of a person may be of one occasion. None where all
                are of different people.

        Returns:
            (F, D) unit vectors, and (F,) qualities.
        """
        shape, count = self.shape, len(identity)
        level = rng.standard_normal((count, 1), dtype=np.float32)
        fresh = rng.standard_normal(identity.shape, dtype=np.float32)
        noise = fresh if person is None else self._with_occasions(fresh, person, rng)
        noise = noise * np.exp(shape.noise_spread * level - shape.noise_spread**2)
        rows = np.empty((count, shape.axes + 1), np.float32)
        rows[:, 0] = shape.mean_length
        rows[:, 1:] = identity * np.sqrt(np.array(shape.between, np.float32))
        rows[:, 1:] += noise * np.sqrt(np.array(shape.within, np.float32))
        vector = rows @ self._basis
        vector /= np.linalg.norm(vector, axis=1, keepdims=True)
        return vector, self._quality(level[:, 0], rng)

    def _with_occasions(self, fresh: Floats, person: Integers, rng: np.random.Generator) -> Floats:
        """Some faces share noise with the same person's face before: pictures of one day, one suit, one light."""
        follows = np.append(False, person[1:] == person[:-1]) & (rng.random(len(person)) < self.shape.same_occasion)
        shared = np.where(follows, rng.random(len(person)) * 0.95, 0).astype(np.float32)[:, None]
        before = np.concatenate([fresh[:1], fresh[:-1]])
        mixed: Floats = shared * before + np.sqrt(1 - shared**2) * fresh
        return mixed

    def _quality(self, level: Floats, rng: np.random.Generator) -> Floats:
        """(F,) as measured in distribution, and in how much it says about the noise."""
        shape = self.shape
        told = shape.quality_of_noise
        mixed = -told * level + np.sqrt(1 - told**2) * rng.standard_normal(len(level))
        quantiles = np.linspace(0, 1, len(shape.quality))
        rank = np.interp(mixed, NORMAL_QUANTILES, np.linspace(0, 1, len(NORMAL_QUANTILES)))
        quality: Floats = np.interp(rank, quantiles, shape.quality).astype(np.float32)
        return quality


NORMAL_QUANTILES = np.sort(np.random.default_rng(0).standard_normal(20_001))


def resembling(original: Floats, own: Floats, likeness: float | npt.NDArray[np.float64]) -> Floats:
    """Identities that correlate with `original` by `likeness`, and are otherwise their own."""
    share = np.asarray(likeness, np.float32).reshape(-1, 1)
    mixed: Floats = (share * original + np.sqrt(1 - share**2) * own).astype(np.float32)
    return mixed


def many_faces(faces: int) -> list[int]:
    """How many faces each of the few people with very many has: one or two with a thousand, some with hundreds."""
    if faces < 10_000:
        return [max(faces // 10, 10)]
    thousands = [1_000] if faces < 100_000 else [1_300, 1_000]
    hundreds = [round(500 * 0.2 ** (step / 50)) for step in range(min(faces // 20_000, 51))]
    return thousands + hundreds


def ordinary_sizes(people: int, faces: int, rng: np.random.Generator) -> Integers:
    """(people,) sizes of 1 and more that add up to `faces`: a power law, cut at LARGEST_ORDINARY."""
    size = np.arange(1, LARGEST_ORDINARY + 1)
    low, high = 0.0, 20.0
    for _ in range(60):  # bisection: a steeper law has a smaller mean
        middle = (low + high) / 2
        law = size**-middle / (size**-middle).sum()
        low, high = (middle, high) if law @ size > faces / people else (low, middle)
    sizes = rng.choice(size, people, p=law).astype(np.int64)
    while difference := faces - int(sizes.sum()):
        able = np.arange(people) if difference > 0 else np.flatnonzero(sizes > 1)
        sizes[rng.choice(able, min(abs(difference), len(able)), replace=False)] += np.sign(difference)
    return sizes
