"""Whether the probability of a recognition holds for each kind of answer: pure functions of an album."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.template_faces import Album, Floats, Labels, Mask
from encoder.templates import templates
from training.metrics.distances import row_distances, squared_distances
from training.metrics.evidence import Searches
from training.metrics.identification import templates_without_photo
from training.metrics.judged import Judged
from training.metrics.probability_fit import calibrated, curve_at, fitted

BLOCK = 256
DOUBT = 1.6448536269514722
"""As `faces.services.recognition.DOUBT`, which would need a database to be imported."""


@dataclass(frozen=True, eq=False)
class Answers:
    """Searches for each of M faces, and the gap that its answer has with its person enrolled, and without.

    Attributes:
        searches: with the nearest other person only.
        second: (M, 2) distance to the second nearest of all people, and of all other people.
        apart: (M, 2) plain L2 distance between the templates of the first two.
    """

    searches: Searches
    second: Floats
    apart: Floats

    def is_ambiguous(self, tau: float, noise: float) -> Mask:
        """(M, 2): two people within tau, and the noise of a probe could put them in the other order."""
        first = self.first()
        return (self.second <= tau) & (self.second - first <= DOUBT * 2 * noise * self.apart)

    def first(self) -> Floats:
        """(M, 2) distance to the nearest of all people, and of all other people."""
        other = self.searches.others[:, 0]
        return np.column_stack([np.minimum(self.searches.own, other), other])


def answers(album: Album) -> Answers:
    """Look for every face among everybody's templates, that of its own person made of the other photos."""
    everybody = templates(album.embeddings, album.people, album.qualities)
    column_of = np.searchsorted(everybody.people, album.people)
    rest, is_mated = templates_without_photo(album.embeddings, album.people, album.photos, album.qualities)
    own = np.where(is_mated, row_distances(album.embeddings, rest), np.inf)
    distances, vectors = np.empty((len(album), 2)), np.empty((len(album), 2, album.embeddings.shape[1]))
    for start in range(0, len(album), BLOCK):
        rows = slice(start, start + BLOCK)
        block = squared_distances(album.embeddings[rows], everybody.vectors)
        block[np.arange(len(block)), column_of[rows]] = np.inf
        two = np.argpartition(block, 1, axis=1)[:, :2]
        order = np.argsort(np.take_along_axis(block, two, axis=1), axis=1, kind="stable")
        two = np.take_along_axis(two, order, axis=1)
        distances[rows], vectors[rows] = np.take_along_axis(block, two, axis=1), everybody.vectors[two]
    three = np.column_stack([own, distances])
    order = np.argsort(three, axis=1, kind="stable")[:, :2]
    ranked = np.take_along_axis(np.concatenate([rest[:, None], vectors], axis=1), order[:, :, None], axis=1)
    apart = [np.linalg.norm(pair[:, 0] - pair[:, 1], axis=1) for pair in (ranked, vectors)]
    second = np.column_stack([np.take_along_axis(three, order, axis=1)[:, 1], distances[:, 1]])
    searches = Searches(
        person=album.people,
        face=np.arange(len(album)),
        quality=album.qualities,
        own=own,
        nearer=(is_mated & (distances[:, 0] <= own)).astype(np.int64),
        others=distances[:, :1],
        who=np.zeros((len(album), 1), dtype=np.int64),
        gallery_size=len(everybody.people),
    )
    return Answers(searches, second, np.column_stack(apart))


@dataclass(frozen=True)
class Told:
    """Of the answers of one kind: their share, how likely they were said to be right, and how many were."""

    searches: int
    people: int
    share: float
    claimed: float
    seen: float


def by_outcome(found: Answers, part_of: Labels, *, tau: float, noise: float) -> dict[str, Told]:
    """Fit on one part of the people, calibrate on a second, claim for the third; the parts change places.

    Args:
        found: of M faces.
        part_of: (M,) 0 to 2, the same for all faces of a person.
        tau: the largest distance of a match.
        noise: of a probe, see `encoder.noise`.
    """
    searches = found.searches
    parts = np.zeros(int(searches.person.max()) + 1, dtype=np.int64)
    parts[searches.person] = part_of
    whole = Judged.of_searches(searches, np.ones(len(parts), dtype=np.bool_))
    claimed = np.empty(len(whole))
    for turn in range(3):
        first, second = (Judged.of_searches(searches, (parts + turn) % 3 == number) for number in (0, 1))
        curve = calibrated(fitted(first.steps(), first.people(mated=True)), second.steps(), second.people(mated=True))
        third = ((parts + turn) % 3)[whole.first] == 2
        claimed[third] = curve_at(curve, whole.distances[third])
    doubt = found.is_ambiguous(tau, noise)
    is_ambiguous = np.concatenate([doubt[searches.is_mated, 0], doubt[:, 1]])
    within = whole.distances <= tau
    kinds = {"match": within & ~is_ambiguous, "ambiguous": is_ambiguous, "nobody": ~within}
    return {name: _told(whole, claimed, chosen) for name, chosen in kinds.items() if chosen.any()}


def _told(judged: Judged, claimed: Floats, chosen: Mask) -> Told:
    weights = judged.weights[chosen]
    share = float(weights.sum())
    return Told(
        searches=int(chosen.sum()),
        people=len(np.unique(judged.first[chosen])),
        share=share,
        claimed=float(weights @ claimed[chosen]) / share,
        seen=float(weights @ judged.is_right[chosen]) / share,
    )
