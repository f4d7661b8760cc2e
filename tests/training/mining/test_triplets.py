"""Kinds of triplets, and which negatives are chosen, against loops and by hand."""

from itertools import product

import numpy as np
import pytest

from tests.training.mining.look_alikes import look_alikes
from training.metrics.distances import squared_distances
from training.metrics.types import Counts, Distances
from training.mining import triplets
from training.mining.neighbors import as_stored
from training.mining.triplets import Shares, TripletKind, choose_triplets, kinds

ALPHA = 0.125  # sums with quarters and eighths are exact
ONLY_HARD, ONLY_SEMI_HARD, ONLY_RANDOM = Shares(1, 0, 0), Shares(0, 1, 0), Shares(0, 0, 1)


@pytest.mark.parametrize(
    ("positive", "negative", "kind"),
    [
        (0.25, 0.5, TripletKind.EASY),
        (0.25, 0.375, TripletKind.EASY),  # d(a, n) = d(a, p) + alpha: the loss is 0
        (0.25, np.nextafter(0.375, 0), TripletKind.SEMI_HARD),
        (0.25, np.nextafter(0.25, 1), TripletKind.SEMI_HARD),
        (0.25, 0.25, TripletKind.HARD),  # a tie
        (0.25, 0.125, TripletKind.HARD),
        (0.0, 0.0, TripletKind.HARD),
        (0.0, 0.125, TripletKind.EASY),
        (4.0, 4.0, TripletKind.HARD),
    ],
)
def test_the_kind_of_a_triplet_at_its_bounds(positive: float, negative: float, kind: TripletKind) -> None:
    assert kinds(np.array(positive), np.array(negative), ALPHA) == kind


def test_kinds_of_many_are_those_of_each() -> None:
    positive, negative = np.arange(9) / 16, np.arange(12) / 16
    found = kinds(positive[:, None], negative[None, :], ALPHA)
    for row, column in product(range(9), range(12)):
        p, n = row / 16, column / 16
        expected = TripletKind.HARD if n <= p else TripletKind.EASY if n >= p + ALPHA else TripletKind.SEMI_HARD
        assert found[row, column] == expected


# Faces 0 and 1 are of one person, 0.25 apart; 2 is hard for both, 3 and 4 semi-hard for 0 alone, 5 easy.
PEOPLE = np.array([1, 1, 2, 3, 4, 5])
DISTANCES = np.array(
    [
        [0.0, 0.25, 0.125, 0.3125, 0.34375, 1.0],
        [0.25, 0.0, 0.25, 0.5, 0.5, 1.0],
        [0.125, 0.25, 0.0, 1.0, 1.0, 1.0],
        [0.3125, 0.5, 1.0, 0.0, 1.0, 1.0],
        [0.34375, 0.5, 1.0, 1.0, 0.0, 1.0],
        [1.0, 1.0, 1.0, 1.0, 1.0, 0.0],
    ]
)
NONE = np.zeros((6, 6), dtype=bool)


def chosen(shares: Shares, *, listed: np.ndarray = NONE, barred: np.ndarray = NONE, each: int = 60) -> list[list[int]]:
    found: list[list[int]] = choose_triplets(
        DISTANCES,
        PEOPLE,
        listed=listed,
        barred=barred,
        alpha=ALPHA,
        shares=shares,
        rng=np.random.default_rng(1),
        each=each,
    ).tolist()
    return found


def test_each_kind_is_chosen_where_it_is_wanted() -> None:
    assert chosen(ONLY_HARD) == [[0, 1, 2], [1, 0, 2]]
    assert chosen(ONLY_RANDOM) == [[a, 1 - a, n] for a in (0, 1) for n in (2, 3, 4, 5)]


def test_a_pair_without_a_semi_hard_negative_is_left_out() -> None:
    assert chosen(ONLY_SEMI_HARD) == [[0, 1, 3], [0, 1, 4]]  # for anchor 1 only a hard one and easy ones are there


def test_a_semi_hard_negative_takes_the_place_of_a_hard_one_that_is_not_there() -> None:
    barred = NONE.copy()
    barred[0, 2] = barred[2, 0] = True
    assert chosen(ONLY_HARD, barred=barred) == [[0, 1, 3], [0, 1, 4], [1, 0, 2]]


