"""All figures of a report together."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.training import made
from tests.training.metrics import loops
from training.metrics.figures import Figures, Verdict
from training.metrics.measuring import figures_of


def test_figures_survive_being_stored() -> None:
    figures = made.figures()

    stored = json.dumps(figures.as_json(), allow_nan=False)

    assert Figures.from_json(json.loads(stored)) == figures


def test_the_same_evidence_gives_the_same_figures() -> None:
    assert made.figures() == made.figures()


def test_every_series_runs_along_the_taus() -> None:
    figures = made.figures()
    series = [figures.person.fmr, figures.person.fnmr, figures.photo.fmr, figures.photo.fnmr]
    series += [figures.recognition.fpir, figures.recognition.fnir, *(at.fpir for at in figures.recognition.sizes)]

    for each in series:
        lengths = {len(each.value), len(each.low), len(each.high), len(each.people)}
        assert lengths == {len(figures.taus)}
    assert {len(at.upper) for at in figures.recognition.sizes} == {len(figures.taus)}
    assert len(figures.confused) == len(figures.taus)
    assert set(made.TAU.values()) <= set(figures.taus)
    assert figures.tau == made.TAU


def test_rates_are_those_of_the_evidence() -> None:
    evidence, figures = made.evidence(), made.figures()
    index = figures.taus.index(made.TAU["verification"])

    fmr = loops.fmr(evidence.person_non_mated.distances.tolist(), made.TAU["verification"])
    fnmr = loops.fnmr(evidence.photo_mated.distances.tolist(), made.TAU["verification"])

    assert figures.person.fmr.value[index] == pytest.approx(fmr, rel=1e-5)
    assert figures.photo.fnmr.value[index] == pytest.approx(fnmr, rel=1e-5)
    assert figures.person.mated == evidence.person_mated.total
    assert figures.recognition.size == 60


def test_one_person_with_one_photo_leaves_nothing_to_measure() -> None:
    figures = made.figures(people=1, photos=1, fields={})

    assert figures.person.eer.verdict is Verdict.NO_TRIALS
    assert figures.photo.fmr.trials == figures.photo.fnmr.trials == 0
    assert figures.recognition.sizes == []
    assert figures.confusions == []
    assert json.dumps(figures.as_json(), allow_nan=False)


def test_people_with_one_photo_each_can_only_be_taken_for_others() -> None:
    figures = made.figures(people=40, photos=1)

    assert figures.person.fnmr.trials == figures.recognition.fnir.trials == 0
    assert figures.person.fmr.trials == 40 * 39
    assert figures.recognition.fpir.trials == 40
    assert figures.recognition.ranks.trials == 0
    north = next(group for group in figures.groups if group.value == "north")
    assert north.rates["fnmr"].verdict is Verdict.NO_TRIALS
    assert north.rates["fpir"].trials == 20
    assert "fnmr" not in north.differences
    assert json.dumps(figures.as_json(), allow_nan=False)


def test_a_gallery_without_a_tau_has_curves_and_no_groups_rates() -> None:
    figures = made.figures(tau={})

    assert figures.tau == {}
    assert {len(group.rates) for group in figures.groups} == {0}
    assert figures.person.fmr.people[-1] == 60


def test_a_sample_of_the_far_comparisons_says_nearly_what_all_of_them_do() -> None:
    evidence = made.evidence(people=80)
    every = evidence.person_non_mated
    near = len(every.distances) // 20
    far = np.sort(np.random.default_rng(0).choice(np.arange(near, len(every.distances)), 3_000, replace=False))
    rows = np.concatenate([np.arange(near), far])
    stands_for = (len(every.distances) - near) / len(far)
    sampled = replace(
        every,
        first=every.first[rows],
        second=every.second[rows],
        distances=every.distances[rows],
        weights=np.concatenate([np.ones(near), np.full(len(far), stands_for)]),
    )

    def fmr(comparisons: object, taus: tuple[float, ...]) -> list[tuple[float, float, float]]:
        changed = replace(evidence, person_non_mated=comparisons)  # type: ignore[arg-type]
        figures = figures_of(changed, tau={str(tau): tau for tau in taus}, fields={}, resamples=40)
        found = figures.person.fmr
        at = [figures.taus.index(tau) for tau in taus]
        return [(found.value[index], found.low[index], found.high[index]) for index in at]

    taus = (0.6, 1.3, 1.8)  # one among the near ones, two beyond
    for exact, estimated in zip(fmr(every, taus), fmr(sampled, taus), strict=True):
        assert estimated == pytest.approx(exact, rel=0.15)
        assert estimated[1] < exact[0] < estimated[2]
    assert fmr(every, (0.6,))[0] == pytest.approx(fmr(sampled, (0.6,))[0], rel=0.02)


def test_a_field_needs_a_value_for_each_person() -> None:
    with pytest.raises(ValueError, match="'site' needs 60 values, one a person, not 2"):
        made.figures(fields={"site": ["north", None]})


def test_progress_is_told_of_resamples() -> None:
    told: list[int] = []

    figures_of(made.evidence(), tau=made.TAU, fields={}, resamples=7, progress=told.append)

    assert sum(told) % 7 == 0
    assert sum(told) >= 3 * 7
