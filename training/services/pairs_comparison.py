"""Two encoder versions beside each other, on the pairs of a file and on the photos of a folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from faces.services.intervals import Z_95
from training.exceptions import TooFewComparisonsError
from training.metrics.distances import row_distances
from training.metrics.evidence import Comparisons
from training.metrics.folds import folded_accuracy
from training.metrics.paired import Change, Compared, Paired, paired
from training.metrics.paired_people import most_photos, some_of_each
from training.metrics.rates import of_few
from training.metrics.resampling import draws_of_people
from training.metrics.types import Counts, Distances, Labels, Mask, Progress, ignore
from training.metrics.watching import pairs_of_people, smallest_fmr
from training.services.held_out_faces import HeldOutFaces
from training.services.held_out_probes import compare_probes
from training.services.near_pairs import sorted_comparisons
from training.services.pairs_evaluation import places_of
from training.services.pairs_file import Pair
from training.services.portraits import Portraits

FALSE_MATCH_RATES = (1e-3, 1e-2, 1e-1)
RESAMPLES = 400
STEPS = 2 * RESAMPLES
"""What `compare_versions` tells of its progress, in all."""

SEED = 0


@dataclass(frozen=True)
class PairsComparison:
    """What the second of two versions does differently; the same photos, the same resamples of people.

    Attributes:
        accuracy: over the folds of the file, with the interval of Student's t from their differences.
        pairs: on the pairs of the file that both could compare.
        photos: on the pairs of all photos of the folder in which both found a face; each pair is there both ways.
        most_photos: with how many photos a person counts in the latter.
    """

    accuracy: Change
    pairs: Paired
    photos: Paired
    most_photos: int


def compare_versions(
    pairs: Sequence[Pair], before: Portraits, after: Portraits, *, progress: Progress = ignore
) -> PairsComparison:
    """Compare two versions on what both of them could compare.

    Args:
        pairs: what the file says.
        before: the folder's photos by the one version.
        after: by the other one.
        progress: told how many resamples were counted since the last call, of `STEPS`.

    Raises:
        TooFewComparisonsError: no mated or no non-mated pair is left.
    """
    try:
        of_file = _OfFile.of(pairs, before, after)
        accuracy, of_pairs = of_file.accuracy(), of_file.paired(progress)
        most, of_folder = _of_folder(before, after, progress)
    except ValueError as error:
        raise TooFewComparisonsError(f"Too few photos show a face to both encoder versions. {error}") from error
    return PairsComparison(accuracy=accuracy, pairs=of_pairs, photos=of_folder, most_photos=most)


@dataclass(frozen=True, eq=False)
class _OfFile:
    """The pairs of the file that both versions could compare.

    Attributes:
        first, second: (E,) rows of people.
        folds: (E,).
        distances: of the one version and of the other, (E,) each.
    """

    first: Labels
    second: Labels
    folds: Labels
    distances: tuple[Distances, Distances]

    @classmethod
    def of(cls, pairs: Sequence[Pair], before: Portraits, after: Portraits) -> Self:
        both = [(portraits, places_of(portraits)) for portraits in (before, after)]
        usable = [pair for pair in pairs if all(pair.first in known and pair.second in known for _, known in both)]
        names = [[pair.first.person for pair in usable], [pair.second.person for pair in usable]]
        numbers = np.unique(np.array(names, dtype=np.str_), return_inverse=True)[1].reshape(2, -1).astype(np.int64)
        old, new = (
            row_distances(
                portraits.embeddings[[known[pair.first] for pair in usable]],
                portraits.embeddings[[known[pair.second] for pair in usable]],
            )
            for portraits, known in both
        )
        folds = np.array([pair.fold for pair in usable], dtype=np.int64)
        return cls(first=numbers[0], second=numbers[1], folds=folds, distances=(old, new))

    def accuracy(self) -> Change:
        is_mated = self.first == self.second
        before, after = (folded_accuracy(distances, is_mated, self.folds) for distances in self.distances)
        differences = np.array(after.accuracies) - np.array(before.accuracies)
        value = float(differences.mean())
        half = Z_95 * float(np.sqrt(of_few(len(differences)) * differences.var() / len(differences)))
        return Change(before.mean, after.mean, value, max(value - half, -1.0), min(value + half, 1.0))

    def paired(self, progress: Progress) -> Paired:
        is_mated, people = (
            self.first == self.second,
            int(max(self.first.max(initial=0), self.second.max(initial=0))) + 1,
        )
        before, after = (
            Compared(self._some(distances, is_mated, people), self._some(distances, ~is_mated, people))
            for distances in self.distances
        )
        fmr = smallest_fmr(int(np.sum(~is_mated)), FALSE_MATCH_RATES) or FALSE_MATCH_RATES[-1]
        return paired(before, after, fmr=fmr, draws=draws_of_people(people, RESAMPLES, SEED), progress=progress)

    def _some(self, distances: Distances, chosen: Mask, people: int) -> Comparisons:
        first, second = self.first[chosen], self.second[chosen]
        trials = np.bincount(first, minlength=people).astype(np.float64)
        return sorted_comparisons(first, second, distances[chosen], np.ones(len(first)), trials)


def _of_folder(before: Portraits, after: Portraits, progress: Progress) -> tuple[int, Paired]:
    there = {file.path for file in before.files} & {file.path for file in after.files}
    rows = [
        np.array([row for row, file in enumerate(portraits.files) if file.path in there], dtype=np.int64)
        for portraits in (before, after)
    ]
    people = before.people[rows[0]]
    most = most_photos(people)
    faces = _faces(people, some_of_each(np.arange(len(people)), people, most), most)
    vectors = [portraits.embeddings[row] for portraits, row in zip((before, after), rows, strict=True)]
    sides = [compare_probes(faces, each, each, seed=SEED) for each in vectors]
    fmr = smallest_fmr(pairs_of_people(faces.people), FALSE_MATCH_RATES) or FALSE_MATCH_RATES[-1]
    draws = draws_of_people(len(faces.everybody), RESAMPLES, SEED)
    return most, paired(*sides, fmr=fmr, draws=draws, progress=progress)


def _faces(people: Labels, rows: Counts, most: int) -> HeldOutFaces:
    order = rows[np.argsort(people[rows], kind="stable")]
    everybody, row_of = np.unique(people[order], return_inverse=True)
    return HeldOutFaces(
        most_photos=most,
        rows=order,
        faces=order,
        everybody=everybody.astype(np.int64),
        people=row_of.astype(np.int64),
        photos=order,
        qualities=np.ones(len(order)),
    )
