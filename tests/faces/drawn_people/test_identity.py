"""Identities: deterministic, within their ranges, all different, with names that nobody bears twice."""

from dataclasses import fields

import numpy as np
import pytest

from faces.drawn_people import Beard, HairStyle, Headgear, Identity, draw_identity
from faces.drawn_people.identity import RANGES
from faces.drawn_people.names import NAME_COUNT, drawn_name

PEOPLE = [draw_identity(seed) for seed in range(400)]

# what softness or age moves after the lot, and by how much at most
_MOVED = {"neck_width": 0.025, "brow_thickness": 0.004}


def test_the_same_seed_is_always_the_same_person() -> None:
    assert draw_identity(17) == draw_identity(17)


def test_different_seeds_differ_in_every_measure_of_the_face() -> None:
    one, other = draw_identity(1), draw_identity(2)
    assert all(getattr(one, key) != getattr(other, key) for key in RANGES)


@pytest.mark.parametrize("key", sorted(RANGES))
def test_a_measure_stays_in_its_range_and_uses_most_of_it(key: str) -> None:
    low, high = RANGES[key]
    values = np.array([getattr(person, key) for person in PEOPLE])
    slack = _MOVED.get(key, 0.0)
    assert values.min() >= low - slack
    assert values.max() <= high + slack
    assert np.ptp(values) > 0.8 * (high - low)


def test_colors_are_shares() -> None:
    for person in PEOPLE:
        for color in (person.skin, person.iris, person.hair_color, person.glasses_color):
            assert len(color) == 3
            assert all(0 <= channel <= 1 for channel in color)


def test_people_of_all_ages_and_skins_are_drawn() -> None:
    ages = [person.age for person in PEOPLE]
    brightness = [np.mean(person.skin) for person in PEOPLE]
    assert min(ages) < 22 < 70 < max(ages) < 80
    assert min(brightness) < 0.35 < 0.8 < max(brightness)


@pytest.mark.parametrize("kind", [HairStyle, Beard, Headgear])
def test_every_kind_of_hair_beard_and_headgear_occurs(kind: type[HairStyle | Beard | Headgear]) -> None:
    seen = {value for person in PEOPLE for value in (getattr(person, field.name) for field in fields(Identity))}
    assert set(kind) <= {value for value in seen if isinstance(value, kind)}


def test_neighbors_in_a_gallery_of_25_have_no_name_in_common() -> None:
    names = [person.name.split() for person in PEOPLE[:25]]
    assert len({first for first, _ in names}) == 25
    assert len({last for _, last in names}) == 25


def test_names_are_unique_beyond_the_pairs_of_the_lists() -> None:
    count = 2 * NAME_COUNT + 10
    assert len({drawn_name(seed) for seed in range(count)}) == count


def test_a_negative_seed_is_refused_with_its_reason() -> None:
    with pytest.raises(ValueError, match="-1; it must be 0 or more"):
        draw_identity(-1)
