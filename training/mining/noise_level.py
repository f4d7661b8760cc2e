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
move. How often two different people are near is told by `training.mining.tails`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np

from training.metrics.types import Counts, Distances, Embeddings, Labels, Mask
from training.mining.people_means import distances_from, means_of, own_distances, places_of_each
from training.mining.tails import Tail, measure_tails

ONE_IN_100 = 2.326
ONE_IN_1000 = 3.090
"""Standard deviations of the normal distribution."""

FEWEST_PEOPLE = 10
"""With two photos; fewer do not say how far one person's faces lie apart."""

FACES_OF_A_PERSON = 12
"""That the noise is measured on, so that everybody counts about as much."""

MOST_PEOPLE = 4_000
"""On whom it is measured: so many with several photos, and as many with one."""


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


def measure_noise_level(vectors: Embeddings, owners: Labels, *, seed: int = 0) -> NoiseLevel | None:
    """Measure the noise on (M, D) unit vectors and whose each is, (M,) places from 0 to N - 1.

    Returns:
        None where fewer than `FEWEST_PEOPLE` have two faces, or nobody's differ.
    """
    rng = np.random.default_rng(seed)
    rows = _some(owners, rng)
    vectors, owners = vectors[rows], np.unique(owners[rows], return_inverse=True)[1].astype(np.int64)
    count = int(owners.max()) + 1 if len(owners) else 0
    kept = np.ones(len(owners), dtype=np.bool_)
    scatter, of_faces = 0.0, LogNormal(0.0, 1.0)
    for _ in range(3):  # without those that are far, which are no noise; the third time nothing moves
        means, counts = means_of(vectors[kept], owners[kept], count)
        if np.count_nonzero(counts > 1) < FEWEST_PEOPLE:
            return None
        others = counts[owners[kept]] - 1
        distances = own_distances(vectors[kept], owners[kept], means, counts)[others > 0]
        expected = distances / (1 + 1 / others[others > 0])
        scatter = float(expected.mean())
        if scatter <= 1e-9:  # the rounding of single precision
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
        tails=measure_tails(vectors, owners, scatter, near_people, rng),
    )


def _some(owners: Labels, rng: np.random.Generator) -> Counts:
    """Return rows of at most `MOST_PEOPLE` with several faces and as many with one, some of each, ascending."""
    order, places, sizes = places_of_each(owners, rng)
    chosen = [rng.permutation(owners[order[(places == 0) & kind]])[:MOST_PEOPLE] for kind in (sizes == 1, sizes > 1)]
    fits = (places < FACES_OF_A_PERSON) & np.isin(owners[order], np.concatenate(chosen))
    return np.sort(order[fits])


def _within(vectors: Embeddings, owners: Labels, kept: Mask, means: Distances, counts: Counts, limit: float) -> Mask:
    """Return (M,) which faces lie within a limit of the others that were kept of their person."""
    squares = distances_from(vectors, owners, means)
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
        order, places, sizes = places_of_each(owners, rng)
        is_first = places < sizes // 2
        first, first_counts = means_of(vectors[order][is_first], owners[order][is_first], count)
        second, second_counts = means_of(vectors[order][~is_first], owners[order][~is_first], count)
        both = (first_counts > 0) & (second_counts > 0)
        squares = np.einsum("ij,ij->i", first[both] - second[both], first[both] - second[both])
        ratios.append(squares / (scatter * (1 / first_counts[both] + 1 / second_counts[both])))
    return np.concatenate(ratios)
