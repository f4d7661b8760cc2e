"""Error rates of groups of people, and of faces of one range of quality, each beside the rest."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import TypeAlias

import numpy as np

from training.metrics.evidence import Comparisons, Evidence
from training.metrics.figures import Group
from training.metrics.rates import Rates, difference
from training.metrics.recognition import recognition_rates
from training.metrics.resampling import Draws
from training.metrics.slices import Slice, Values, slice_of_faces, slice_of_people
from training.metrics.types import Distances, Progress, ignore
from training.metrics.verification import verification_rates

BANDS = 4
QUALITY = ""
"""The field of groups by quality."""

STEPS = 24
"""Taus at which a group is counted besides the one that is told of: they say how alike the errors of its people are."""

Pointed: TypeAlias = dict[str, tuple[Rates, int]]
"""By name: a rate, and the place of the tau in force."""


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
            rates = _rates(slice_of_faces(searches, rows, len(evidence.people), draws), tau, draws)
            rest = _rates(slice_of_faces(searches, ~rows, len(evidence.people), draws), tau, draws)
        yield _group(QUALITY, f"{low:.2f} to {high:.2f}", people, int(rows.sum()), rates, rest)


def _field_groups(
    evidence: Evidence,
    tau: Mapping[str, float],
    field: str,
    values: Sequence[str | None],
    draws: Draws,
    minimum_people: int,
) -> Iterator[Group]:
    numbered = Values.of(values, draws)
    number_of = numbered.of_person
    for number, value in enumerate(numbered.known):
        is_in, is_other = number_of == number, (number_of != number) & (number_of >= 0)
        people = int(numbered.sizes[number])
        faces = int(np.sum(is_in[evidence.searches.person]))
        rates, rest = {}, {}
        if people >= minimum_people:
            rates = _rates(slice_of_people(evidence, is_in, numbered, draws), tau, draws)
            rest = _rates(slice_of_people(evidence, is_other, numbered, draws), tau, draws)
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


def _rates(of: Slice, tau: Mapping[str, float], draws: Draws) -> Pointed:
    rates: Pointed = {}
    nothing = Comparisons(*(np.empty(0, np.int64),) * 2, np.empty(0), np.empty(0), np.zeros(draws.shape[1]))
    if "verification" in tau:
        non_mated = of.non_mated or nothing
        taus, index = _around(tau["verification"], of.mated.distances, non_mated.distances)
        verified = verification_rates(of.mated, non_mated, taus, draws, resampled_trials=of.resampled_trials)
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
