"""How many faces are looked for."""

from dataclasses import replace

import numpy as np
import pytest

from training.services.effort import USUAL
from training.services.enrolled import Enrolled
from training.services.probes import choose_probes, how_many


def enrolled(faces_of: list[int]) -> Enrolled:
    """People with so many faces each, every face of another photo; no vectors."""
    people = np.repeat(np.arange(len(faces_of)), faces_of)
    count = len(people)
    return Enrolled(
        everybody=np.arange(len(faces_of)) + 1,
        faces=np.arange(count) + 1,
        people=people,
        photos=np.arange(count) + 1,
        qualities=np.ones(count),
        templates=np.arange(len(faces_of)),
        dimension=128,
    )


def test_all_are_where_that_is_affordable() -> None:
    assert how_many(enrolled([2] * 10_000)) == 20_000
    assert choose_probes(enrolled([2] * 100), seed=0).tolist() == list(range(200))


def test_of_a_large_gallery_a_sample_is() -> None:
    million = enrolled([2] * 400_000)
    places = choose_probes(million, seed=0)
    assert how_many(million) == len(places) == USUAL.fewest_probes
    assert len(np.unique(places)) == len(places)
    assert (np.diff(places) > 0).all()


def test_every_face_has_the_same_chance() -> None:
    gallery = enrolled([1] * 5 + [20])
    effort = replace(USUAL, comparisons=1, fewest_probes=5, enough_mated=1)
    drawn = np.bincount(np.concatenate([choose_probes(gallery, seed=seed, effort=effort) for seed in range(800)]))
    assert drawn.sum() == 800 * 5
    assert drawn == pytest.approx(np.full(25, 160), abs=5 * np.sqrt(160))


def test_where_few_people_have_two_photos_more_are() -> None:
    rarely = enrolled([1] * 380_000 + [2] * 10_000)
    assert how_many(rarely) == USUAL.most_probes
    now_and_then = enrolled([1] * 360_000 + [2] * 20_000)
    assert USUAL.fewest_probes < how_many(now_and_then) == 15_000
    assert how_many(enrolled([1] * 400_000)) == USUAL.fewest_probes


def test_people_with_thousands_of_photos_cost_no_hours() -> None:
    assert how_many(enrolled([10_000, 10_000])) == 2_000
