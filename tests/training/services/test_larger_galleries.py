"""FPIR with other numbers of people, against loops over what was compared."""

from itertools import pairwise
from math import log10

import pytest

from tests.training.made import evidence, figures
from tests.training.measured import made
from training.metrics.figures import Figures
from training.services.charts import Line
from training.services.larger_galleries import chart_of, sizes_to_draw, with_people
from training.services.rates_at_size import fnir_at_size, fpir_at_size
from training.services.report_words import rate_at

TAUS = {"recognition": 0.4, "verification": 0.5}


def looped_fpir(tau: float) -> float:
    """Of the made-up people's faces, the share with another person's template within tau."""
    searches = evidence().searches
    found = 0
    for others in searches.others.tolist():
        found += any(distance <= tau for distance in others)
    return found / len(searches.person)


@pytest.mark.parametrize("use", TAUS)
def test_with_the_people_there_are_fpir_is_the_share_of_faces_near_anybody_else(use: str) -> None:
    told = with_people(made(), 60, taus=TAUS, asked=0.01).fpir[use]
    assert told.value == pytest.approx(looped_fpir(TAUS[use]), rel=1e-5)


def test_the_needed_tau_is_the_last_one_whose_rate_is_not_more_than_asked() -> None:
    found = with_people(made(), 120, taus=TAUS, asked=0.2)
    rates = fpir_at_size(made(), 120).value
    best = None
    for tau, rate in zip(made().taus, rates, strict=True):
        if rate <= 0.2:
            best = tau
    assert found.needed == best
    assert found.needed_fnir is not None
    missed = [own > best or nearer for own, nearer in own_and_nearer()] if best is not None else []
    assert found.needed_fnir.value is not None
    assert best is not None
    assert found.needed_fnir.value == fnir_at_size(made(), 120).value[made().taus.index(best)]
    assert found.needed_fnir.value >= sum(missed) / len(missed) - 1e-5  # twice the people: nobody is found more often


def own_and_nearer() -> list[tuple[float, bool]]:
    """Of each mated search how far the right person is, and whether somebody else is as near."""
    searches = evidence().searches
    rows = zip(searches.own.tolist(), searches.nearer.tolist(), searches.is_mated.tolist(), strict=True)
    return [(own, nearer > 0) for own, nearer, is_mated in rows if is_mated]


def test_more_people_take_more_strangers_for_somebody_and_need_a_smaller_tau() -> None:
    found = [with_people(made(), people, taus=TAUS, asked=0.1) for people in (10, 60, 120, 600, 6000, 60_000)]
    for use in TAUS:
        rates = [each.fpir[use].value or 0 for each in found]
        assert rates == sorted(rates)
        assert rates[0] < rates[-1]
    needed = [each.needed for each in found if each.needed is not None]
    assert needed == sorted(needed, reverse=True)
    assert [each.is_projected for each in found] == [False, False, True, True, True, True]
    assert [each.is_far for each in found] == [False] * 5 + [True]


def test_what_so_few_people_cannot_show_is_not_told() -> None:
    few = figures(4, 2)
    found = with_people(few, 4, taus=TAUS, asked=1e-4)
    assert found.needed is None
    assert found.needed_fnir is None


def test_the_chart_has_what_is_told_at_each_of_its_points() -> None:
    drawn = chart_of(made(), TAUS, now=60)
    by_name = {line.name: line for line in drawn.lines}
    assert set(by_name) == {
        f"tau of {use}, {tau:.4f}, {how}" for use, tau in TAUS.items() for how in ("counted", "projected")
    }
    for use, tau in TAUS.items():
        for how in ("counted", "projected"):
            _check(made(), by_name[f"tau of {use}, {tau:.4f}, {how}"], tau)


def _check(known: Figures, line: Line, tau: float) -> None:
    for size, value, low, high in zip(line.x, line.y, line.low, line.high, strict=True):
        rate = rate_at(fpir_at_size(known, round(size)), known.taus, tau)
        assert (value, low, high) == pytest.approx((rate.value, rate.low, rate.high), rel=1e-4)
        assert line.is_dashed == (size > 60) or size == 60


def test_counted_and_projected_meet_at_the_size_that_was_measured() -> None:
    counted, projected = chart_of(made(), {"recognition": 0.4}, now=60).lines
    assert (counted.x[-1], counted.y[-1]) == (projected.x[0], projected.y[0])
    assert counted.x[0] == 1
    assert projected.x[-1] == 6000


def test_sizes_are_spread_evenly_on_a_logarithmic_axis_with_all_of_the_report() -> None:
    sizes = sizes_to_draw(made())
    assert {at.size for at in made().recognition.sizes} <= set(sizes)
    assert sizes == sorted(set(sizes))
    gaps = [log10(after / before) for before, after in pairwise(sizes[20:])]
    assert max(gaps) < 0.2
