"""Who is suspected: planted mistakes are found, right names are left alone, and what is proven is never doubted."""

import numpy as np
import pytest

import training.mining.suspects
from tests.training.mining.crowds import Mistaken, crowd, mistaken_crowd
from training.metrics.distances import squared_distances
from training.mining.suspects import Suspects, find_suspects


def pairs(suspects: Suspects) -> set[tuple[int, ...]]:
    return {tuple(pair) for pair in suspects.people.tolist()}


def suspected(crowd: Mistaken) -> Suspects:
    return find_suspects(crowd.vectors, crowd.names)


@pytest.mark.parametrize("seed", range(4))
def test_planted_mistakes_are_found_and_hardly_anything_else(seed: int) -> None:
    mistaken = mistaken_crowd(seed)
    suspects = suspected(mistaken)
    twice = {tuple(pair) for pair in mistaken.planted.twice.tolist()}
    wrong = set(mistaken.planted.wrong.tolist())

    assert len(twice & pairs(suspects)) >= 5
    assert len(pairs(suspects) - twice) <= 1
    assert len(wrong & set(suspects.faces.tolist())) >= 5
    assert len(set(suspects.faces.tolist()) - wrong) <= 1


def test_who_a_wrong_face_belongs_to_is_told() -> None:
    mistaken = mistaken_crowd(0)
    suspects = suspected(mistaken)
    owners = dict(zip(mistaken.planted.wrong.tolist(), mistaken.planted.owners.tolist(), strict=True))
    for face, wearer, owner in zip(suspects.faces, suspects.wearers, suspects.owners, strict=True):
        assert wearer == mistaken.names[face]
        assert owner == owners[int(face)]


@pytest.mark.parametrize("seed", range(3))
def test_nobody_is_suspected_where_nothing_is_wrong(seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    vectors, owners = crowd(rng, rng.integers(1, 9, 250))
    assert len(find_suspects(vectors, owners)) == 0


def test_the_surest_come_first() -> None:
    suspects = suspected(mistaken_crowd(1))
    assert suspects.people_expected.tolist() == sorted(suspects.people_expected)
    assert suspects.face_expected.tolist() == sorted(suspects.face_expected)


def test_the_faces_that_are_shown_are_the_nearest_of_the_two() -> None:
    mistaken = mistaken_crowd(2)
    suspects = suspected(mistaken)
    trusted = np.setdiff1d(np.arange(len(mistaken.names)), suspects.faces)
    for (first, second), (row, column), distance in zip(
        suspects.people, suspects.people_rows, suspects.people_distances, strict=True
    ):
        a, b = (trusted[mistaken.names[trusted] == person] for person in (first, second))
        assert (mistaken.names[row], mistaken.names[column]) == (first, second)
        assert distance == pytest.approx(squared_distances(mistaken.vectors[a], mistaken.vectors[b]).min())
    for face, owner, shown, distance in zip(
        suspects.faces, suspects.owners, suspects.owner_rows, suspects.face_distances, strict=True
    ):
        own = trusted[mistaken.names[trusted] == owner]
        assert shown in own
        assert distance == pytest.approx(squared_distances(mistaken.vectors[[face]], mistaken.vectors[own]).min())


def test_proven_pairs_are_never_suspected() -> None:
    mistaken = mistaken_crowd(3)
    before = suspected(mistaken)
    proven = before.people[:2][:, ::-1]  # in whatever order
    told = np.stack([before.faces[:1], before.owners[:1]], axis=1)
    after = find_suspects(mistaken.vectors, mistaken.names, proven=proven, proven_faces=told)

    assert pairs(after) == pairs(before) - {tuple(pair) for pair in before.people[:2].tolist()}
    assert after.faces.tolist() == before.faces[1:].tolist()


def test_a_wrong_face_is_in_no_batch() -> None:
    suspects = suspected(mistaken_crowd(0))
    assert suspects.excluded_rows.tolist() == sorted(suspects.faces.tolist())


def test_numbers_of_people_and_the_order_of_faces_mean_nothing() -> None:
    mistaken = mistaken_crowd(1)
    order = np.random.default_rng(5).permutation(len(mistaken.names))
    numbers = np.sort(np.random.default_rng(6).choice(10**9, int(mistaken.names.max()) + 1, replace=False))
    renamed = numbers[mistaken.names]
    plain = find_suspects(mistaken.vectors, mistaken.names)
    other = find_suspects(mistaken.vectors[order], renamed[order])

    assert {tuple(pair) for pair in numbers[plain.people].tolist()} == pairs(other)
    assert sorted(plain.faces.tolist()) == sorted(order[other.faces].tolist())


def test_a_person_with_one_photo_is_found_if_it_is_the_very_same_photo() -> None:
    rng = np.random.default_rng(7)
    vectors, owners = crowd(rng, np.concatenate([np.full(60, 4), np.ones(300, np.int64)]))
    vectors = np.concatenate([vectors, vectors[[-1]]])
    suspects = find_suspects(vectors, np.append(owners, 360))
    assert pairs(suspects) == {(359, 360)}


def test_where_too_little_is_known_nobody_is_suspected() -> None:
    vectors, owners = crowd(np.random.default_rng(8), np.ones(50, np.int64))
    suspects = find_suspects(np.concatenate([vectors, vectors[:1]]), np.append(owners, 50))
    assert suspects.noise is None
    assert len(suspects) == 0
    assert suspects.people.shape == (0, 2)
    assert len(find_suspects(vectors[:0], owners[:0])) == 0


@pytest.mark.parametrize("at_once", [1, 1000])
def test_portions_change_nothing(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    mistaken = mistaken_crowd(2)
    whole = suspected(mistaken)
    monkeypatch.setattr(training.mining.suspects, "COMPARED_AT_ONCE", at_once)
    parts = suspected(mistaken)
    assert parts.people.tolist() == whole.people.tolist()
    assert parts.faces.tolist() == whole.faces.tolist()
    assert parts.face_expected.tolist() == pytest.approx(whole.face_expected.tolist())


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="need as many people"):
        find_suspects(np.zeros((3, 4), np.float32), np.zeros(2, np.int64))
