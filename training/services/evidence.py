"""What a gallery's faces have to say about error rates, gathered.

A small gallery is known exactly: every face is compared with every other one and looked for among all templates. Of a
large one some thousand faces are drawn (see `training.services.probes`), and each is still compared with all faces and
all templates, so that the rare errors are seen, and nothing depends on what an index finds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from training.metrics.distances import MAX_DISTANCE, squared_distances
from training.metrics.evidence import Comparisons, Evidence, Searches
from training.metrics.types import Counts, Distances, Labels
from training.services.effort import USUAL, Effort
from training.services.enrolled import Enrolled, Vectors
from training.services.mated_pairs import mated_pairs, most_pairs_of_a_person
from training.services.near_pairs import FarDraws, NearPairs, sorted_comparisons, weighed
from training.services.probes import Probes, choose_probes, compare_with_themselves, joined, portions_of_people
from training.services.scanning import Found, face_trials, place_of_own, scan_faces, scan_templates

Report: TypeAlias = Callable[[int, str], None]
"""Told how many faces and templates were compared so far, and what is being done."""


def _unheard(_done: int, _note: str) -> None:
    pass


def gather_evidence(
    enrolled: Enrolled, *, seed: int = 0, report: Report = _unheard, effort: Effort = USUAL
) -> Evidence:
    """Compare a gallery's faces with each other and with templates.

    Args:
        enrolled: at least one face of each of two people.
        seed: of everything that is drawn.
        report: may raise to stop.
        effort: how much is compared and kept.
    """
    return _Gathering(enrolled, seed, report, effort).evidence()


@dataclass
class _Gathering:
    enrolled: Enrolled
    seed: int
    report: Report
    effort: Effort
    done: int = 0

    def evidence(self) -> Evidence:
        enrolled = self.enrolled
        places = choose_probes(enrolled, seed=self.seed, effort=self.effort)
        self._rng = np.random.default_rng([self.seed, 1])
        probes, photo_mated = self._with_themselves(places)
        photo_non_mated = self._with_faces(probes)
        person_non_mated, found = self._with_templates(probes)
        is_mated = np.isfinite(probes.own)
        mated = probes.people[is_mated]
        return Evidence(
            people=enrolled.everybody,
            faces=len(enrolled.faces),
            photos=len(np.unique(enrolled.photos)),
            is_complete=len(probes) == len(enrolled.faces),
            photo_mated=photo_mated,
            photo_non_mated=photo_non_mated,
            person_mated=sorted_comparisons(
                mated, mated, probes.own[is_mated], np.ones(len(mated)), self._by_person(mated)
            ),
            person_non_mated=person_non_mated,
            searches=self._searches(probes, found),
        )

    def _with_themselves(self, places: Counts) -> tuple[Probes, Comparisons]:
        parts, pairs, done = [], [], 0
        most = self._most_pairs(places)
        for portion in portions_of_people(self.enrolled, places):
            self.report(self.done, f"Compared {done:,} of {len(places):,} faces with their own people")
            parts.append(compare_with_themselves(self.enrolled, portion))
            pairs.append(mated_pairs(self.enrolled, portion, most=most, rng=self._rng))
            done += len(parts[-1])
        people, distances, weights = (np.concatenate(column) for column in zip(*pairs, strict=True))
        trials = self._by_person(people, weights)
        return joined(parts), sorted_comparisons(people, people, distances, weights, trials)

    def _most_pairs(self, places: Counts) -> int:
        probes = np.bincount(self.enrolled.people[places], minlength=len(self.enrolled.everybody))
        return most_pairs_of_a_person(probes * self.enrolled.faces_of, self.effort.mated)

    def _with_faces(self, probes: Probes) -> Comparisons:
        enrolled, trials = self.enrolled, face_trials(self.enrolled, probes)
        near, far = self._collectors(probes, len(enrolled.faces), trials, enrolled.some_face_vectors, enrolled.people)
        count = len(enrolled.faces)
        scan_faces(enrolled, probes, near=near, far=far, progress=self._counter(f"of {count:,} faces"))
        is_other = probes.people[far.probes] != enrolled.people[far.others]
        is_other &= probes.photos[far.probes] != enrolled.photos[far.others]
        return self._comparisons(probes, near, far.only(np.flatnonzero(is_other)), enrolled.people, trials)

    def _with_templates(self, probes: Probes) -> tuple[Comparisons, Found]:
        enrolled = self.enrolled
        count = len(enrolled.templates)
        others = count - (place_of_own(enrolled, probes) >= 0)  # (S,)
        trials = self._by_person(probes.people, others)
        near, far = self._collectors(probes, count, trials, enrolled.some_template_vectors, enrolled.templates)
        found = scan_templates(
            enrolled, probes, near=near, far=far, progress=self._counter(f"of {count:,} people's templates")
        )
        is_other = probes.people[far.probes] != enrolled.templates[far.others]
        kept = far.only(np.flatnonzero(is_other))
        return self._comparisons(probes, near, kept, enrolled.templates, trials), found

    def _collectors(
        self, probes: Probes, count: int, trials: Distances, read: Callable[[Counts], Vectors], people: Labels
    ) -> tuple[NearPairs, FarDraws]:
        """Return what collects the comparisons of probes with `count` others: all of them, where there are few."""
        effort, total = self.effort, float(trials.sum())
        if total <= effort.near + effort.far:
            everything = NearPairs(limit=MAX_DISTANCE, most=effort.near + effort.far)
            return everything, FarDraws.of(0, 1, each=0, rng=self._rng)
        some = np.sort(self._rng.choice(len(probes), min(effort.pilot_probes, len(probes)), replace=False))
        others = np.sort(self._rng.choice(count, min(effort.pilot_others, count), replace=False))
        distances = squared_distances(probes.vectors[some], read(others))
        different = distances[probes.people[some][:, None] != people[others][None, :]]
        share = min(effort.near_share, effort.near / total)
        limit = float(np.quantile(different, share)) if len(different) else MAX_DISTANCE
        each = max(effort.far_of_a_probe, -(-effort.far // len(probes)))
        return NearPairs(limit=limit, most=effort.near), FarDraws.of(len(probes), count, each=each, rng=self._rng)

    def _comparisons(
        self, probes: Probes, near: NearPairs, far: FarDraws, people: Labels, trials: Distances
    ) -> Comparisons:
        rows, others, distances = near.all()
        found = Comparisons(probes.people[rows], people[others], distances, np.ones(len(rows)), trials)
        beyond = far.only(np.flatnonzero(far.distances > near.limit))
        ones = np.ones(len(beyond.probes))
        drawn = Comparisons(probes.people[beyond.probes], people[beyond.others], beyond.distances, ones, trials)
        return weighed(found, drawn)

    def _searches(self, probes: Probes, found: Found) -> Searches:
        enrolled = self.enrolled
        return Searches(
            person=probes.people,
            face=enrolled.faces[probes.places],
            quality=enrolled.qualities[probes.places],
            own=probes.own,
            nearer=found.nearer,
            others=found.others,
            who=np.where(found.who >= 0, enrolled.templates[found.who], -1),
            gallery_size=len(enrolled.templates),
        )

    def _by_person(self, people: Labels, weights: Distances | Counts | None = None) -> Distances:
        return np.bincount(people, weights, len(self.enrolled.everybody)).astype(np.float64)

    def _counter(self, what: str) -> Callable[[int], None]:
        compared = 0

        def count(rows: int) -> None:
            nonlocal compared
            compared += rows
            self.done += rows
            self.report(self.done, f"Compared with {compared:,} {what}")

        return count
