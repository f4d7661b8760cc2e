"""How classifiers of pairs are compared: what they look at, who is in which part, and what the table says."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from benchmarks.pair_hidden import hidden_features
from benchmarks.pair_models import (
    EMBEDDINGS,
    HIDDEN_MODELS,
    MODELS,
    LinearModel,
    absolute,
    absolute_and_squared,
    chi_squared,
    chi_squared_of_halves,
    squared,
)
from benchmarks.pair_probability import MATED_OF_ONE, measured, pairs_of, parts, recognition, study
from benchmarks.pair_recognition import DOUBT, answers, by_outcome
from benchmarks.template_faces import Album, Floats
from encoder.checkpoints import load_factory_backbone
from encoder.templates import templates
from faces.services import recognition as recognition_service
from tests.encoder.golden.package_photos import astronaut, hopper
from training.metrics.distances import row_distances, squared_distances
from training.metrics.identification import leave_one_out, templates_without_photo


def album(seed: int, people: int, photos: int, *, matters: int = 16, dimension: int = 16) -> Album:
    """People who differ in the first `matters` numbers only; photos of them in all of the others, too."""
    rng = np.random.default_rng(seed)
    owner = np.repeat(np.arange(people), photos)
    centers = np.zeros((people, dimension))
    centers[:, :matters] = rng.normal(size=(people, matters))
    vectors: Floats = centers[owner] + 0.5 * rng.normal(size=(len(owner), dimension))
    vectors[:, matters:] += rng.normal(size=(len(owner), dimension - matters))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    nothing = np.zeros(len(owner), dtype=np.bool_)
    return Album(owner, np.arange(len(owner)), vectors.astype(np.float32), np.ones(len(owner)), nothing, ~nothing)


ONE, OTHER = np.array([[0.5, 0.0, 0.25]], np.float32), np.array([[0.25, 0.0, 0.75]], np.float32)


def test_features_are_those_that_their_names_say() -> None:
    assert absolute(ONE, OTHER).tolist() == [[0.25, 0, 0.5]]
    assert squared(ONE, OTHER).tolist() == [[0.0625, 0, 0.25]]
    assert absolute_and_squared(ONE, OTHER).tolist() == [[0.25, 0, 0.5, 0.0625, 0, 0.25]]
    # 0.0625 / 0.75, nothing where both are 0, and 0.25 / 1
    np.testing.assert_allclose(chi_squared(ONE, OTHER), [[1 / 12, 0, 0.25]], rtol=1e-6)


def test_chi_squared_is_refused_where_a_feature_is_negative() -> None:
    with pytest.raises(ValueError, match=r"17 % of these are negative"):
        chi_squared(ONE, np.array([[0.25, -0.1, 0.75]], np.float32))


def test_chi_squared_of_both_halves_of_what_is_nowhere_negative_is_chi_squared() -> None:
    np.testing.assert_array_equal(chi_squared_of_halves(ONE, OTHER)[:, :3], chi_squared(ONE, OTHER))
    np.testing.assert_allclose(
        chi_squared_of_halves(np.array([[0.5]], np.float32), np.array([[-0.5]], np.float32)), [[0.5, 0.5]]
    )


def test_people_are_in_one_part_each_those_with_several_photos_divided_alike() -> None:
    people = np.repeat(np.arange(40), [3] * 12 + [1] * 28)
    part_of = parts(people, seed=0)
    for person in range(40):
        assert len(set(part_of[people == person])) == 1
    first = part_of[np.unique(people, return_index=True)[1]]
    assert np.bincount(first[:12]).tolist() == [4, 4, 4]
    assert sorted(np.bincount(first[12:]).tolist()) == [9, 9, 10]


def test_pairs_are_of_the_faces_that_they_say_each_once_and_with_their_truth() -> None:
    few = album(0, 10, 4)
    rows = np.flatnonzero(few.people < 6)
    pairs = pairs_of(few, {}, rows, non_mated=50, seed=1)
    assert int(pairs.judged.is_mated.sum()) == 6 * 6
    assert int((~pairs.judged.is_mated).sum()) == 50
    assert len({tuple(sorted(pair)) for pair in zip(pairs.one.tolist(), pairs.other.tolist(), strict=True)}) == 86
    np.testing.assert_array_equal(few.people[pairs.one] == few.people[pairs.other], pairs.judged.is_right)
    np.testing.assert_array_equal(few.people[pairs.one], pairs.judged.first)
    np.testing.assert_allclose(
        pairs.judged.distances, row_distances(few.embeddings[pairs.one], few.embeddings[pairs.other])
    )
    assert set(np.concatenate([pairs.one, pairs.other])) <= set(rows)


def test_of_somebody_with_many_photos_only_some_pairs_are_learned_from() -> None:
    pairs = pairs_of(album(0, 2, 20), {}, np.arange(40), 50, 0, MATED_OF_ONE)
    assert int(pairs.judged.is_mated.sum()) == 2 * MATED_OF_ONE


def test_a_classifier_that_sees_what_matters_beats_the_distance_where_half_of_the_numbers_are_noise() -> None:
    whole = album(1, 240, 4, matters=8, dimension=24)
    first, second, third = (np.flatnonzero(whole.people % 3 == number) for number in range(3))
    held_out = whole.people[first] % 2 == 0
    vectors = {EMBEDDINGS: whole.embeddings}
    learned = [pairs_of(whole, vectors, rows, 3000, 0) for rows in (first[~held_out], first[held_out])]
    judged = pairs_of(whole, vectors, third, 20_000, 0)
    claims: dict[str, Floats] = {}
    for name, model in (("plain", MODELS["distance, logistic"]()), ("learned", LinearModel(squared))):
        model.fit(learned[0], learned[1])
        model.calibrate(pairs_of(whole, vectors, second, 3000, 0))
        claims[name] = model.probabilities(judged)
    results = measured(claims, judged.judged, 20, seed=0)
    brier, *_, tar = (results["learned"].value - results["plain"].value).tolist()
    assert brier < -0.01
    assert tar > 0.05
    assert np.quantile(results["learned"].drawn[:, -1] - results["plain"].drawn[:, -1], 0.025) > 0


def test_the_table_names_every_classifier_and_says_which_is_not_defined(capsys: pytest.CaptureFixture[str]) -> None:
    result = study(album(2, 90, 4), resamples=5)
    table = capsys.readouterr().out
    rows, undefined = result["rows"], result["undefined"]
    assert isinstance(rows, dict)
    assert isinstance(undefined, dict)
    assert set(rows) | set(undefined) == set(MODELS)
    assert list(undefined) == ["DeepFace's weighted χ²"]
    for name in MODELS:
        assert name in table
    plain, served = rows["distance, logistic"], rows["distance, as served"]
    assert served["tar"] == plain["tar"]  # both fall with the distance
    assert all(0 < row["brier"] < 0.25 for row in rows.values())


def test_answers_are_the_nearest_two_with_the_own_person_and_without() -> None:
    few = album(3, 12, 3)
    found = answers(few)
    searched = leave_one_out(few.embeddings, few.people, few.photos, few.qualities)
    np.testing.assert_allclose(found.searches.own, searched.own)
    np.testing.assert_allclose(found.searches.others[:, 0], searched.other)
    np.testing.assert_array_equal(found.searches.nearer == 0, searched.own < searched.other)
    everybody = templates(few.embeddings, few.people, few.qualities)
    rest, _ = templates_without_photo(few.embeddings, few.people, few.photos, few.qualities)
    for face in range(len(few)):
        vectors = everybody.vectors.copy()
        vectors[few.people[face]] = rest[face]
        others = np.delete(vectors, few.people[face], axis=0)
        for kind, people in enumerate((vectors, others)):
            distances = squared_distances(few.embeddings[face : face + 1], people)[0]
            first, second = np.argsort(distances)[:2]
            assert found.first()[face, kind] == pytest.approx(distances[first])
            assert found.second[face, kind] == pytest.approx(distances[second])
            assert found.apart[face, kind] == pytest.approx(np.linalg.norm(people[first] - people[second]))


def test_an_answer_is_ambiguous_where_recognition_says_so() -> None:
    found = answers(album(3, 12, 3))
    assert DOUBT == recognition_service.DOUBT
    first, tau = found.first(), float(np.median(found.second))
    ambiguous = found.is_ambiguous(tau, 0.1)
    assert 0 < ambiguous.sum() < ambiguous.size
    for face, kind in np.ndindex(*first.shape):
        gap = found.second[face, kind] - first[face, kind]
        resolvable = recognition_service.resolvable_gap(0.1, float(found.apart[face, kind]))
        assert ambiguous[face, kind] == (found.second[face, kind] <= tau and gap <= resolvable)


def test_every_search_has_one_outcome_and_is_claimed_for_by_people_of_other_parts(
    capsys: pytest.CaptureFixture[str],
) -> None:
    some = album(4, 120, 4, dimension=8, matters=8)
    told = by_outcome(answers(some), parts(some.people, 0), tau=0.3, noise=0.05)
    assert set(told) == {"match", "ambiguous", "nobody"}
    assert sum(kind.searches for kind in told.values()) == 2 * len(some)
    assert sum(kind.share for kind in told.values()) == pytest.approx(1)
    assert sum(kind.share * kind.claimed for kind in told.values()) == pytest.approx(
        sum(kind.share * kind.seen for kind in told.values()), abs=0.05
    )
    assert told["match"].seen > told["ambiguous"].seen
    printed = recognition(some)
    table = capsys.readouterr().out
    assert all(name in table for name in printed)


def test_what_the_embeddings_are_made_of_is_judged_by_chi_squared(tmp_path: Path) -> None:
    """Of real photos; the embedding is the last layer of the features, were they of one view and of their length."""
    for name, photo in (("Eileen", astronaut()), ("Grace", hopper())):
        (tmp_path / name).mkdir()
        Image.fromarray(photo).save(tmp_path / name / "1.png")
    found = Album.of(tmp_path, limit=None, copies=False)
    features = hidden_features(tmp_path, found, np.array([1, 0]))
    assert features.shape == (2, 256)
    assert features.min() >= 0
    assert chi_squared(features[:1], features[1:]).shape == (1, 256)
    head = load_factory_backbone().head
    assert isinstance(head, nn.Linear)
    with torch.inference_mode():
        made = nn.functional.normalize(head(torch.from_numpy(features))).numpy()
    assert np.all(np.sum(made * found.embeddings[[1, 0]], axis=1) > 0.98)


def test_the_table_of_what_embeddings_are_made_of_defines_chi_squared() -> None:
    some = album(5, 60, 4)
    hidden = np.abs(some.embeddings)
    result = study(some, models=HIDDEN_MODELS, hidden=hidden, resamples=3)
    assert isinstance(result["rows"], dict)
    assert set(result["rows"]) == set(HIDDEN_MODELS)
    assert result["undefined"] == {}
