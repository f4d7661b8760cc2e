"""How far faces of one person lie apart in a gallery, and how seldom those of two people come as near.

All of it is measured on the gallery's own faces. For groups of n1 and n2 faces with the means m1 and m2,

    ratio = ||m1 - m2||² / (scatter (1 / n1 + 1 / n2)),

where the scatter is the mean squared distance of a face from what its person's faces would come to if there were any
number of them. Of one person's faces the ratio is 1 on average, however many they are; a face that is compared with the
others of its person is a group of one. It is Fisher's ratio of the variance between groups to that within.

- *Near* is what is as near as one person's faces: the ratio that 1 in 100 of the gallery's own people exceed when they
  are parted in two by chance (for a single face: of the faces, compared with their person's others).
- *Far* is what 1 in 1,000 faces exceed.

Both come from a log-normal distribution through the median and the 84th percentile, which some wrong labels do not
move. How often two different people are near is told by the lower tail of the ratios of different people. Tails of
distances are powers of the distance, F(r) = c r^k, because so grows the volume within r; k is the maximum likelihood
estimate (Hill 1975, "A simple general approach to inference about the tail of a distribution") from the smallest ratios
beyond *near*, so that people who are there twice have no part in it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np

from training.metrics.distances import squared_distances
from training.metrics.types import Counts, Distances, Embeddings, Labels, Mask

ONE_IN_100 = 2.326
ONE_IN_1000 = 3.090
"""Standard deviations of the normal distribution."""

FEWEST_PEOPLE = 10
"""With two photos; fewer do not say how far one person's faces lie apart."""

FACES_OF_A_PERSON = 12
"""That the noise is measured on, so that everybody counts about as much."""

GROUPS = (1, 2, 4, 8)
"""Sizes of the groups of faces whose tails are measured; others have that of the next smaller size."""

GROUPS_OF_A_PERSON = 3
MOST_GROUPS = 2_500
"""Of one size: 3 million pairs and half a second."""

TAIL = 0.01
LONGEST_TAIL = 0.1
"""Of all pairs, the smallest ratios: so many make a tail, and more where it takes them to reach well beyond *near*."""

FEWEST_IN_TAIL = 20
BEYOND_NEAR = 1.4


@dataclass(frozen=True)
class LogNormal:
    """A distribution whose logarithm is normal."""

    mean: float
    deviation: float

    @classmethod
    def of(cls, values: Distances) -> "LogNormal":
        """Through the median and the 84th percentile of some values, of which there is at least one."""
        middle, high = np.quantile(np.log(np.maximum(values, 1e-12)), [0.5, 0.8413])
        return cls(float(middle), float(max(high - middle, 1e-3)))

    def exceeded_by(self, deviations: float) -> float:
        """Return the value so many standard deviations above the middle."""
        return float(np.exp(self.mean + deviations * self.deviation))

    def chance_above(self, values: Distances) -> Distances:
        """Return how likely a value is at least as large as each."""
        deviations = (np.log(np.maximum(values, 1e-12)) - self.mean) / self.deviation
        return np.array([0.5 * erfc(deviation / sqrt(2)) for deviation in deviations], dtype=np.float64)


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


@dataclass(frozen=True)
class NoiseLevel:
    """What was measured.

    Attributes:
        scatter: squared L2.
        people: with two photos or more, on whom it was measured.
        near_people: ratio within which two groups are as near as one person's.
        of_faces: ratios of single faces and the others of their people.
        tails: of different people, by the sizes of the two groups, the smaller first.
    """

    scatter: float
    people: int
    near_people: float
    of_faces: LogNormal
    tails: Mapping[tuple[int, int], Tail]

    @property
    def near_face(self) -> float:
        """The ratio within which a face is as near to a person as if it were theirs."""
        return self.of_faces.exceeded_by(ONE_IN_100)

    @property
    def far_face(self) -> float:
        """The ratio beyond which a face is farther from its person's others than 999 of 1,000 are."""
        return self.of_faces.exceeded_by(ONE_IN_1000)

    def ratios(self, distances: Distances, first: Counts, second: Counts) -> Distances:
        """Return ratios from the squared distances of means of so many faces; arrays that fit each other."""
        ratios: Distances = distances / (self.scatter * (1 / first + 1 / second))
        return ratios

    def chances(self, ratios: Distances, small: int, large: int) -> Distances:
        """Return how likely two groups of so many faces, of two *different* people, come as near: (E,) of (E,).

        Args:
            ratios: of the two groups.
            small, large: faces in them, of which there may be more; two of `GROUPS`.
        """
        tail = self._tail(small, large)
        return np.ones(len(ratios)) if tail is None else tail.chance(ratios)

    def _tail(self, small: int, large: int) -> Tail | None:
        """The tail of these sizes, or of the largest sizes not above them that were measured."""
        fitting = [sizes for sizes in self.tails if sizes[0] <= small and sizes[1] <= large]
        return self.tails[max(fitting)] if fitting else None


