"""Neighbors found on a device are those found without one."""

import numpy as np
import pytest
import torch

from tests.training.mining.look_alikes import look_alikes
from training.learning.neighbors import nearest_of_others
from training.metrics.types import Counts, Embeddings
from training.mining import exact

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("k", [1, 5, 400])
def test_a_device_finds_the_neighbors_that_numpy_finds(device: str, k: int) -> None:
    vectors, people = look_alikes(people=60, faces=5)
    assert_same(vectors, people, k, device)


@pytest.mark.parametrize("device", DEVICES)
def test_ties_beyond_what_was_looked_at_first_go_by_row(device: str) -> None:
    vectors, people = look_alikes(people=30, faces=2)
    copies = np.concatenate([vectors, np.repeat(vectors[::-1][:1], 40, axis=0)])
    owners = np.concatenate([people, np.arange(1000, 1040)])
    assert_same(copies, owners, 3, device)


def assert_same(vectors: Embeddings, people: Counts, k: int, device: str) -> None:
    expected = exact.nearest_of_others(vectors, people, k)
    told: list[int] = []
    found = nearest_of_others(
        vectors, people, k, device=torch.device(device), block_bytes=4 * len(vectors) * 70, progress=told.append
    )
    np.testing.assert_array_equal(found.rows, expected.rows)
    np.testing.assert_array_equal(found.distances, expected.distances)
    assert sum(told) == len(vectors)
    assert len(told) > 1 or len(vectors) <= 70
