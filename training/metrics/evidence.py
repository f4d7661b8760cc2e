"""What a gallery's faces have to say about error rates: the comparisons and searches that were made with them.

People are rows 0 to P - 1, in the order of their ids.
"""

from dataclasses import dataclass

from training.metrics.types import Distances, Labels, Mask


@dataclass(frozen=True, eq=False)
class Comparisons:
    """Distances between faces of two people, or (where `first` equals `second`) of one.

    Where there are too many to keep, all of the near ones are here and a sample of the others, which stand for more
    than themselves. Two faces are compared once: with `first` the probe, or of two probes of different people by turns
    one and the other, so that nobody is `first` more often.

    Attributes:
        first: (E,) whose face was compared.
        second: (E,) with whose face or template.
        distances: (E,) float64, ascending.
        weights: (E,) float64, how many comparisons each stands for; 1 where all are here.
        trials: (P,) float64, how many comparisons each person's faces took part in as `first`; the sum is how many
            comparisons there were.
    """

    first: Labels
    second: Labels
    distances: Distances
    weights: Distances
    trials: Distances

    @property
    def total(self) -> float:
        """How many comparisons there were."""
        return float(self.trials.sum())


@dataclass(frozen=True, eq=False)
class Searches:
    """Faces that were looked for among everybody's templates, each with its own photo left out.

    Attributes:
        person: (S,) whose face each probe is.
        face: (S,) its id in the database.
        quality: (S,) 0 to 1.
        own: (S,) distance to its own person's template of the other photos; infinite where there is none.
        nearer: (S,) how many other people are at most as far as `own`; 0 where `own` is infinite.
        others: (S, K) distances to the K nearest other people's templates, ascending; infinite where there are fewer.
        who: (S, K) whose they are; -1 where `others` is infinite.
        gallery_size: N, the people with a template, the probe's own among them.
    """

    person: Labels
    face: Labels
    quality: Distances
    own: Distances
    nearer: Labels
    others: Distances
    who: Labels
    gallery_size: int

    @property
    def is_mated(self) -> Mask:
        """(S,) whether the gallery still holds the probe's person."""
        return self.own < float("inf")


@dataclass(frozen=True, eq=False)
class Evidence:
    """Everything that an evaluation of a gallery rests on.

    Attributes:
        people: (P,) ids, ascending: everybody with an enrolled face.
        faces: how many faces are enrolled.
        photos: how many photos they come from.
        is_complete: whether every enrolled face was a probe; otherwise a simple random sample of the faces was, so that
            a share among the probes needs no weight.
        photo_mated, photo_non_mated: faces with single faces of other photos.
        person_mated, person_non_mated: faces with templates, their own without the photo.
        searches: faces among all templates.
    """

    people: Labels
    faces: int
    photos: int
    is_complete: bool
    photo_mated: Comparisons
    photo_non_mated: Comparisons
    person_mated: Comparisons
    person_non_mated: Comparisons
    searches: Searches
