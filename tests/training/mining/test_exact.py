"""The exact product against loops over all pairs."""

import numpy as np
import pytest

from tests.training.mining.look_alikes import look_alikes
from training.metrics.types import Counts, Embeddings
from training.mining.exact import nearest_of_others
from training.mining.neighbors import NOBODY, as_stored


def by_loops(vectors: Embeddings, people: Counts, k: int) -> tuple[list[list[int]], list[list[float]]]:
    stored = as_stored(vectors).astype(np.float64)
    rows, distances = [], []
    for anchor, person in enumerate(people):
        found = sorted(
            (float(sum((a - b) ** 2 for a, b in zip(stored[anchor], stored[other], strict=True))), other)
            for other in range(len(people))
            if people[other] != person
        )[:k]
        found += [(np.inf, NOBODY)] * (k - len(found))
        rows.append([row for _, row in found])
        distances.append([distance for distance, _ in found])
    return rows, distances


@pytest.mark.parametrize("k", [1, 4, 70])
@pytest.mark.parametrize("block_bytes", [1, 4 * 60 * 7, 1 << 20])
def test_it_finds_what_loops_find_whatever_the_block(k: int, block_bytes: int) -> None:
    vectors, people = look_alikes(people=20, faces=3, dimension=8)
    order = np.random.default_rng(5).permutation(60)  # a person's faces need not lie beside each other
    vectors, people = vectors[order], people[order]
    vectors[41] = vectors[7]
    rows, distances = by_loops(vectors, people, k)
    found = nearest_of_others(vectors, people, k, block_bytes=block_bytes)
    assert found.rows.tolist() == rows
    assert found.distances.tolist() == distances  # to the last bit: halves


def test_a_group_of_many_columns_hides_nobody() -> None:
    vectors, people = look_alikes(people=500, faces=4, dimension=16)  # 31 groups for k 3
    found = nearest_of_others(vectors, people, 3)
    stored = as_stored(vectors).astype(np.float64)
    for anchor in range(0, 2000, 97):
        all_of_them = ((stored - stored[anchor]) ** 2).sum(axis=1)
        all_of_them[people == people[anchor]] = np.inf
        assert found.rows[anchor].tolist() == np.lexsort((np.arange(2000), all_of_them))[:3].tolist()


def test_copies_of_one_face_go_by_row() -> None:
    vectors = np.tile(np.eye(4, dtype=np.float32)[:1], (300, 1))
    found = nearest_of_others(vectors, np.arange(300) // 2, 2)
    assert found.rows[0].tolist() == [2, 3]
    assert found.rows[299].tolist() == [0, 1]
    assert (found.distances == 0).all()


def test_one_person_alone_has_no_neighbors() -> None:
    found = nearest_of_others(np.eye(3, dtype=np.float32), np.array([5, 5, 5]), 2)
    assert (found.rows == NOBODY).all()
    assert np.isinf(found.distances).all()


def test_progress_is_told_for_every_face() -> None:
    vectors, people = look_alikes(people=10, faces=3)
    told: list[int] = []
    nearest_of_others(vectors, people, 2, block_bytes=4 * 30 * 8, progress=told.append)
    assert told == [8, 8, 8, 6]
