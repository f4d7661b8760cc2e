"""How far another photo of the same person would move the gap between the first and the second person of an answer.

For a probe x and the templates t1 and t2 of two people, all of unit length, the gap is
d2 - d1 = ||x - t2||² - ||x - t1||² = 2 x·(t1 - t2). Embeddings of one person scatter with some standard deviation sigma
along the line between two templates, so gaps scatter with 2 sigma ||t1 - t2||: a gap that is small beside that does not
say who of the two it is.

sigma is measured on pairs of faces x, x' of one person. With t1 the template of the person's other faces, t2 the
template of another person nearest to t1, and u the direction from t2 to t1:

    z = (x - x')·u / sqrt(2),   sigma² = the mean over people of the mean of z² over the person's pairs.

Faces that templates leave out take no part, because a wrong label is no noise: with 5 % of LFW's faces given to other
people sigma would be measured half as large again. Each face is part of one pair at most. The pairs are of faces half a
person's album apart: neighbors are often of one occasion, and too much alike.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from encoder.templates import Doubles, Labels, Templates, Values, Vectors, templates

Rows: TypeAlias = npt.NDArray[np.int64]

FEWEST_FACES = 3
"""Of a person who can take part: a pair, and something to make a template of."""

MOST_PAIRS = 10
"""Of a person: each counts once, however many photos there are."""


@dataclass(frozen=True)
class ProbeNoise:
    """The scatter of a person's embeddings along the line between two templates.

    Attributes:
        sigma: standard deviation, in the (not squared) L2 distance of unit vectors.
        people: with how many people it was measured.
    """

    sigma: float
    people: int


@dataclass(frozen=True, eq=False)
class Scatter:
    """What the noise was measured on: P pairs of faces.

    Attributes:
        people: (P,) whose pair it is.
        z: (P,) as in the definition.
        apart: (P,) ||t1 - t2||.
        pairs: (P, 2) rows of the faces.
    """

    people: Labels
    z: Doubles
    apart: Doubles
    pairs: Rows

    @property
    def noise(self) -> ProbeNoise | None:
        """None where there is no pair."""
        if not len(self.people):
            return None
        _, owner, counts = np.unique(self.people, return_inverse=True, return_counts=True)
        of_people = np.bincount(owner, self.z**2) / counts
        return ProbeNoise(sigma=float(np.sqrt(of_people.mean())), people=len(counts))


def probe_noise(embeddings: Vectors, people: Labels, qualities: Values) -> ProbeNoise | None:
    """Measure the noise, as the definition says it.

    Args:
        embeddings: (M, D) of unit length, M at least 1.
        people: (M,) whose face each is.
        qualities: (M,) scores, 0 to 1.

    Returns:
        None where nobody has three faces that belong together, or there is only one person.

    Raises:
        ValueError: shapes do not fit, or there is no face.
    """
    return scatter(embeddings, people, qualities).noise


def scatter(embeddings: Vectors, people: Labels, qualities: Values, *, block: int = 256) -> Scatter:
    """Measure each pair; as `probe_noise`. Memory is that of the embeddings and of `block` rows of N distances."""
    everybody = templates(embeddings, people, qualities)
    measured = list(_pairs(np.flatnonzero(everybody.kept), embeddings, people, qualities))
    if not measured or len(everybody.people) == 1:
        nothing = np.zeros(0)
        return Scatter(people=people[:0], z=nothing, apart=nothing, pairs=np.zeros((0, 2), np.int64))
    pairs, own = (np.concatenate(parts) for parts in zip(*measured, strict=True))  # (P, 2), (P, D)
    owners = people[pairs[:, 0]]
    lines = own - _nearest_of_others(own, owners, everybody, block)
    apart: Doubles = np.linalg.norm(lines, axis=1)
    differences = embeddings[pairs[:, 0]].astype(np.float64) - embeddings[pairs[:, 1]].astype(np.float64)
    along: Doubles = np.einsum("ij,ij->i", differences, lines)
    z = np.divide(along, np.sqrt(2) * apart, out=np.zeros_like(along), where=apart > 0)
    return Scatter(people=owners, z=z, apart=apart, pairs=pairs)


def _pairs(kept: Rows, embeddings: Vectors, people: Labels, qualities: Values) -> Iterator[tuple[Rows, Doubles]]:
    """Yield for each person (p, 2) rows of pairs, and (p, D) templates of all of the person's faces but the pair."""
    rows = kept[np.argsort(people[kept], kind="stable")]
    _, starts = np.unique(people[rows], return_index=True)
    for faces in np.split(rows, starts[1:]):
        half = len(faces) // 2
        if len(faces) < FEWEST_FACES:
            continue
        first = np.linspace(0, half - 1, min(half, MOST_PAIRS)).round().astype(np.int64)
        pairs = np.stack([first, first + half], axis=1)  # (p, 2) places among `faces`
        pair, place = np.nonzero((np.arange(len(faces))[:, None, None] != pairs).all(axis=2).T)
        rest = faces[place]
        yield faces[pairs], templates(embeddings[rest], pair.astype(np.int64), qualities[rest]).vectors


def _nearest_of_others(vectors: Doubles, owners: Labels, everybody: Templates, block: int) -> Doubles:
    """(P, D) of each vector, (P, D), the nearest template of anybody but its owner."""
    nearest = np.empty(len(vectors), dtype=np.int64)
    squares = np.einsum("ij,ij->i", everybody.vectors, everybody.vectors)
    for start in range(0, len(vectors), block):
        part = slice(start, start + block)
        distances = squares[None, :] - 2 * vectors[part] @ everybody.vectors.T  # (B, N), less a constant of each row
        distances[np.arange(len(distances)), np.searchsorted(everybody.people, owners[part])] = np.inf
        nearest[part] = distances.argmin(axis=1)
    others: Doubles = everybody.vectors[nearest]
    return others
