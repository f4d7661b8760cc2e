"""The people who do not exist: as many as asked for, as far apart as real ones, and the same each time."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.search_fit import RealFaces, distances_of, fit, generated, mismatch, variances
from benchmarks.search_shape import LFW_MEASURED, LFW_SHAPE
from benchmarks.synthetic_gallery import (
    TWIN_LIKENESS,
    Population,
    SyntheticGallery,
    many_faces,
    ordinary_sizes,
    resembling,
)


def squared_distance(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.asarray(((one.astype(np.float64) - other) ** 2).sum(axis=-1))


def test_a_gallery_has_the_faces_that_were_asked_for_and_each_person_has_one_at_least() -> None:
    gallery = SyntheticGallery(20_000)
    blocks = list(gallery.blocks())
    person = np.concatenate([block.person for block in blocks])

    assert len(person) == 20_000
    assert gallery.person_count == 8_000
    assert np.array_equal(np.bincount(person, minlength=8_000), gallery.faces_of)
    assert gallery.faces_of.min() == 1
    assert (np.diff(person) >= 0).all()


def test_most_people_have_one_or_two_faces_some_hundreds_and_one_or_two_a_thousand() -> None:
    faces_of = SyntheticGallery(1_000_000).faces_of

    assert faces_of.sum() == 1_000_000
    assert len(faces_of) == 400_000
    assert (faces_of <= 2).mean() > 0.75
    assert ((faces_of >= 100) & (faces_of < 1000)).sum() >= 20
    assert (faces_of >= 1000).sum() == 2


@pytest.mark.parametrize(("faces", "expected"), [(2_000, [200]), (10_000, [1_000]), (20_000, [1_000, 500])])
def test_small_galleries_have_fewer_people_with_many_faces(faces: int, expected: list[int]) -> None:
    assert many_faces(faces) == expected


def test_sizes_add_up_where_chance_alone_would_miss() -> None:
    for seed in range(5):
        sizes = ordinary_sizes(101, 257, np.random.default_rng(seed))
        assert sizes.sum() == 257
        assert sizes.min() >= 1


def test_a_gallery_too_small_for_its_own_rules_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 100 faces; 99 are too few"):
        SyntheticGallery(99)


def test_the_same_seed_makes_the_same_faces_and_another_one_others() -> None:
    first, again, other = (next(SyntheticGallery(1_000, seed=seed).blocks()) for seed in (1, 1, 2))

    assert np.array_equal(first.vector, again.vector)
    assert np.array_equal(first.quality, again.quality)
    assert not np.isclose(first.vector[:50], other.vector[:50]).all(axis=1).any()


def test_faces_are_unit_vectors_with_a_quality_between_0_and_1() -> None:
    block = next(SyntheticGallery(5_000).blocks())

    assert block.vector.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(block.vector, axis=1), 1, atol=1e-5)
    assert block.quality.min() >= 0
    assert block.quality.max() <= 1


def test_distances_have_the_quantiles_that_were_measured_on_lfw() -> None:
    ours = generated(LFW_SHAPE, seed=5)

    np.testing.assert_allclose(ours.non_mated, LFW_MEASURED.non_mated, rtol=0.08)
    np.testing.assert_allclose(ours.nearest, LFW_MEASURED.nearest, rtol=0.08)
    # the lowest two of the mated ones are of a handful of pairs
    np.testing.assert_allclose(ours.mated[2:], LFW_MEASURED.mated[2:], rtol=0.15)


def test_a_probe_is_a_new_face_of_the_person_it_is_of() -> None:
    gallery = SyntheticGallery(10_000)
    people = np.arange(1_000, 3_000)
    blocks = list(gallery.blocks())
    person, vector = (np.concatenate([getattr(block, name) for block in blocks]) for name in ("person", "vector"))
    first = vector[np.searchsorted(person, people)]

    own = squared_distance(gallery.probes(people), first)
    others = squared_distance(gallery.probes(people), np.roll(first, 7, axis=0))

    assert own.min() > 0
    assert np.median(own) == pytest.approx(LFW_MEASURED.mated[5], rel=0.1)
    assert np.median(others) == pytest.approx(LFW_MEASURED.non_mated[5], rel=0.1)


def test_probes_of_different_seeds_are_different_faces() -> None:
    gallery = SyntheticGallery(1_000)
    people = np.arange(20)

    assert squared_distance(gallery.probes(people, seed=1), gallery.probes(people, seed=2)).min() > 0.005


def test_strangers_are_nobody_of_the_gallery_though_some_look_like_somebody() -> None:
    gallery = SyntheticGallery(10_000)
    block = next(gallery.blocks())
    templates = block.vector[np.unique(block.person, return_index=True)[1]]

    nearest = (2 - 2 * gallery.strangers(500) @ templates.T).min(axis=1)
    mated = squared_distance(gallery.probes(np.arange(500)), templates[:500])

    assert np.median(nearest) > 1.3 * np.median(mated)
    assert (nearest < np.median(mated)).any()


def test_twins_are_nearer_than_anybody_else() -> None:
    rng = np.random.default_rng(0)
    population = Population(LFW_SHAPE)
    one = population.identities(2_000, rng)
    twin = resembling(one, population.identities(2_000, rng), TWIN_LIKENESS)
    faces, _ = population.faces(one, rng)
    of_twins, _ = population.faces(twin, rng)

    np.testing.assert_allclose((one * twin).mean(), TWIN_LIKENESS, atol=0.02)
    assert np.median(squared_distance(faces, of_twins)) < LFW_MEASURED.non_mated[1]


def test_noisier_faces_have_a_lower_quality() -> None:
    gallery = SyntheticGallery(10_000)
    person, vector, quality = (
        np.concatenate([getattr(block, name) for block in gallery.blocks()]) for name in ("person", "vector", "quality")
    )
    many = person == gallery.most_photographed
    mean = vector[many].mean(axis=0)
    away = np.log(squared_distance(vector[many], mean / np.linalg.norm(mean)))

    assert np.corrcoef(quality[many], away)[0, 1] < -0.05


def test_quantiles_are_those_of_a_loop_over_all_pairs() -> None:
    # six faces a person at most: of more, pairs are drawn
    rng = np.random.default_rng(3)
    vector = rng.standard_normal((40, 8)).astype(np.float32)
    vector /= np.linalg.norm(vector, axis=1, keepdims=True)
    person = np.repeat(np.arange(15), [2, 1, 1, 6, 5, 3, 5, 1, 3, 2, 6, 1, 1, 1, 2])
    first = [int(np.flatnonzero(person == number)[0]) for number in np.unique(person)]
    mated, non_mated = [], []
    for i in range(40):
        for j in range(i + 1, 40):
            if person[i] == person[j]:
                mated.append(float(squared_distance(vector[i], vector[j])))
            elif i in first and j in first:
                non_mated.append(float(squared_distance(vector[i], vector[j])))

    found = distances_of(vector, person)

    assert found.mated[5] == pytest.approx(np.median(mated), abs=1e-5)
    assert found.non_mated[5] == pytest.approx(np.median(non_mated), abs=1e-5)


def test_a_fit_finds_the_variances_that_faces_were_made_with(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    population = Population(LFW_SHAPE)
    person = np.repeat(np.arange(3_000), 3)
    vector, quality = population.faces(population.identities(3_000, rng)[person], rng, person)
    path = tmp_path / "faces.npz"
    np.savez(path, embeddings=vector, people=np.array([f"{number:05}" for number in person]), quality=quality)

    shape = variances(RealFaces.load(path))

    assert shape.mean_length == pytest.approx(LFW_SHAPE.mean_length, abs=0.005)
    assert sum(shape.between) == pytest.approx(sum(LFW_SHAPE.between), rel=0.1)
    assert sum(shape.within) == pytest.approx(sum(LFW_SHAPE.within), rel=0.1)


def test_a_fit_is_never_farther_from_what_was_measured_than_its_first_guess() -> None:
    rng = np.random.default_rng(1)
    population = Population(LFW_SHAPE)
    person = np.repeat(np.arange(600), 2)
    vector, quality = population.faces(population.identities(600, rng)[person], rng, person)
    faces = RealFaces(vector, person, quality)

    shape, measured = fit(faces, rounds=8, people=500)

    first = mismatch(generated(variances(faces), people=500), measured)
    assert mismatch(generated(shape, people=500), measured) < first
