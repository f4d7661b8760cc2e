"""Error rates of groups of people, and of faces of one range of quality, each beside the rest."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TypeAlias

import numpy as np

from training.metrics.evidence import Comparisons, Evidence, Searches
from training.metrics.figures import Group
from training.metrics.rates import Rates, difference
from training.metrics.recognition import recognition_rates
from training.metrics.resampling import Draws
from training.metrics.types import Distances, Labels, Mask, Progress, ignore
from training.metrics.verification import verification_rates

BANDS = 4
QUALITY = ""
"""The field of groups by quality."""

STEPS = 24
"""Taus at which a group is counted besides the one that is told of: they say how alike the errors of its people are."""

Pointed: TypeAlias = dict[str, tuple[Rates, int]]
"""By name: a rate, and the place of the tau in force."""


@dataclass(frozen=True, eq=False)
class _Slice:
    """What a group of people, or of faces, has to say."""

    mated: Comparisons
    non_mated: Comparisons | None
    searches: Searches


def groups_of(
    evidence: Evidence,
    tau: Mapping[str, float],
    fields: Mapping[str, Sequence[str | None]],
    draws: Draws,
    minimum_people: int,
    progress: Progress = ignore,
) -> list[Group]:
    """Return all groups: by quality, then by each field, values in their order.

    The FMR of a group is that among its own people. The rest that it is compared with are the people who have another
    value: their FMR is that of comparisons within each of these values, too, because people of one group are more
    alike than people of two, whichever groups these are.
    """
    every = [_quality_groups(evidence, tau, draws, minimum_people)]
    every += [_field_groups(evidence, tau, field, values, draws, minimum_people) for field, values in fields.items()]
    groups = []
    for group in chain.from_iterable(every):
        groups.append(group)
        progress(0)
    return groups


def quality_bands(quality: Distances) -> list[tuple[float, float]]:
    """Return up to `BANDS` ranges that hold about as many faces each; none where all are alike."""
    edges = np.unique(np.round(np.quantile(quality, np.linspace(0, 1, BANDS + 1)), 2)) if len(quality) else np.empty(0)
    return list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))


def _quality_groups(evidence: Evidence, tau: Mapping[str, float], draws: Draws, minimum_people: int) -> Iterator[Group]:
    searches = evidence.searches
    bands = quality_bands(searches.quality)
    if not bands:
        return
    inner = np.array([low for low, _ in bands[1:]])
    band = np.searchsorted(inner, searches.quality, side="right")
    for number, (low, high) in enumerate(bands):
        rows = band == number
        people = len(np.unique(searches.person[rows]))
        rates, rest = {}, {}
        if people >= minimum_people:
            rates = _rates(_faces(searches, rows, len(evidence.people)), tau, draws)
            rest = _rates(_faces(searches, ~rows, len(evidence.people)), tau, draws)
        yield _group(QUALITY, f"{low:.2f} to {high:.2f}", people, int(rows.sum()), rates, rest)


def _field_groups(
    evidence: Evidence,
    tau: Mapping[str, float],
    field: str,
    values: Sequence[str | None],
    draws: Draws,
    minimum_people: int,
) -> Iterator[Group]:
    known = sorted({value for value in values if value is not None})
    number = {value: row for row, value in enumerate(known)}
    of_person = np.array([-1 if value is None else number[value] for value in values], dtype=np.int64)  # (P,)
    for row, value in enumerate(known):
        people = int(np.sum(of_person == row))
        faces = int(np.sum(of_person[evidence.searches.person] == row))
        rates, rest = {}, {}
        if people >= minimum_people:
            rates = _rates(_people(evidence, of_person == row, of_person), tau, draws)
            rest = _rates(_people(evidence, (of_person != row) & (of_person >= 0), of_person), tau, draws)
        yield _group(field, value, people, faces, rates, rest)


def _group(field: str, value: str, people: int, faces: int, rates: Pointed, rest: Pointed) -> Group:
    compared = {name: difference(rate, index, *rest[name]) for name, (rate, index) in rates.items() if name in rest}
    return Group(
        field=field,
        value=value,
        people=people,
        faces=faces,
        rates={name: rate.at(index) for name, (rate, index) in rates.items()},
        differences={name: each for name, each in compared.items() if each is not None},
    )


def _rates(of: _Slice, tau: Mapping[str, float], draws: Draws) -> Pointed:
    rates: Pointed = {}
    nothing = Comparisons(*(np.empty(0, np.int64),) * 2, np.empty(0), np.empty(0), np.zeros(draws.shape[1]))
    if "verification" in tau:
        non_mated = of.non_mated or nothing
        taus, index = _around(tau["verification"], of.mated.distances, non_mated.distances)
        verified = verification_rates(of.mated, non_mated, taus, draws)
        rates |= {"fmr": (verified.fmr, index)} if of.non_mated else {}
        rates["fnmr"] = (verified.fnmr, index)
    if "recognition" in tau:
        nearest = of.searches.others[:, :1].ravel()
        taus, index = _around(tau["recognition"], of.searches.own, nearest)
        recognized = recognition_rates(of.searches, taus, draws)
        rates |= {"fpir": (recognized.fpir, index), "fnir": (recognized.fnir, index)}
    return rates


def _around(tau: float, *distances: Distances) -> tuple[Distances, int]:
    """Return the taus to count at, and the place of the one that is told of."""
    taus = [np.array([tau])]
    for each in distances:
        finite = each[np.isfinite(each)]
        if len(finite):
            taus.append(np.quantile(finite, np.linspace(0, 1, STEPS), method="higher"))
            taus.append(np.sort(finite)[: len(finite) // STEPS : max(1, len(finite) // STEPS // STEPS)])
    every = np.unique(np.concatenate(taus))
    return every, int(np.searchsorted(every, tau))


def _people(evidence: Evidence, chosen: Mask, value: Labels) -> _Slice:
    """Return what some people have to say, compared with those of the same value."""
    mated, non_mated = evidence.person_mated, evidence.person_non_mated
    alike = chosen[non_mated.first] & (value[non_mated.first] == value[non_mated.second])
    return _Slice(
        mated=replace(_only(mated, chosen[mated.first]), trials=np.where(chosen, mated.trials, 0.0)),
        non_mated=_only(non_mated, alike),
        searches=_searches(evidence.searches, chosen[evidence.searches.person]),
    )


def _faces(searches: Searches, rows: Mask, people: int) -> _Slice:
    some = _searches(searches, rows)
    person, own = some.person[some.is_mated], some.own[some.is_mated]
    order = np.argsort(own, kind="stable")
    trials = np.bincount(person, minlength=people).astype(np.float64)
    return _Slice(
        mated=Comparisons(person[order], person[order], own[order], np.ones(len(own)), trials),
        non_mated=None,
        searches=some,
    )


def _only(comparisons: Comparisons, rows: Mask) -> Comparisons:
    """Return some comparisons; how many there were follows from what those that were kept stand for."""
    first, weights = comparisons.first[rows], comparisons.weights[rows]
    kept = float(comparisons.weights.sum())
    stands_for = weights * (comparisons.total / kept) if kept else weights
    return Comparisons(
        first=first,
        second=comparisons.second[rows],
        distances=comparisons.distances[rows],
        weights=weights,
        trials=np.bincount(first, weights=stands_for, minlength=len(comparisons.trials)).astype(np.float64),
    )


def _searches(searches: Searches, rows: Mask) -> Searches:
    return replace(
        searches,
        **{
            name: getattr(searches, name)[rows]
            for name in ("person", "face", "quality", "own", "nearer", "others", "who")
        },
    )
