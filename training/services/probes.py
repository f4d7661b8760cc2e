"""Which enrolled faces are looked for in an evaluation, and how far each is from its own person.

Up to some tens of thousands of faces every face is a probe. Of more, a simple random sample of the faces is: each face
has the same chance, so that a share among the probes estimates the same share among all faces without any weight,
whoever has many photos. (Sampling people, or people with two photos more often, would need a weight for each search.)
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from training.metrics.distances import row_distances
from training.metrics.identification import templates_without_photo
from training.metrics.types import Counts, Distances, Labels, Mask
from training.services.effort import USUAL, Effort
from training.services.enrolled import Enrolled, Vectors

FACES_AT_ONCE = 20_000


@dataclass(frozen=True, eq=False)
class Probes:
    """Faces that are looked for, in the order of people.

    Attributes:
        places: (S,) among all faces, ascending.
        people: (S,) rows of `Enrolled.everybody`.
        photos: (S,) ids.
        vectors: (S, D) float32, as stored.
        own: (S,) distance to the template of the same person's faces in other photos; infinite where there is none.
    """

    places: Counts
    people: Labels
    photos: Labels
    vectors: Vectors
    own: Distances

    def __len__(self) -> int:
        """S."""
        return len(self.places)

    @cached_property
    def slack(self) -> float:
        """How far a distance in single precision may be off: twice what D + 2 rounded products can come to.

        Their magnitudes sum to 4 at most (Higham 2002, "Accuracy and stability of numerical algorithms", section 3.1).
        """
        products = int(self.vectors.shape[1]) + 2
        return 2 * 4 * products * 2.0**-24


def choose_probes(enrolled: Enrolled, *, seed: int, effort: Effort = USUAL) -> Counts:
    """Return the places of the faces to look for, ascending: all, or a simple random sample."""
    count = how_many(enrolled, effort)
    if count == len(enrolled.faces):
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(len(enrolled.faces), count, replace=False))


def how_many(enrolled: Enrolled, effort: Effort = USUAL) -> int:
    """Return how many faces are looked for; not all where that would take more than the effort allows."""
    faces = len(enrolled.faces)
    affordable = effort.comparisons // (faces + len(enrolled.templates))
    of_two = float(np.mean(enrolled.faces_of[enrolled.people] > 1))
    for_mated = min(effort.most_probes, effort.enough_mated / of_two) if of_two else 0
    wanted = max(effort.fewest_probes, affordable, for_mated)
    with_templates = effort.faces_for_templates / float(np.mean(enrolled.faces_of[enrolled.people]))
    return int(min(faces, wanted, max(with_templates, 1)))


@dataclass(frozen=True, eq=False)
class Portion:
    """All faces of some people.

    Attributes:
        places: (B,) among all faces, ascending.
        is_probe: (B,) which of them are looked for.
        vectors: (B, D) float32.
    """

    places: Counts
    is_probe: Mask
    vectors: Vectors


def portions_of_people(enrolled: Enrolled, places: Counts) -> Iterator[Portion]:
    """Yield all faces of everybody who has a face among `places`, so many people at a time as fit into memory."""
    is_probe = np.zeros(len(enrolled.faces), dtype=np.bool_)
    is_probe[places] = True
    has_probe = np.zeros(len(enrolled.everybody), dtype=np.bool_)
    has_probe[enrolled.people[places]] = True
    wanted = np.flatnonzero(has_probe[enrolled.people])
    ends = np.flatnonzero(np.append(np.diff(enrolled.people[wanted]) > 0, True)) + 1  # of each person's run
    start = 0
    while start < len(wanted):
        last = np.searchsorted(ends, start + FACES_AT_ONCE, side="right") - 1
        end = int(ends[last]) if last >= 0 and ends[last] > start else int(ends[np.searchsorted(ends, start, "right")])
        portion = wanted[start:end]
        yield Portion(portion, is_probe[portion], enrolled.some_face_vectors(portion))
        start = end


def compare_with_themselves(enrolled: Enrolled, portion: Portion) -> Probes:
    """Return the probes among some people's faces, each compared with its person's template without the photo.

    The template has half precision, as the database would store it.
    """
    people, photos = enrolled.people[portion.places], enrolled.photos[portion.places]
    rest, is_mated = templates_without_photo(
        portion.vectors, people, photos, enrolled.qualities[portion.places], is_probe=portion.is_probe
    )
    probe = portion.is_probe
    vectors, stored = portion.vectors[probe], rest[probe].astype(np.float16).astype(np.float32)
    own = np.where(is_mated[probe], row_distances(vectors, stored), np.inf)
    return Probes(portion.places[probe], people[probe], photos[probe], vectors, own)


def joined(parts: list[Probes]) -> Probes:
    """Return probes of different people as one; there is at least one part."""
    return Probes(
        places=np.concatenate([part.places for part in parts]),
        people=np.concatenate([part.people for part in parts]),
        photos=np.concatenate([part.photos for part in parts]),
        vectors=np.concatenate([part.vectors for part in parts]),
        own=np.concatenate([part.own for part in parts]),
    )
