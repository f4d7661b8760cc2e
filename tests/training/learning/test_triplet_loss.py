"""The loss against nested loops, and which triplets of a batch it is taken of."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from training.learning.triplet_loss import (
    Triplets,
    is_hard,
    mean_of_active,
    squared_distances,
    triplet_losses,
    triplets_in_batch,
)
from training.mining.triplets import Shares, TripletKind, kinds

ALPHA = 0.25
HARD = Shares(hard=1, semi_hard=0, random=0)
SEMI_HARD = Shares(hard=0, semi_hard=1, random=0)
BY_CHANCE = Shares(hard=0, semi_hard=0, random=1)


def unit_vectors(count: int, *, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.nn.functional.normalize(torch.randn(count, 5, generator=generator))


def chance(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pairs_of(people: Tensor) -> Tensor:
    return torch.tensor(
        [(a, p) for a in range(len(people)) for p in range(len(people)) if a != p and people[a] == people[p]]
    ).reshape(-1, 2)


def choose(
    distances: Tensor, people: Tensor, shares: Shares, *, each: int = 40, allowed: Tensor | None = None
) -> set[tuple[int, ...]]:
    possible = people[:, None] != people[None, :] if allowed is None else allowed
    found = triplets_in_batch(
        distances, pairs_of(people), possible, alpha=ALPHA, shares=shares, generator=chance(), each=each
    )
    assert len(found.places) == len(pairs_of(people)) * each
    return {tuple(places) for places in found.places[found.counts].tolist()}


def test_distances_are_the_squares_of_differences() -> None:
    vectors = unit_vectors(7)
    found = squared_distances(vectors)
    for i in range(7):
        for j in range(7):
            assert float(found[i, j]) == pytest.approx(float(((vectors[i] - vectors[j]) ** 2).sum()), abs=1e-6)
    assert float(found.min()) >= 0


def test_the_loss_is_the_mean_over_triplets_that_have_something_left_to_learn() -> None:
    vectors = unit_vectors(8)
    distances = squared_distances(vectors)
    places = torch.tensor([(a, p, n) for a in range(8) for p in range(8) for n in range(8) if len({a, p, n}) == 3])
    counts = torch.rand(len(places), generator=chance()) < 0.7
    total, active = 0.0, 0
    for (a, p, n), does_count in zip(places.tolist(), counts.tolist(), strict=True):
        loss = max(float(distances[a, p] - distances[a, n]) + ALPHA, 0.0)
        total += loss if does_count else 0
        active += does_count and loss > 0
    losses = triplet_losses(distances, places, ALPHA)
    assert float(mean_of_active(losses, counts)) == pytest.approx(total / active, rel=1e-5)
    assert 0 < active < len(places)


def test_without_active_triplets_the_loss_is_0_and_pulls_nowhere() -> None:
    vectors = unit_vectors(3).requires_grad_()
    losses = triplet_losses(squared_distances(vectors), torch.zeros(0, 3, dtype=torch.int64), ALPHA)
    loss = mean_of_active(losses, torch.zeros(0, dtype=torch.bool))
    (gradient,) = torch.autograd.grad(loss, vectors)
    assert float(loss.detach()) == 0
    assert torch.equal(gradient, torch.zeros_like(gradient))


def test_a_triplet_that_is_just_learned_pulls_no_more() -> None:
    distances = torch.tensor([[0.0, 0.5, 0.75], [0.5, 0.0, 1.0], [0.75, 1.0, 0.0]], requires_grad=True)
    losses = triplet_losses(distances, torch.tensor([[0, 1, 2]]), ALPHA)  # 0.5 - 0.75 + 0.25
    assert losses.tolist() == [0]
    (gradient,) = torch.autograd.grad(mean_of_active(losses, torch.tensor([True])), distances)
    assert not gradient.any()


def test_what_does_not_count_pulls_nowhere_however_large_its_loss() -> None:
    distances = torch.tensor([[0.0, 2.0, 0.1], [2.0, 0.0, 0.3], [0.1, 0.3, 0.0]], requires_grad=True)
    losses = triplet_losses(distances, torch.tensor([[0, 1, 2], [1, 0, 2]]), ALPHA)
    loss = mean_of_active(losses, torch.tensor([False, True]))
    assert float(loss.detach()) == pytest.approx(2.0 - 0.3 + ALPHA)
    (gradient,) = torch.autograd.grad(loss, distances)
    assert gradient[0].tolist() == [0, 0, 0]


# A probe (0) of person 1, its positive (1) at 0.5, and other people's faces at hand-made distances, ties among them
TIES = [0.5 - 1 / 64, 0.5, 0.5 + 1 / 64, 0.75 - 1 / 64, 0.75, 0.75 + 1 / 64]
PEOPLE = torch.tensor([1, 1, *range(2, 2 + len(TIES))])


def tied() -> Tensor:
    distances = torch.full((len(PEOPLE), len(PEOPLE)), 3.0)
    distances[0, 1] = distances[1, 0] = 0.5
    distances[0, 2:] = distances[2:, 0] = torch.tensor(TIES)
    return distances.fill_diagonal_(0)


def of_probe(chosen: set[tuple[int, ...]]) -> set[int]:
    """Places, counted from the first of the others, of what was chosen for the probe and its positive."""
    return {negative - 2 for anchor, _, negative in chosen if anchor == 0}


def test_hard_is_no_farther_than_the_positive() -> None:
    assert of_probe(choose(tied(), PEOPLE, HARD)) == {0, 1}
    places = torch.tensor([(0, 1, 2 + other) for other in range(len(TIES))])
    assert is_hard(tied(), places).tolist() == [True, True, False, False, False, False]


def test_semi_hard_is_farther_than_the_positive_and_within_alpha() -> None:
    assert of_probe(choose(tied(), PEOPLE, SEMI_HARD)) == {2, 3}


def test_the_kinds_are_those_that_the_miner_means() -> None:
    meant = kinds(np.array(0.5), np.array(TIES), ALPHA)
    assert set(np.flatnonzero(meant == TripletKind.HARD)) == of_probe(choose(tied(), PEOPLE, HARD))
    assert set(np.flatnonzero(meant == TripletKind.SEMI_HARD)) == of_probe(choose(tied(), PEOPLE, SEMI_HARD))


def test_by_chance_any_face_of_another_person_is_taken() -> None:
    assert of_probe(choose(tied(), PEOPLE, BY_CHANCE, each=100)) == set(range(len(TIES)))


def test_where_no_hard_one_is_there_a_semi_hard_one_takes_its_place() -> None:
    distances = tied()
    distances[0, 2:4] = 3.0
    assert of_probe(choose(distances, PEOPLE, HARD)) == {2, 3}


def test_where_no_semi_hard_one_is_there_the_pair_goes_without_and_never_gets_the_hardest() -> None:
    distances = tied()
    distances[0, 4:6] = 3.0
    assert of_probe(choose(distances, PEOPLE, SEMI_HARD)) == set()


def test_what_is_not_allowed_is_never_chosen() -> None:
    allowed = PEOPLE[:, None] != PEOPLE[None, :]
    allowed[0, 3] = allowed[3, 0] = False
    assert of_probe(choose(tied(), PEOPLE, HARD, allowed=allowed)) == {0}
    assert of_probe(choose(tied(), PEOPLE, BY_CHANCE, each=100, allowed=allowed)) == {0, 2, 3, 4, 5}


def test_a_batch_of_one_person_has_no_triplets() -> None:
    people = torch.zeros(4, dtype=torch.int64)
    assert choose(squared_distances(unit_vectors(4)), people, BY_CHANCE) == set()


def test_against_loops_each_chosen_triplet_is_of_a_kind_that_was_asked_for_and_each_such_one_is_chosen() -> None:
    people = torch.tensor([0, 0, 0, 1, 1, 2, 3, 3])
    distances = squared_distances(unit_vectors(8, seed=3))
    expected = set()
    for a in range(8):
        for p in range(8):
            for n in range(8):
                if a == p or people[a] != people[p] or people[a] == people[n]:
                    continue
                if distances[a, p] < distances[a, n] < distances[a, p] + ALPHA:
                    expected.add((a, p, n))
    assert choose(distances, people, SEMI_HARD, each=200) == expected
    assert expected


def test_the_kinds_are_drawn_in_the_shares_that_were_asked_for() -> None:
    distances = tied()
    distances[0, 2:] = torch.tensor([0.1, 0.6, 3.0, 3.0, 3.0, 3.0])  # one hard, one semi-hard, four easy
    found = triplets_in_batch(
        distances,
        torch.tensor([[0, 1]]),
        PEOPLE[:, None] != PEOPLE[None, :],
        alpha=ALPHA,
        shares=Shares(hard=0.5, semi_hard=0.2, random=0.3),
        generator=chance(),
        each=4000,
    )
    share = torch.bincount(found.places[:, 2], minlength=8)[2:] / 4000
    spread = 4 * math.sqrt(0.25 / 4000)
    assert share.tolist() == pytest.approx([0.55, 0.25, 0.05, 0.05, 0.05, 0.05], abs=spread)


def test_the_same_chance_makes_the_same_choice() -> None:
    distances, people = squared_distances(unit_vectors(8, seed=3)), torch.tensor([0, 0, 0, 1, 1, 2, 3, 3])
    allowed = people[:, None] != people[None, :]

    def chosen(seed: int) -> list[list[int]]:
        found = triplets_in_batch(
            distances, pairs_of(people), allowed, alpha=ALPHA, shares=BY_CHANCE, generator=chance(seed)
        )
        result: list[list[int]] = found.places.tolist()
        return result

    assert chosen(1) == chosen(1) != chosen(2)


def test_triplets_beside_others_keep_what_counts() -> None:
    first = Triplets.of(torch.tensor([[0, 1, 2]]))
    other = Triplets(torch.tensor([[1, 0, 2], [2, 3, 0]]), torch.tensor([False, True]))
    both = first.beside(other)
    assert both.places.tolist() == [[0, 1, 2], [1, 0, 2], [2, 3, 0]]
    assert both.counts.tolist() == [True, False, True]