def group_of(faces: Counts) -> Counts:
    """Return for each count of faces, 1 or more, the largest of `GROUPS` that is not above it."""
    return np.asarray(GROUPS)[np.searchsorted(GROUPS, faces, side="right") - 1].astype(np.int64)


def means_of(vectors: Embeddings, owners: Labels, count: int) -> tuple[Distances, Counts]:
    """Return (N, D) means of the vectors of each of N owners, and how many there are; zeros where there is none."""
    order = np.argsort(owners, kind="stable")
    names, starts, sizes = np.unique(owners[order], return_index=True, return_counts=True)
    means, counts = np.zeros((count, vectors.shape[1])), np.zeros(count, dtype=np.int64)
    if len(names):
        means[names] = np.add.reduceat(vectors[order].astype(np.float64), starts) / sizes[:, None]
        counts[names] = sizes
    return means, counts


def own_distances(vectors: Embeddings, owners: Labels, means: Distances, counts: Counts) -> Distances:
    """Return how far each face is from the mean of its person's *other* faces: (M,) squared L2, NaN for an only one.

    ||x - m'|| = n / (n - 1) ||x - m|| for the mean m' of the n - 1 others.
    """
    differences = vectors.astype(np.float64) - means[owners]
    squares = np.einsum("ij,ij->i", differences, differences)
    faces = counts[owners].astype(np.float64)
    own: Distances = np.divide(squares * faces**2, (faces - 1) ** 2, out=np.full(len(squares), np.nan), where=faces > 1)
    return own


def measure_noise_level(vectors: Embeddings, owners: Labels, *, seed: int = 0) -> NoiseLevel | None:
    """Measure the noise on (M, D) unit vectors and whose each is, (M,) places from 0 to N - 1.

    Returns:
        None where fewer than `FEWEST_PEOPLE` have two faces, or nobody's differ.
    """
    rng = np.random.default_rng(seed)
    rows = _some_of_each(owners, rng)
    vectors, owners = vectors[rows], owners[rows]
    count = int(owners.max()) + 1 if len(owners) else 0
    kept = np.ones(len(owners), dtype=np.bool_)
    scatter, of_faces = 0.0, LogNormal(0.0, 1.0)
    for _ in range(3):  # without those that are far, which are no noise; the third time nothing moves
        means, counts = means_of(vectors[kept], owners[kept], count)
        distances = own_distances(vectors[kept], owners[kept], means, counts)
        others = counts[owners[kept]] - 1
        has_others = others > 0
        if np.count_nonzero(counts > 1) < FEWEST_PEOPLE:
            return None
        expected = distances[has_others] / (1 + 1 / others[has_others])
        scatter = float(expected.mean())
        if scatter <= 0:
            return None
        of_faces = LogNormal.of(expected / scatter)
        kept = _within(vectors, owners, kept, means, counts, scatter * of_faces.exceeded_by(ONE_IN_1000))
    vectors, owners = vectors[kept], owners[kept]
    near_people = LogNormal.of(_halves(vectors, owners, scatter, rng)).exceeded_by(ONE_IN_100)
    return NoiseLevel(
        scatter=scatter,
        people=int(np.count_nonzero(np.bincount(owners) > 1)),
        near_people=near_people,
        of_faces=of_faces,
        tails=dict(_tails(vectors, owners, scatter, near_people, rng)),
    )


