"""What the benchmark of groupings counts, by hand and by loops, and the rivals' own rules."""

import numpy as np
import pytest

from benchmarks.grouping_scores import components, dbscan, full_average_linkage, pairs_within, scores


def test_pairs_and_faces_are_counted_as_by_hand() -> None:
    found = scores(np.array([1, 1, 1, 2, 3]), np.array([7, 7, 8, 8, 9]))
    assert (found.precision, found.recall, found.f) == pytest.approx((1 / 3, 1 / 2, 0.4))
    # Faces: 2/3, 2/3, 1/3, 1, 1 of their group are their person's; 1, 1, 1/2, 1/2, 1 of their person are in the group.
    assert found.bcubed_precision == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1 + 1) / 5)
    assert found.bcubed_recall == pytest.approx((1 + 1 + 0.5 + 0.5 + 1) / 5)
    assert (found.groups, found.people, found.largest) == (1, 2, 3)


def test_pairs_are_those_of_a_loop() -> None:
    generator = np.random.default_rng(1)
    groups, people = generator.integers(0, 9, 60), generator.integers(0, 7, 60)
    together = same_group = same_person = 0
    for a in range(60):
        for b in range(a):
            same_group += groups[a] == groups[b]
            same_person += people[a] == people[b]
            together += groups[a] == groups[b] and people[a] == people[b]
    found = scores(groups, people)
    assert (found.precision, found.recall) == pytest.approx((together / same_group, together / same_person))


def test_a_perfect_grouping_has_perfect_scores() -> None:
    people = np.array([3, 3, 1, 2, 2])
    found = scores(people * 10, people)
    assert (found.f, found.bcubed_f) == (1, 1)


def on_a_circle(*degrees: float) -> np.ndarray:
    angles = np.deg2rad(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def distance(degrees: float) -> float:
    return float(2 - 2 * np.cos(np.deg2rad(degrees)))


def groups(labels: np.ndarray) -> list[list[int]]:
    return sorted(np.flatnonzero(labels == label).tolist() for label in np.unique(labels))


def test_components_follow_a_chain_and_average_linkage_does_not() -> None:
    chain = on_a_circle(0, 10, 20, 30, 90)
    tau = distance(10.1)
    graph = pairs_within(chain, distance(60))
    assert groups(components(graph, tau)) == [[0, 1, 2, 3], [4]]
    assert max(map(len, groups(full_average_linkage(chain, tau)))) == 2


def test_dbscan_holds_together_by_faces_with_enough_neighbors() -> None:
    faces = on_a_circle(0, 1, 2, 3, 40, 41)
    graph = pairs_within(faces, distance(60))
    assert groups(dbscan(graph, distance(2.1), core=2)) == [[0, 1, 2, 3], [4], [5]]
    assert groups(dbscan(graph, distance(2.1), core=1)) == [[0, 1, 2, 3], [4, 5]]


def test_pairs_within_tau_are_all_found_both_ways() -> None:
    faces = on_a_circle(0, 5, 50)
    graph = pairs_within(faces, distance(6)).toarray()
    assert graph[0, 1] == graph[1, 0] == pytest.approx(distance(5), abs=1e-6)
    assert graph.astype(bool).sum() == 2
