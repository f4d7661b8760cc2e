"""Average linkage against a loop over all pairs, and the cases that must not be joined."""

import numpy as np
import pytest

from faces.services.clustering import Group, join

Found = list[list[int]]


def faces_of(people: int, each: int, *, noise: float, seed: int, dimension: int = 16) -> np.ndarray:
    """`people` * `each` unit vectors in no order, as float32."""
    generator = np.random.default_rng(seed)
    centers = generator.normal(size=(people, dimension))
    centers /= np.linalg.norm(centers, axis=1, keepdims=True)
    vectors = np.repeat(centers, each, axis=0) + noise * generator.normal(size=(people * each, dimension))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return generator.permutation(vectors).astype(np.float32)


def joined(
    vectors: np.ndarray, tau: float, *, groups: list[Group] | None = None, closed: tuple[int, ...] = ()
) -> Found:
    """The groups as sorted lists of faces; each face is one group at first, on a photo of its own."""
    if groups is None:
        groups = [Group([index], {index}) for index in range(len(vectors))]
    sums = np.array([vectors[group.members].sum(axis=0) for group in groups], dtype=np.float32)
    pairs = [(a, b) for a in range(len(groups)) for b in range(a + 1, len(groups))]
    near = [
        (a, b)
        for a, b in pairs
        if any(distance(vectors[i], vectors[j]) <= tau for i in groups[a].members for j in groups[b].members)
    ]
    left = join(groups, sums, np.array(near, dtype=np.int64).reshape(-1, 2), tau=tau, closed=closed)
    return sorted(sorted(groups[index].members) for index in left)


def distance(first: np.ndarray, second: np.ndarray) -> float:
    return float(((first.astype(np.float64) - second.astype(np.float64)) ** 2).sum())


def by_loops(vectors: np.ndarray, tau: float) -> list[list[int]]:
    """Join the two groups of the smallest mean distance, over all pairs of their faces, until none is within tau."""
    groups = [[index] for index in range(len(vectors))]
    while True:
        best, nearest = tau, None
        for a in range(len(groups)):
            for b in range(a + 1, len(groups)):
                total = 0.0
                for i in groups[a]:
                    for j in groups[b]:
                        total += distance(vectors[i], vectors[j])
                mean = total / (len(groups[a]) * len(groups[b]))
                if mean <= best:
                    best, nearest = mean, (a, b)
        if nearest is None:
            return sorted(sorted(group) for group in groups)
        groups[nearest[0]] += groups.pop(nearest[1])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("tau", [0.05, 0.15, 0.4, 0.8])
def test_groups_are_those_of_a_loop_over_all_pairs(tau: float, seed: int) -> None:
    vectors = faces_of(8, 5, noise=0.07, seed=seed)
    assert joined(vectors, tau) == by_loops(vectors, tau)


def test_people_who_lie_apart_are_told_apart() -> None:
    vectors = faces_of(12, 6, noise=0.02, seed=9)
    assert sorted(len(group) for group in joined(vectors, 0.1)) == [6] * 12


def on_a_circle(*degrees: float) -> np.ndarray:
    angles = np.deg2rad(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_a_chain_of_look_alikes_is_not_one_person() -> None:
    step = 2 - 2 * np.cos(np.deg2rad(10))  # the distance between two that stand beside each other
    chain = on_a_circle(*range(0, 90, 10))
    assert max(len(group) for group in joined(chain, 1.01 * step)) == 2


def test_a_distance_of_exactly_tau_is_near_enough_and_one_above_is_not() -> None:
    vectors = np.array([[1, 0, 0], [0, 1, 0]], dtype=np.float32)
    assert joined(vectors, 2.0) == [[0, 1]]
    assert joined(vectors, 1.999) == [[0], [1]]


def test_of_equal_distances_the_first_faces_are_joined_first() -> None:
    groups = [Group([0], {7}), Group([1], {8}), Group([2], {7})]
    assert joined(np.eye(3, dtype=np.float32), 2.0, groups=groups) == [[0, 1], [2]]


def test_two_faces_of_one_photo_are_two_people() -> None:
    vectors = on_a_circle(0, 1, 2)
    groups = [Group([0], {7}), Group([1], {7}), Group([2], {8})]
    assert joined(vectors, 1.0, groups=groups) in ([[0], [1, 2]], [[0, 2], [1]])


def test_a_face_that_was_taken_out_of_a_group_does_not_come_back_by_itself_or_with_others() -> None:
    vectors = on_a_circle(0, 1, 2, 3)
    groups = [Group([0, 1], {0, 1}, origins={5}), Group([2], {2}, refused={5}), Group([3], {3})]
    found = joined(vectors, 1.0, groups=groups)
    assert [0, 1, 2] not in found
    assert [0, 1, 2, 3] not in found


def test_a_dismissed_group_takes_new_faces_but_no_other_group() -> None:
    vectors = on_a_circle(0, 1, 2, 3, 4)
    groups = [Group([0, 1], {0, 1}, origins={5}), Group([2, 3], {2, 3}, origins={6}), Group([4], {4})]
    assert joined(vectors, 1.0, groups=groups, closed=(5,)) in ([[0, 1], [2, 3, 4]], [[0, 1, 4], [2, 3]])
    groups = [Group([0, 1], {0, 1}, origins={5}), Group([2], {2}), Group([3], {3}), Group([4], {4})]
    assert joined(vectors, 1.0, groups=groups, closed=(5,)) == [[0, 1, 2, 3, 4]]


def test_earlier_groups_stay_together_and_count_as_what_they_are() -> None:
    vectors = on_a_circle(0, 40, 41)
    groups = [Group([0, 1], {0, 1}, origins={5}), Group([2], {2})]
    near = distance(vectors[1], vectors[2])
    mean = (distance(vectors[0], vectors[2]) + near) / 2
    assert joined(vectors, mean + 1e-5, groups=groups) == [[0, 1, 2]]
    groups = [Group([0, 1], {0, 1}, origins={5}), Group([2], {2})]
    assert joined(vectors, mean - 1e-3, groups=groups) == [[0, 1], [2]]


def test_nothing_and_a_single_face_are_groups_already() -> None:
    assert joined(np.zeros((0, 4), dtype=np.float32), 1.0) == []
    assert joined(on_a_circle(0), 1.0) == [[0]]