def _some_of_each(owners: Labels, rng: np.random.Generator) -> Counts:
    """Return rows of at most `FACES_OF_A_PERSON` of each owner, drawn by chance, ascending."""
    shuffled = rng.permutation(len(owners))
    order = shuffled[np.argsort(owners[shuffled], kind="stable")]
    _, starts, sizes = np.unique(owners[order], return_index=True, return_counts=True)
    place = np.arange(len(order)) - np.repeat(starts, sizes)
    return np.sort(order[place < FACES_OF_A_PERSON]).astype(np.int64)


def _within(vectors: Embeddings, owners: Labels, kept: Mask, means: Distances, counts: Counts, limit: float) -> Mask:
    """Return (M,) which faces lie within a limit of the others that were kept of their person."""
    differences = vectors.astype(np.float64) - means[owners]
    squares = np.einsum("ij,ij->i", differences, differences)
    faces = counts[owners].astype(np.float64)
    others = faces - kept
    grown = np.divide(faces, others, out=np.ones_like(faces), where=others > 0)
    distances = np.where(kept, squares * grown**2, squares) / (1 + 1 / np.maximum(others, 1))
    mask: Mask = (distances <= limit) | (others == 0)
    return mask


def _halves(vectors: Embeddings, owners: Labels, scatter: float, rng: np.random.Generator) -> Distances:
    """Return the ratios of people parted in two, three times each."""
    ratios: list[Distances] = []
    count = int(owners.max()) + 1
    for _ in range(3):
        shuffled = rng.permutation(len(owners))
        order = shuffled[np.argsort(owners[shuffled], kind="stable")]
        _, starts, sizes = np.unique(owners[order], return_index=True, return_counts=True)
        place = np.arange(len(order)) - np.repeat(starts, sizes)
        is_first = place < np.repeat(sizes, sizes) // 2
        first, first_counts = means_of(vectors[order][is_first], owners[order][is_first], count)
        second, second_counts = means_of(vectors[order][~is_first], owners[order][~is_first], count)
        both = (first_counts > 0) & (second_counts > 0)
        squares = np.einsum("ij,ij->i", first[both] - second[both], first[both] - second[both])
        ratios.append(squares / (scatter * (1 / first_counts[both] + 1 / second_counts[both])))
    return np.concatenate(ratios)


def _tails(
    vectors: Embeddings, owners: Labels, scatter: float, near: float, rng: np.random.Generator
) -> Iterator[tuple[tuple[int, int], Tail]]:
    """Yield the tails of all sizes that enough people have the faces for."""
    groups = {size: _groups(vectors, owners, size, rng) for size in GROUPS}
    measured = [size for size in GROUPS if len(np.unique(groups[size][1])) >= FEWEST_PEOPLE]
    for place, small in enumerate(measured):
        for large in measured[place:]:
            ratios, pairs = _smallest(groups[small], groups[large], scatter * (1 / small + 1 / large), near)
            if (tail := fit_tail(ratios, pairs, near)) is not None:
                yield (small, large), tail


def _groups(vectors: Embeddings, owners: Labels, size: int, rng: np.random.Generator) -> tuple[Distances, Labels]:
    """Return (G, D) means of groups of one person's faces, drawn by chance without overlap, and (G,) whose."""
    shuffled = rng.permutation(len(owners))
    order = shuffled[np.argsort(owners[shuffled], kind="stable")]
    _, starts, sizes = np.unique(owners[order], return_index=True, return_counts=True)
    place = np.arange(len(order)) - np.repeat(starts, sizes)
    groups = place // size
    whole = groups < np.minimum(np.repeat(sizes, sizes) // size, GROUPS_OF_A_PERSON)
    order, groups = order[whole], groups[whole]
    label = owners[order] * GROUPS_OF_A_PERSON + groups
    names, numbered = np.unique(label, return_inverse=True)
    means, _ = means_of(vectors[order], numbered, len(names))
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
