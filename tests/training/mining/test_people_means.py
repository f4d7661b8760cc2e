"""Means of people's faces, in portions, against loops."""

import numpy as np
import pytest

from tests.training.mining.crowds import crowd
from training.mining import people_means
from training.mining.people_means import means_of, own_distances, places_of_each


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("at_once", [7, 100_000])
def test_means_and_distances_from_the_others_are_those_of_loops(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people_means, "FACES_AT_ONCE", at_once)
    vectors, owners = crowd(rng(), rng().integers(1, 6, 30))
    owners = owners + 2  # nobody has the numbers 0 and 1
    shuffled = rng().permutation(len(owners))
    vectors, owners = vectors[shuffled], owners[shuffled]
    means, counts = means_of(vectors, owners, 33)
    distances = own_distances(vectors, owners, means, counts)

    for person in range(33):
        faces = [vectors[row].astype(float) for row in range(len(owners)) if owners[row] == person]
        assert counts[person] == len(faces)
        expected = sum(faces) / len(faces) if faces else np.zeros(128)
        assert means[person] == pytest.approx(expected, abs=1e-12)
    for row, owner in enumerate(owners):
        others = [
            vectors[other].astype(float) for other in range(len(owners)) if owners[other] == owner and other != row
        ]
        if others:
            assert distances[row] == pytest.approx(float(np.sum((vectors[row] - sum(others) / len(others)) ** 2)))
        else:
            assert np.isnan(distances[row])


def test_each_owners_faces_have_places_from_nought() -> None:
    owners = rng(1).integers(0, 9, 60)
    order, places, sizes = places_of_each(owners, rng(2))
    assert sorted(order.tolist()) == list(range(60))
    for owner in range(9):
        mine = owners[order] == owner
        assert places[mine].tolist() == list(range(int(np.sum(owners == owner))))
        assert set(sizes[mine].tolist()) <= {int(np.sum(owners == owner))}
    assert order.tolist() != places_of_each(owners, rng(3))[0].tolist()
