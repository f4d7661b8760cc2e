"""Rates in larger galleries, where the truth is known by construction."""

import numpy as np
import pytest
from scipy import stats

from training.metrics.projection import grown, grown_counts, projected
from training.metrics.rates import Rates


def whole(
    value: list[float], *, low: float = 0.8, high: float = 1.25, resampled: list[list[float]] | None = None
) -> Rates:
    rate = np.array(value)
    return Rates(
        value=rate,
        low=rate * low,
        high=np.minimum(rate * high, 1),
        resampled=np.array(resampled or [value]),
        errors=rate * 1_000,
        people=np.full(len(value), 40, dtype=np.int64),
        trials=1_000.0,
    )


def test_strangers_whose_rates_are_inverse_gaussian_are_projected_exactly() -> None:
    rng = np.random.default_rng(0)
    mean, shape, size = 1e-3, 3e-4, 200
    rates = rng.wald(mean, shape, size=400_000)  # of each stranger, to be mistaken for one person

    def fpir(people: float) -> float:
        return float(-np.expm1(np.log(np.mean(np.exp(-rates * people)))))

    both = [np.array([[fpir(size / 2)]] * 2), np.array([[fpir(size)]] * 2)]
    for times in (2, 10, 100):
        found = projected(whole([fpir(size)]), both[0], both[1], times)
        assert found.value[0] == pytest.approx(fpir(times * size), rel=0.02)


def test_equally_likely_strangers_are_projected_by_the_power_of_the_size() -> None:
    value, half = 0.02, 1 - (1 - 0.02) ** 0.5
    found = projected(whole([value]), np.array([[half]] * 2), np.array([[value]] * 2), 10)

    assert found.value[0] == pytest.approx(1 - (1 - value) ** 10, rel=1e-9)
    assert found.low[0] == pytest.approx(1 - (1 - 0.8 * value) ** 10, rel=1e-9)
    assert found.high[0] == pytest.approx(1 - (1 - 1.25 * value) ** 10, rel=1e-9)


def test_who_is_mistaken_whatever_the_size_is_not_mistaken_more_often() -> None:
    # Half of the gallery mistakes nearly as many as all of it: then growth is least, that of the root.
    found = projected(whole([0.1]), np.array([[0.099]] * 2), np.array([[0.1]] * 2), 100)

    assert found.value[0] == pytest.approx(-np.expm1(10 * np.log1p(-0.1)), rel=0.01)


def test_a_gallery_of_the_same_size_has_the_same_rate() -> None:
    found = projected(whole([0.0, 0.1, 1.0]), np.array([[0, 0.06, 1.0]] * 2), np.array([[0, 0.1, 1.0]] * 2), 1)

    assert found.value.tolist() == pytest.approx([0, 0.1, 1.0])


def test_without_an_error_the_rule_of_three_grows_with_the_gallery() -> None:
    rate = whole([0.0])
    rate.high[0] = 3 / 100
    found = projected(rate, np.zeros((2, 1)), np.zeros((2, 1)), 10)

    assert (found.value[0], found.low[0]) == (0, 0)
    assert found.high[0] == pytest.approx(1 - 0.97**10)


def test_the_interval_holds_what_the_resamples_say() -> None:
    resampled = [[0.01 * (row + 1)] for row in range(10)]
    halves = np.array([[0.03], *[[0.006 * (row + 1)] for row in range(10)]])
    wholes = np.array([[0.05], *resampled])
    found = projected(whole([0.05], low=0.99, high=1.01, resampled=resampled), halves, wholes, 10)

    assert found.low[0] < 0.5 * found.value[0]
    assert found.high[0] > 1.3 * found.value[0]
    assert found.resampled.shape == (10, 1)


def test_a_larger_tau_never_has_a_smaller_rate() -> None:
    value = [0.010, 0.011, 0.012, 0.2]
    halves = np.array([[0.005, 0.0075, 0.0065, 0.13]] * 3)  # the second grows more slowly than the first
    wholes = np.array([value] * 3)
    rate = whole(value, resampled=[value, [0.02, 0.01, 0.03, 0.04]])
    alone = [grown(halves[0, [at]], wholes[0, [at]], 100.0)[0] for at in range(4)]
    found = projected(rate, halves, wholes, 100.0)

    assert alone[1] < alone[0]
    assert found.value.tolist() == pytest.approx([alone[0], alone[0], max(alone[0], alone[2]), max(alone)])
    for along in (found.value, found.low, found.high, *found.resampled):
        assert np.all(np.diff(along) >= 0)
    assert np.all((found.low <= found.value) & (found.value <= found.high))


def test_counts_of_strangers_all_alike_are_poisson() -> None:
    rate = np.array([0.02, 0.3])
    found = grown_counts(1 - np.sqrt(1 - rate), rate, 10.0, 20)

    for row, each in enumerate(rate):
        expected = stats.poisson.pmf(np.arange(20), -10 * np.log1p(-each))
        assert found[row] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("times", [1.0, 2.0, 10.0, 100.0, 10_000.0])
def test_counts_are_those_of_a_poisson_mixture_by_quadrature(times: float) -> None:
    mean, shape = 0.05, 0.02  # of the number of people who pass, in the gallery that there is

    def with_one(people: float) -> float:
        return float(-np.expm1(shape / mean * (1 - np.sqrt(1 + 2 * mean**2 * people / shape))))

    at = np.exp(np.linspace(np.log(1e-9), np.log(1e3), 200_001))
    weights = stats.invgauss.pdf(at, mean / shape, scale=shape) * at
    expected = [np.trapezoid(weights * stats.poisson.pmf(count, at * times), np.log(at)) for count in range(20)]
    found = grown_counts(np.array(with_one(0.5)), np.array(with_one(1.0)), times, 20)

    assert found.tolist() == pytest.approx(expected, abs=1e-8)
    assert found[0] == pytest.approx(1 - with_one(times), abs=1e-9)
