"""FPIR in larger galleries, where the truth is known by construction."""

import numpy as np
import pytest

from training.metrics.projection import projected
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
