"""The part of the evidence that belongs to some people, or to some faces."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from training.metrics.evidence import Comparisons, Evidence, Searches
from training.metrics.resampling import Draws
from training.metrics.types import Counts, Distances, Labels, Mask


@dataclass(frozen=True, eq=False)
class Slice:
    """What some people, or some faces, have to say.

    Attributes:
        mated: comparisons of their faces with their own templates.
        non_mated: with the templates of others; None where that cannot be told.
        resampled_trials: (B,) how many of these there are in each resample.
        searches: for their faces, in the whole gallery.
    """

    mated: Comparisons
    non_mated: Comparisons | None
    resampled_trials: Distances
    searches: Searches


@dataclass(frozen=True, eq=False)
class Values:
    """The values of one metadata field.

    Attributes:
        known: each value once, in order.
        of_person: (P,) which of them each person has; -1 for none.
        sizes: (V,) how many people have each.
        drawn: (B, V) how many of them are drawn in each resample.
    """

    known: list[str]
    of_person: Labels
    sizes: Counts
    drawn: Distances

    @classmethod
    def of(cls, values: Sequence[str | None], draws: Draws) -> "Values":
        """Number the values of all people."""
        known = sorted({value for value in values if value is not None})
        number = {value: row for row, value in enumerate(known)}
        of_person = np.array([-1 if value is None else number[value] for value in values], dtype=np.int64)
        has = np.flatnonzero(of_person >= 0)
        drawn = np.zeros((len(draws), len(known)))
        for counts, row in zip(drawn, draws, strict=True):
            counts[:] = np.bincount(of_person[has], weights=row[has], minlength=len(known))
        return cls(known, of_person, np.bincount(of_person[has], minlength=len(known)), drawn)


def slice_of_people(evidence: Evidence, chosen: Mask, values: Values, draws: Draws) -> Slice:
    """Return what some people have to say, of whom each is compared with those of the same value.

    A face is compared with the template of everybody else, so of a person's comparisons (n - 1) / (P - 1) are with the
    n - 1 others of the same value. That is more exact than the sum of what was kept, which of a small group may be
    nothing.

    Args:
        evidence: of everybody.
        chosen: (P,) whom; each has a value.
        values: of the field.
        draws: the resamples.
    """
    mated, non_mated, value = evidence.person_mated, evidence.person_non_mated, values.of_person
    alike = chosen[non_mated.first] & (value[non_mated.first] == value[non_mated.second])
    share = np.where(chosen, (values.sizes[value] - 1) / max(len(value) - 1, 1), 0.0)
    trials = non_mated.trials * share  # (P,)
    return Slice(
        mated=replace(_only(mated, chosen[mated.first]), trials=np.where(chosen, mated.trials, 0.0)),
        non_mated=replace(_only(non_mated, alike), trials=trials),
        resampled_trials=_resampled_trials(trials, values, draws),
        searches=_searches(evidence.searches, chosen[evidence.searches.person]),
    )


def slice_of_faces(searches: Searches, rows: Mask, people: int, draws: Draws) -> Slice:
    """Return what some probes have to say, of a gallery of so many people."""
    some = _searches(searches, rows)
    person, own = some.person[some.is_mated], some.own[some.is_mated]
    order = np.argsort(own, kind="stable")
    trials = np.bincount(person, minlength=people).astype(np.float64)
    return Slice(
        mated=Comparisons(person[order], person[order], own[order], np.ones(len(own)), trials),
        non_mated=None,
        resampled_trials=np.zeros(len(draws)),
        searches=some,
    )


def _resampled_trials(trials: Distances, values: Values, draws: Draws) -> Distances:
    """Return how many comparisons there are in each resample: (B,).

    A person who is drawn w times is compared with those who are drawn of the others of the same value, not with
    copies of its own.
    """
    has = np.flatnonzero(trials)
    value, each = values.of_person[has], trials[has] / (values.sizes[values.of_person[has]] - 1)
    return np.array(
        [np.sum(each * row[has] * (drawn[value] - row[has])) for row, drawn in zip(draws, values.drawn, strict=True)],
        dtype=np.float64,
    )


def _only(comparisons: Comparisons, rows: Mask) -> Comparisons:
    return replace(
        comparisons,
        first=comparisons.first[rows],
        second=comparisons.second[rows],
        distances=comparisons.distances[rows],
        weights=comparisons.weights[rows],
    )


def _searches(searches: Searches, rows: Mask) -> Searches:
    return replace(
        searches,
        person=searches.person[rows],
        face=searches.face[rows],
        quality=searches.quality[rows],
        own=searches.own[rows],
        nearer=searches.nearer[rows],
        others=searches.others[rows],
        who=searches.who[rows],
    )
