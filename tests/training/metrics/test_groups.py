"""Groups of people and bands of quality, against rates counted by hand."""

from dataclasses import replace

import numpy as np
import pytest

from tests.training import made
from training.metrics.evidence import Evidence
from training.metrics.figures import Group
from training.metrics.groups import groups_of, quality_bands
from training.metrics.resampling import draws_of_people

PEOPLE = 90
TAU = {"verification": 0.7, "recognition": 0.55}
EVIDENCE = made.evidence(people=PEOPLE, photos=4, seed=3, dimension=10)
DRAWS = draws_of_people(PEOPLE, 60, 0)
COLORS: list[str | None] = [("red", "green", "blue", None)[row % 4] for row in range(80)] + ["gray"] * 10


def groups(evidence: Evidence = EVIDENCE, *, minimum: int = 15) -> dict[tuple[str, str], Group]:
    found = groups_of(evidence, TAU, {"color": COLORS}, DRAWS, minimum)
    return {(group.field, group.value): group for group in found}


def false_matches(chosen: list[str]) -> float:
    """The share of comparisons within a value that match, over these values."""
    compared = EVIDENCE.person_non_mated
    matches: list[bool] = [
        bool(distance <= TAU["verification"])
        for one, other, distance in zip(
            compared.first.tolist(), compared.second.tolist(), compared.distances, strict=True
        )
        if COLORS[one] in chosen and COLORS[one] == COLORS[other]
    ]
    return sum(matches) / len(matches)


def of_probes(is_one: list[bool]) -> dict[str, float]:
    """The rates of some probes."""
    searches = EVIDENCE.searches
    own, nearest = searches.own[is_one], searches.others[is_one, 0]
    return {
        "fnmr": float(np.mean(own > TAU["verification"])),
        "fpir": float(np.mean(nearest <= TAU["recognition"])),
        "fnir": float(np.mean(~((own <= TAU["recognition"]) & (own < nearest)))),
    }


@pytest.mark.parametrize("color", ["red", "green", "blue"])
def test_rates_of_a_group_are_those_of_its_own_people(color: str) -> None:
    found = groups()["color", color]
    expected = of_probes([COLORS[person] == color for person in EVIDENCE.searches.person.tolist()])

    assert (found.people, found.faces) == (20, 80)
    assert found.rates["fmr"].value == pytest.approx(false_matches([color]), rel=1e-5)
    assert found.rates["fmr"].trials == 80 * 19
    for name, value in expected.items():
        assert found.rates[name].value == pytest.approx(value, rel=1e-5)


def test_the_rest_are_all_who_have_the_field_compared_within_their_own_values() -> None:
    found = groups()["color", "red"]
    rest = of_probes([COLORS[p] in {"green", "blue", "gray"} for p in EVIDENCE.searches.person.tolist()])

    fmr = false_matches(["red"]) - false_matches(["green", "blue", "gray"])
    assert found.differences["fmr"].value == pytest.approx(fmr, abs=1e-6)
    for name, value in rest.items():
        rate = found.rates[name].value
        assert rate is not None
        assert found.differences[name].value == pytest.approx(rate - value, abs=2e-6)
        assert found.differences[name].low <= found.differences[name].value <= found.differences[name].high


def test_of_a_small_group_only_its_size_is_told() -> None:
    gray = groups()["color", "gray"]

    assert (gray.people, gray.faces, gray.rates, gray.differences) == (10, 40, {}, {})


def test_people_whose_photos_are_worse_are_clearly_missed_more_often() -> None:
    mated, searches = EVIDENCE.person_mated, EVIDENCE.searches
    is_red = np.array([color == "red" for color in COLORS])
    distances = np.minimum(mated.distances + 0.4 * is_red[mated.first], 4)
    order = np.argsort(distances, kind="stable")
    worse = replace(mated, first=mated.first[order], second=mated.second[order], distances=distances[order])
    changed = replace(
        EVIDENCE,
        person_mated=worse,
        searches=replace(searches, own=searches.own + 0.4 * is_red[searches.person]),
    )

    before, after = groups()["color", "red"].differences, groups(changed)["color", "red"].differences

    assert after["fnmr"].is_clear
    assert after["fnmr"].value > 0
    assert after["fnir"].is_clear
    assert not before["fnmr"].is_clear
    assert not before["fpir"].is_clear


def test_bands_of_quality_hold_every_probe_once() -> None:
    found = [group for (field, _), group in groups().items() if field == ""]

    assert len(found) == 4
    assert sum(group.faces for group in found) == len(EVIDENCE.searches.person)
    quality = EVIDENCE.searches.quality
    for group in found:
        low, high = (float(end) for end in group.value.split(" to "))
        rows = (quality >= low) & (quality < high)
        assert group.faces == pytest.approx(int(rows.sum()), abs=3)  # the outermost ends are rounded
        assert "fmr" not in group.rates
    inner = (quality >= float(found[1].value[:4])) & (quality < float(found[2].value[:4]))
    for name, value in of_probes(inner.tolist()).items():
        assert found[1].rates[name].value == pytest.approx(value, rel=1e-5)
    worst, best = found[0].rates["fnmr"].value, found[-1].rates["fnmr"].value
    assert worst is not None
    assert best is not None
    assert worst > best


def test_faces_of_equal_quality_make_no_bands() -> None:
    assert quality_bands(np.full(20, 0.7)) == []
    assert quality_bands(np.empty(0)) == []
    assert quality_bands(np.array([0.2] * 10 + [0.9] * 2)) == [(0.2, 0.9)]
    assert len(quality_bands(np.linspace(0, 1, 100))) == 4


def test_without_a_tau_nothing_can_be_told_of_its_errors() -> None:
    found = groups_of(EVIDENCE, {"verification": 0.7}, {"color": COLORS}, DRAWS, 15)

    assert {name for group in found for name in group.rates} == {"fmr", "fnmr"}


def test_a_group_that_nobody_else_is_compared_with_has_no_difference() -> None:
    everybody = groups_of(EVIDENCE, TAU, {"site": ["one"] * PEOPLE}, DRAWS, 15)[-1]

    assert everybody.value == "one"
    assert set(everybody.rates) == {"fmr", "fnmr", "fpir", "fnir"}
    assert everybody.differences == {}


def test_progress_may_stop_the_work_between_groups() -> None:
    class StoppedError(Exception):
        pass

    def stop(_done: int) -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        groups_of(EVIDENCE, TAU, {}, DRAWS, 15, stop)


def test_the_fmr_of_a_group_is_exact_however_few_of_its_far_comparisons_were_kept() -> None:
    every = EVIDENCE.person_non_mated
    near = int(np.sum(every.distances <= 0.75))
    rows = np.append(np.arange(near), np.arange(near, len(every.distances), 997))  # of a group of 20, one or two
    stands_for = (len(every.distances) - near) / (len(rows) - near)
    sampled = replace(
        every,
        first=every.first[rows],
        second=every.second[rows],
        distances=every.distances[rows],
        weights=np.where(np.arange(len(rows)) < near, 1.0, stands_for),
    )

    exact, found = (groups(each)["color", "red"] for each in (EVIDENCE, replace(EVIDENCE, person_non_mated=sampled)))

    assert found.rates["fmr"].value == exact.rates["fmr"].value
    assert found.rates["fmr"].trials == 80 * 19
    assert found.rates["fmr"].high == pytest.approx(exact.rates["fmr"].high, rel=0.3)
    assert found.differences["fmr"].value == exact.differences["fmr"].value
