"""The lower tail of distances of different people: a power law, whoever is there twice."""

import numpy as np
import pytest

from training.mining.tails import GROUPS, Tail, fit_tail, group_of


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("power", [3.0, 8.0, 20.0])
def test_a_tail_is_a_power_whoever_is_there_twice(power: float) -> None:
    ratios = np.sort(4.0 * rng(11).uniform(size=2_000) ** (1 / power))  # F(r) = (r / 4) ** power, 1 % of all pairs
    tail = fit_tail(ratios, 200_000, near=0.0)
    doubles = np.concatenate([rng(12).uniform(0.1, 1.5, 40), ratios])
    beside = fit_tail(np.sort(doubles), 200_040, near=1.6)
    for fitted in (tail, beside):
        assert fitted is not None
        assert fitted.power == pytest.approx(power, rel=0.15)
        truth = 0.01 * (3.0 / 4.0) ** power
        assert truth * 0.9 < fitted.chance(np.array([3.0]))[0] < truth * 1.5


def test_beyond_its_end_a_tail_says_nothing() -> None:
    chances = Tail(end=2.0, share=0.01, power=5.0).chance(np.array([0.0, 1.0, 2.0, 2.1]))
    assert chances == pytest.approx([0.0, 0.01 / 32, 0.01, 1.0])


def test_too_few_pairs_have_no_tail() -> None:
    assert fit_tail(np.linspace(1, 2, 5), 100, near=0.5) is None


def test_groups_have_the_next_smaller_size() -> None:
    assert group_of(np.array([1, 2, 3, 4, 7, 8, 500])).tolist() == [1, 2, 2, 4, 4, 8, 8]
    assert GROUPS == (1, 2, 4, 8)