def test_a_negative_of_the_list_comes_before_one_that_is_merely_there() -> None:
    listed = NONE.copy()
    listed[0, 4] = listed[0, 5] = True
    assert chosen(ONLY_SEMI_HARD, listed=listed) == [[0, 1, 4]]
    assert [0, 1, 3] in chosen(ONLY_RANDOM, listed=listed)  # chance knows no list


def test_so_many_negatives_for_a_pair_at_most() -> None:
    assert len(chosen(ONLY_SEMI_HARD, each=1)) == 1
    assert len(chosen(Shares(0.3, 0.6, 0.1), each=2)) <= 4


def by_loops(distances: Distances, people: Counts, barred: np.ndarray, kind: TripletKind) -> set[tuple[int, int, int]]:
    found = set()
    for a, p, n in product(range(len(people)), repeat=3):
        if a == p or people[a] != people[p] or people[a] == people[n] or barred[a, n]:
            continue
        near, far = distances[a, p], distances[a, n]
        is_of_kind = {
            TripletKind.HARD: far <= near,
            TripletKind.SEMI_HARD: near < far < near + ALPHA,
            TripletKind.EASY: far >= near + ALPHA,
        }[kind]
        if is_of_kind:
            found.add((a, p, n))
    return found


@pytest.mark.parametrize("at_once", [32 * 7, 1 << 20])
def test_what_may_be_chosen_is_what_loops_find(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(triplets, "_AT_ONCE", at_once)
    vectors, people = look_alikes(people=8, faces=4, noise=0.3, likeness=0.3)
    stored = as_stored(vectors)
    distances = squared_distances(stored, stored)
    barred = np.random.default_rng(2).random((32, 32)) < 0.3
    barred |= barred.T
    hard, semi_hard = (by_loops(distances, people, barred, kind) for kind in (TripletKind.HARD, TripletKind.SEMI_HARD))
    assert hard
    assert semi_hard

    def found(shares: Shares) -> set[tuple[int, ...]]:
        chosen = choose_triplets(
            distances,
            people,
            listed=np.zeros((32, 32), dtype=bool),
            barred=barred,
            alpha=ALPHA,
            shares=shares,
            rng=np.random.default_rng(3),
            each=150,
        )
        return {tuple(triplet) for triplet in chosen.tolist()}

    assert found(ONLY_SEMI_HARD) == semi_hard
    with_hard = {triplet[:2] for triplet in hard}
    assert found(ONLY_HARD) == hard | {triplet for triplet in semi_hard if triplet[:2] not in with_hard}


def test_shares_are_kept_where_there_is_a_choice() -> None:
    people = np.repeat([0, *range(1, 201)], [2, *[1] * 200])
    distances = np.full((202, 202), 1.0)
    distances[0, 1] = distances[1, 0] = 0.25
    hard, semi_hard, easy = slice(2, 52), slice(52, 102), slice(102, 202)
    for part, value in ((hard, 0.125), (semi_hard, 0.3125), (easy, 1.0)):
        distances[:2, part] = value
    counts = np.zeros(3)
    rng = np.random.default_rng(4)
    none = np.zeros((202, 202), dtype=bool)
    for _ in range(1500):
        negatives = choose_triplets(
            distances, people, listed=none, barred=none, alpha=ALPHA, shares=Shares(0.3, 0.6, 0.1), rng=rng, each=1
        )[:, 2]
        counts += [((negatives >= part.start) & (negatives < part.stop)).sum() for part in (hard, semi_hard, easy)]
    # Of the tenth that is random a quarter is hard, a quarter semi-hard and half easy; 3 standard errors are 0.025.
    np.testing.assert_allclose(counts / counts.sum(), [0.325, 0.625, 0.05], atol=0.025)


def test_no_faces_make_no_triplets() -> None:
    empty = np.zeros((0, 0), dtype=bool)
    found = choose_triplets(
        np.zeros((0, 0)),
        np.zeros(0, dtype=np.int64),
        listed=empty,
        barred=empty,
        alpha=ALPHA,
        shares=ONLY_HARD,
        rng=np.random.default_rng(0),
    )
    assert found.shape == (0, 3)
