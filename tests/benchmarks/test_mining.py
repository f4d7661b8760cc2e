"""What the benchmark of mining counts, against loops, and its rivals' own searches."""

import numpy as np
import pytest

from benchmarks.mining_rivals import batches_by_chance, flat, in_batch_miners, in_batches, others_of
from benchmarks.mining_truth import Truth
from tests.training.mining.look_alikes import look_alikes
from training.mining.exact import nearest_of_others
from training.mining.neighbors import as_stored

K = 5


def test_the_truth_is_the_exact_product_and_hard_is_nearer_than_the_farthest_photo() -> None:
    vectors, people = look_alikes(people=40, faces=4, noise=0.3, likeness=0.3)
    anchors = np.arange(0, 160, 3)
    truth = Truth.of(vectors, people, anchors, K)
    exact = nearest_of_others(vectors, people, K)
    np.testing.assert_array_equal(truth.rows, exact.rows[anchors])
    stored = as_stored(vectors).astype(np.float64)
    for place, anchor in enumerate(anchors):
        own = [((stored[anchor] - stored[row]) ** 2).sum() for row in range(160) if people[row] == people[anchor]]
        assert truth.is_hard[place].tolist() == (exact.distances[anchor] <= max(own)).tolist()
    assert truth.is_hard.any()
    assert not truth.is_hard.all()


def test_what_is_found_is_counted_among_the_anchors_that_were_asked_about() -> None:
    truth = Truth(
        anchors=np.array([2, 7]),
        rows=np.array([[1, 3], [4, 9]]),
        is_hard=np.array([[True, False], [True, True]]),
        faces=10,
    )
    anchors, others = np.array([2, 2, 7, 5]), np.array([3, 8, 4, 1])
    recall, hard = truth.found(np.array([2, 5, 7]), anchors, others)
    assert recall == 0.5
    assert hard == pytest.approx(1 / 3)
    assert truth.found(np.array([2, 5]), anchors, others) == (0.5, 0.0)
    assert truth.found(np.array([2, 7]), anchors[:0], others[:0]) == (0.0, 0.0)


def test_faiss_is_asked_again_where_a_persons_own_photos_take_the_room() -> None:
    vectors, people = look_alikes(people=20, faces=30, seed=3)
    asked = np.arange(0, 600, 7)
    anchors, others = others_of(flat(as_stored(vectors).astype(np.float32)), vectors, people, asked, K)
    exact = nearest_of_others(vectors, people, K)
    for anchor in asked:
        assert len(np.intersect1d(others[anchors == anchor], exact.rows[anchor])) >= K - 1  # single precision
    assert (people[anchors] != people[others]).all()


def test_miners_within_a_batch_find_what_is_in_the_batch() -> None:
    vectors, people = look_alikes(people=30, faces=4, noise=0.3, likeness=0.3)
    batches = [np.arange(0, 40), np.arange(60, 100)]
    for name, miner in in_batch_miners(0.1).items():
        found = in_batches(miner, vectors, people, batches)
        assert len(found.anchors) > 10, name
        assert (people[found.anchors] != people[found.others]).all()
        assert (found.anchors // 60 == found.others // 60).all()


def test_batches_by_chance_are_whole_and_of_so_many_photos_each_at_most() -> None:
    people = np.repeat(np.arange(50), [1, 2, 3, 4, 9] * 10)
    drawn = batches_by_chance(people, size=24, each=4, seed=1)
    for _, rows in zip(range(5), drawn, strict=False):
        assert len(np.unique(rows)) == 24
        assert np.bincount(people[rows]).max() <= 4
