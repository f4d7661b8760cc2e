"""The protocol of LFW, against its definition."""

import numpy as np
import pytest

from tests.training.metrics import loops
from training.metrics.folds import accuracy_at, best_tau, folded_accuracy


@pytest.mark.parametrize("seed", range(30))
def test_the_best_tau_is_the_one_that_loops_find(seed: int) -> None:
    rng = np.random.default_rng(seed)
    is_mated = rng.random(60) < rng.uniform(0.1, 0.9)
    is_mated[:2] = [True, False]
    distances = rng.integers(0, 12, size=60) / 8 + np.where(is_mated, 0, 0.5)

    assert best_tau(distances, is_mated) == loops.best_tau(distances[is_mated].tolist(), distances[~is_mated].tolist())


def test_of_equally_good_taus_the_tightest_is_best() -> None:
    # 0.5 and 1.5 both decide three of four pairs rightly
    assert best_tau(np.array([0.5, 1.5, 1.0, 2.0]), np.array([True, True, False, False])) == 0.5


def test_matching_nothing_can_be_best() -> None:
    assert best_tau(np.array([2.0, 1.0, 1.5]), np.array([True, False, False])) == 0.0


def test_equal_photos_of_different_people_match_at_every_tau() -> None:
    # nothing can be done about the pair at 0; one more right decision is gained at 1
    assert best_tau(np.array([0.0, 1.0, 2.0]), np.array([False, True, False])) == 1.0


def test_a_pair_exactly_at_tau_counts_as_a_match() -> None:
    distances, is_mated = np.array([0.5, 0.5]), np.array([True, False])

    assert accuracy_at(0.5, distances, is_mated) == 0.5
    assert accuracy_at(0.49, distances, is_mated) == 0.5
    assert accuracy_at(0.5, distances[:1], is_mated[:1]) == 1.0


@pytest.mark.parametrize("seed", range(10))
def test_each_fold_is_judged_at_the_tau_of_the_others(seed: int) -> None:
    rng = np.random.default_rng(seed)
    is_mated = np.arange(60) % 2 == 0
    distances = rng.integers(0, 10, size=60) / 8 + np.where(is_mated, 0, 0.5)
    folds = np.repeat(np.arange(5), 12)

    result = folded_accuracy(distances, is_mated, folds)

    for fold, tau, accuracy in zip(range(5), result.taus, result.accuracies, strict=True):
        rest = [(d, m) for d, m, f in zip(distances, is_mated, folds, strict=True) if f != fold]
        assert tau == loops.best_tau([d for d, m in rest if m], [d for d, m in rest if not m])
        judged = [(d, m) for d, m, f in zip(distances, is_mated, folds, strict=True) if f == fold]
        assert accuracy == sum(1 for d, m in judged if (d <= tau) == m) / len(judged)
    mean = sum(result.accuracies) / 5
    assert result.mean == pytest.approx(mean)
    assert result.std == pytest.approx((sum((a - mean) ** 2 for a in result.accuracies) / 4) ** 0.5)
    assert result.standard_error == pytest.approx(result.std / 5**0.5)


def test_a_fold_never_sees_its_own_tau() -> None:
    # Fold 0 would be perfect at 0.9; the other folds say 0.5.
    distances = np.array([0.9, 1.0, 0.5, 0.6, 0.5, 0.6])
    is_mated = np.array([True, False] * 3)

    result = folded_accuracy(distances, is_mated, np.array([0, 0, 1, 1, 2, 2]))

    assert result.accuracies[0] == 0.5
    assert result.taus[0] == 0.5


def test_one_fold_is_refused() -> None:
    with pytest.raises(ValueError, match="at least two folds"):
        folded_accuracy(np.array([0.5, 1.0]), np.array([True, False]), np.array([0, 0]))
