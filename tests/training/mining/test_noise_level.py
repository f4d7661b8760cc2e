"""The noise of a gallery: what is measured against loops, and what the limits hold for people who are made."""

import numpy as np
import pytest

from tests.training.mining.crowds import SPREAD, crowd
from training.mining.noise_level import FEWEST_PEOPLE, LogNormal, measure_noise_level
from training.mining.people_means import means_of, own_distances


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_the_scatter_is_how_far_photos_scatter_however_many_there_are() -> None:
    few, many = (measure_noise_level(*crowd(rng(1), np.full(300, photos))) for photos in (2, 9))
    assert few is not None
    assert many is not None
    expected = 128 * SPREAD**2  # and a little less, as all vectors have the length 1
    assert few.scatter == pytest.approx(expected, rel=0.06)
    assert many.scatter == pytest.approx(expected, rel=0.06)


def test_wrong_names_hardly_move_the_scatter() -> None:
    vectors, owners = crowd(rng(2), np.full(200, 6))
    clean = measure_noise_level(vectors, owners)
    wrong = rng(3).choice(len(owners), 60, replace=False)
    moved = owners.copy()
    moved[wrong] = rng(4).integers(0, 200, len(wrong))
    noisy = measure_noise_level(vectors, moved)
    assert clean is not None
    assert noisy is not None
    assert noisy.scatter == pytest.approx(clean.scatter, rel=0.1)


def test_one_person_parted_in_two_is_near_and_two_people_are_not() -> None:
    vectors, owners = crowd(rng(5), np.full(200, 8))
    noise = measure_noise_level(vectors, owners)
    assert noise is not None
    fresh, people = crowd(rng(6), np.full(400, 8))
    halves, counts = means_of(fresh, people * 2 + np.arange(len(people)) % 2, 800)
    own = noise.ratios(np.sum((halves[::2] - halves[1::2]) ** 2, axis=1), counts[::2], counts[1::2])
    other = noise.ratios(
        np.sum((halves[::2] - np.roll(halves[1::2], 1, axis=0)) ** 2, axis=1), counts[::2], counts[1::2]
    )
    assert np.mean(own <= noise.near_people) > 0.97
    assert not np.any(other <= noise.near_people)


def test_a_face_is_far_once_in_a_thousand_and_near_in_ninety_nine_of_a_hundred() -> None:
    vectors, owners = crowd(rng(7), np.full(600, 10))
    noise = measure_noise_level(vectors, owners)
    assert noise is not None
    means, counts = means_of(vectors, owners, 600)
    own = noise.ratios(own_distances(vectors, owners, means, counts), np.ones(1, np.int64), counts[owners] - 1)
    assert 0.0001 < np.mean(own > noise.far_face) < 0.004
    assert 0.98 < np.mean(own <= noise.near_face) < 0.998


def test_too_few_people_with_two_photos_tell_nothing() -> None:
    vectors, owners = crowd(rng(8), np.array([2] * (FEWEST_PEOPLE - 1) + [1] * 30))
    assert measure_noise_level(vectors, owners) is None
    assert measure_noise_level(vectors[:0], owners[:0]) is None


def test_photos_that_are_all_the_same_tell_nothing() -> None:
    vectors, owners = crowd(rng(9), np.full(30, 3), spread=0.0)
    assert measure_noise_level(vectors[::3].repeat(3, axis=0), owners) is None


def test_the_same_seed_measures_the_same() -> None:
    vectors, owners = crowd(rng(10), rng(10).integers(1, 20, 60))
    assert measure_noise_level(vectors, owners, seed=3) == measure_noise_level(vectors, owners, seed=3)


def test_the_chance_of_a_log_normal_value() -> None:
    values = np.exp(rng(13).normal(0.3, 0.4, 100_000))
    fitted = LogNormal.of(values)
    assert fitted.mean == pytest.approx(0.3, abs=0.01)
    assert fitted.deviation == pytest.approx(0.4, abs=0.01)
    for at in (1.0, 2.0, 3.0):
        assert fitted.chance_above(np.array([at]))[0] == pytest.approx(np.mean(values >= at), abs=0.01)
    assert fitted.exceeded_by(0.0) == pytest.approx(np.exp(fitted.mean))
