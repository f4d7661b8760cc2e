"""A gallery's probabilities, made of what its evaluation saw."""

import json
from itertools import pairwise

import numpy as np
import pytest

from faces.models import Gallery, PairClassifier
from faces.services.probability import classifier_in_force, probability
from tests import factories
from tests.training.made import evidence
from training.metrics.evidence import Evidence
from training.metrics.figures import ENOUGH_PEOPLE
from training.metrics.reliability import reliability
from training.services import pair_classifiers
from training.services.pair_classifiers import NO_BETTER, PARTS, fit_classifiers

Compares = PairClassifier.Compares


@pytest.fixture(scope="module")
def many() -> Evidence:
    """Of 180 people 135 have several photos: 45 in each part."""
    return evidence(people=180, photos=3, seed=3, dimension=24, noise=0.7, singles=45)


@pytest.fixture
def gallery(db: None) -> Gallery:
    return factories.gallery()


def fit(gallery: Gallery, seen: Evidence, seed: int = 0) -> dict[str, PairClassifier]:
    rows = fit_classifiers(gallery=gallery, encoder_version=gallery.encoder_version, evidence=seen, seed=seed)
    return {row.compares: row for row in rows}


def test_there_is_one_classifier_for_each_thing_that_is_compared_and_it_is_in_force(
    gallery: Gallery, many: Evidence
) -> None:
    rows = fit(gallery, many)
    assert set(rows) == set(Compares.values)
    for compares in Compares:
        row = rows[compares]
        assert row.is_calibrated
        version = gallery.encoder_version
        assert classifier_in_force(gallery=gallery, encoder_version=version, compares=compares) == row
        assert row.people == 180


def test_a_smaller_distance_has_the_larger_probability_and_none_is_certain(gallery: Gallery, many: Evidence) -> None:
    for row in fit(gallery, many).values():
        values = [probability(row, distance) for distance in np.linspace(0, 4, 401).tolist()]
        told = [value for value in values if value is not None]
        assert len(told) == 401
        assert all(nearer >= farther for nearer, farther in pairwise(told))
        assert 1 / 47 * 0.999 <= told[-1] < 0.5 < told[0] <= 1 - 1 / 47 * 0.999  # 45 people calibrated it


def test_nobody_is_in_two_parts_and_every_part_has_people_with_several_photos(gallery: Gallery, many: Evidence) -> None:
    for compares in Compares:
        parts = pair_classifiers._parts(compares, many, seed=5)
        groups = [set(np.concatenate([part.first, part.second]).tolist()) for part in parts]
        assert [len(group) for group in groups] == [60, 60, 60]
        assert len(set.union(*groups)) == 180
        assert [part.people(mated=True) for part in parts] == [45, 45, 45]


def test_the_figures_are_those_of_the_third_part_and_say_what_they_rest_on(gallery: Gallery, many: Evidence) -> None:
    for compares, row in fit(gallery, many).items():
        figures = json.loads(json.dumps(row.figures, allow_nan=False))
        assert (figures["prior"], figures["gallery_size"]) == (0.5, 180)
        assert [part["name"] for part in figures["parts"]] == list(PARTS)
        assert [part["people_mated"] for part in figures["parts"]] == [45, 45, 45]
        measured, third = figures["reliability"], figures["parts"][2]
        assert sum(found["comparisons"] for found in measured["bins"]) == third["mated"] + third["non_mated"]
        assert measured["brier"]["low"] <= measured["brier"]["value"] <= measured["brier"]["high"]
        assert measured["brier"]["value"] < measured["constant_brier"]
        assert measured["constant_brier"] == pytest.approx(0.25) or compares == Compares.SEARCH
        at = figures["at_false_rate"]
        if at is not None:  # a falling function of the distance finds neither more nor less than it
            assert at["probability"]["true"] == at["distance"]["true"]


def test_probabilities_hold_for_people_who_were_drawn_alike_and_never_seen(gallery: Gallery, many: Evidence) -> None:
    rows = fit(gallery, many)
    others = evidence(people=60, photos=3, seed=4, dimension=24, noise=0.7)
    everybody = np.ones(60, dtype=np.bool_)
    for compares, row in rows.items():
        judged = pair_classifiers._judged(Compares(compares), others, everybody)
        claimed = np.array([probability(row, distance) for distance in judged.distances.tolist()])
        assert reliability(claimed, judged, resamples=2).calibration_error.value < 0.06


def test_with_too_few_people_there_is_no_probability_and_the_row_says_why(gallery: Gallery) -> None:
    needed = len(PARTS) * ENOUGH_PEOPLE
    rows = fit(gallery, evidence(people=needed + 20, photos=2, singles=21, seed=1))
    for compares, row in rows.items():
        assert not row.is_calibrated
        assert row.parameters == {}
        assert f"Only {needed - 1} people" in row.note
        assert str(needed) in row.note
        assert (
            classifier_in_force(gallery=gallery, encoder_version=gallery.encoder_version, compares=Compares(compares))
            == row
        )
    enough = fit(gallery, evidence(people=needed + 20, photos=2, singles=20, seed=1))
    assert all(row.is_calibrated for row in enough.values())


def test_a_gallery_that_lost_its_people_loses_its_probability(gallery: Gallery, many: Evidence) -> None:
    fit(gallery, many)
    fit(gallery, evidence(people=5, photos=2))
    row = classifier_in_force(gallery=gallery, encoder_version=gallery.encoder_version, compares=Compares.SEARCH)
    assert probability(row, 0.1) is None


@pytest.mark.parametrize("people", [1, 2])
def test_next_to_nobody_is_too_few_and_no_error(gallery: Gallery, people: int) -> None:
    assert not any(row.is_calibrated for row in fit(gallery, evidence(people=people, photos=1)).values())


def test_distances_that_tell_nothing_give_no_probability(gallery: Gallery) -> None:
    """Everybody's faces are scattered over the whole sphere."""
    rows = fit(gallery, evidence(people=150, photos=3, seed=2, dimension=4, noise=1e6))
    assert rows[Compares.PHOTO].note == NO_BETTER
    assert rows[Compares.PHOTO].figures["reliability"]["brier"]["value"] >= 0.25


def test_the_same_evidence_and_seed_give_the_same_and_another_seed_splits_people_otherwise(
    gallery: Gallery, many: Evidence
) -> None:
    first, again, other = fit(gallery, many), fit(gallery, many), fit(gallery, many, seed=1)
    for compares in Compares:
        assert first[compares].parameters == again[compares].parameters
        assert first[compares].figures == again[compares].figures
        assert first[compares].parameters != other[compares].parameters


def test_nothing_of_a_person_is_stored_but_counts_and_rates(gallery: Gallery, many: Evidence) -> None:
    """The ids of the people of the evidence begin with 101, those of faces with 1001."""
    row = fit(gallery, many)[Compares.PERSON]
    numbers: list[float] = []

    def walk(value: object) -> None:
        if isinstance(value, dict):
            for each in value.values():
                walk(each)
        elif isinstance(value, list):
            assert len(value) < 20  # the bins; no list as long as people, faces or vectors
            for each in value:
                walk(each)
        elif isinstance(value, int | float):
            numbers.append(value)

    walk(row.figures)
    walk(row.parameters)
    assert len(numbers) < 200
