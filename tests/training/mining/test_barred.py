"""Pairs that must not be pushed apart, against loops over sets."""

import numpy as np

from training.mining.barred import BarredPairs
from training.mining.neighbors import NOBODY, Neighbors

INF = np.inf


def by_loops(
    faces: list[int], people: list[int], face_pairs: set[frozenset[int]], person_pairs: set[frozenset[int]]
) -> list[list[bool]]:
    return [
        [
            people[i] != people[j]
            and (frozenset((faces[i], faces[j])) in face_pairs or frozenset((people[i], people[j])) in person_pairs)
            for j in range(len(faces))
        ]
        for i in range(len(faces))
    ]


def test_the_matrix_is_what_loops_find() -> None:
    rng = np.random.default_rng(1)
    owners = rng.integers(0, 40, 300) * 3 + 1000
    for _ in range(20):
        places = rng.integers(0, 300, 24)  # a face may be there twice
        face_pairs = rng.integers(0, 300, (200, 2)) * 10 + 5
        person_pairs = rng.integers(0, 40, (15, 2)) * 3 + 1000
        barred = BarredPairs.of(faces=face_pairs, people=person_pairs)
        faces, people = places * 10 + 5, owners[places]
        found = barred.matrix(faces, people)
        expected = by_loops(
            faces.tolist(),
            people.tolist(),
            set(map(frozenset, face_pairs.tolist())),
            set(map(frozenset, person_pairs.tolist())),
        )
        assert found.tolist() == expected


def test_pairs_are_kept_once_and_in_order() -> None:
    barred = BarredPairs.of(faces=[(9, 2), (2, 9), (1, 3)], people=[(7, 5)])
    assert barred.faces.tolist() == [[1, 3], [2, 9]]
    assert barred.people.tolist() == [[5, 7]]
    assert len(barred) == 3


def test_ids_between_and_beyond_those_known_are_not_barred() -> None:
    barred = BarredPairs.of(faces=[(10, 20)])
    faces = np.array([0, 10, 15, 20, 99])
    assert np.argwhere(barred.matrix(faces, np.arange(5))).tolist() == [[1, 3], [3, 1]]


def test_without_pairs_nothing_is_barred() -> None:
    none = BarredPairs.of()
    assert not len(none)
    assert not none.matrix(np.arange(4), np.arange(4)).any()
    neighbors = Neighbors(np.array([[1, NOBODY]]), np.array([[0.5, INF]]))
    assert none.mask_neighbors(neighbors, np.arange(1), np.arange(1)) is neighbors


def test_barred_neighbors_are_left_out_and_the_others_move_up() -> None:
    faces, people = np.array([50, 51, 52, 53]), np.array([1, 2, 3, 4])
    neighbors = Neighbors(
        np.array([[1, 2, 3], [0, 2, NOBODY], [3, 0, 1], [2, 1, 0]]),
        np.array([[0.1, 0.2, 0.3], [0.1, 0.4, INF], [0.1, 0.2, 0.4], [0.1, 0.2, 0.3]]),
    )
    found = BarredPairs.of(faces=[(51, 50)], people=[(3, 4)]).mask_neighbors(neighbors, faces, people)
    assert found.rows.tolist() == [[2, 3, NOBODY], [2, NOBODY, NOBODY], [0, 1, NOBODY], [1, 0, NOBODY]]
    assert found.distances.tolist() == [[0.2, 0.3, INF], [0.4, INF, INF], [0.2, 0.4, INF], [0.2, 0.3, INF]]


def test_an_absent_neighbor_is_not_taken_for_the_face_in_row_0() -> None:
    faces, people = np.array([50, 51]), np.array([1, 2])
    neighbors = Neighbors(np.array([[NOBODY], [NOBODY]]), np.full((2, 1), INF))
    found = BarredPairs.of(faces=[(50, 51)]).mask_neighbors(neighbors, faces, people)
    assert found.rows.tolist() == [[NOBODY], [NOBODY]]
