"""How calibration is measured: who is searched for among whom, how far a rate can be trusted, what is told of it."""

import json
from dataclasses import replace
from itertools import combinations
from math import log
from pathlib import Path

import numpy as np
import pytest

from benchmarks.calibration_evidence import evidence_of
from benchmarks.calibration_faces import REACH, Crowd, draw_people, faces_of
from benchmarks.calibration_growth import grown, projections
from benchmarks.calibration_halves import FACTORY, Halves, Row
from benchmarks.calibration_rates import Known, fmr, fnmr, fpir, random_galleries, tau_at, tau_by_formula
from benchmarks.calibration_tables import print_grown, print_projections, print_rows, print_splits
from benchmarks.template_faces import Album
from encoder.templates import template
from tests.benchmarks.test_templates import album

TAU = 0.09


def crowd(people: int = 7, most: int = 3, seed: int = 3, *, near: float = 0.25) -> Crowd:
    """People whose faces lie close to those of others: centers in a cone, `near` wide."""
    few = album(seed, people, most, 0.2)
    vectors = few.embeddings * near + np.eye(few.embeddings.shape[1], dtype=np.float32)[0]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Crowd.of(replace(few, embeddings=vectors.astype(np.float32)))


def distances(known: Crowd) -> dict[tuple[int, int], float]:
    """Of face i to the template of each person, its own without this face; left out where there is none."""
    faces = known.album
    found = {}
    for i in range(len(faces)):
        for person in range(known.people):
            rows = [j for j in range(len(faces)) if faces.people[j] == person and j != i]
            if rows:
                vector = template(faces.embeddings[rows], faces.qualities[rows]).vector
                found[i, person] = float(((faces.embeddings[i] - vector) ** 2).sum())
    return found


def test_a_crowd_knows_how_far_every_face_is_from_everybody() -> None:
    known = crowd()
    looped = distances(known)
    near = {
        (i, person): value
        for (i, person), value in looped.items()
        if person != known.album.people[i] and value <= REACH
    }
    assert len(near) > 20
    told = zip(known.probe.tolist(), known.other.tolist(), known.distance.tolist(), strict=True)
    assert {(i, person): value for i, person, value in told} == pytest.approx(near, abs=1e-6)
    assert known.distance.tolist() == sorted(known.distance.tolist())
    for i, person in enumerate(known.album.people.tolist()):
        assert known.own[i] == pytest.approx(looped.get((i, person), np.inf), abs=1e-6)


def test_some_of_a_crowd_are_what_they_were_among_themselves() -> None:
    known = crowd(9)
    chosen = np.array([person % 3 != 0 for person in range(9)])
    some = known.among(chosen)
    anew = Crowd.of(known.album[chosen[known.album.people]])
    assert some.people == 6
    assert some.album.people.tolist() == anew.album.people.tolist()
    pairs = [set(zip(one.probe.tolist(), one.other.tolist(), strict=True)) for one in (some, anew)]
    assert pairs[0] == pairs[1]
    np.testing.assert_allclose(some.distance, anew.distance)
    np.testing.assert_array_equal(some.own, anew.own)


@pytest.mark.parametrize("size", [1, 2, 4])
def test_fpir_is_the_mean_over_every_gallery_that_can_be_drawn(size: int) -> None:
    known = crowd()
    looped = distances(known)
    found, tried = 0, 0
    for i, person in enumerate(known.album.people.tolist()):
        others = [other for other in range(known.people) if other != person]
        for gallery in combinations(others, size):
            tried += 1
            found += any(looped[i, other] <= TAU for other in gallery)
    assert 0 < found < tried
    assert fpir(known, TAU, size).value == pytest.approx(found / tried)


def test_random_galleries_are_searched_as_loops_would_search_them() -> None:
    known = crowd(8)
    looped, people = distances(known), known.album.people.tolist()
    rng = np.random.default_rng(5)
    strangers, found, enrolled, missed = 0, 0, 0, 0
    for _ in range(20):
        gallery = set(rng.permutation(8)[:4].tolist())
        for i, person in enumerate(people):
            near = [looped[i, other] for other in gallery if other != person and looped[i, other] <= TAU]
            if person not in gallery:
                strangers += 1
                found += bool(near)
            elif (i, person) in looped:
                enrolled += 1
                missed += looped[i, person] > TAU or any(value <= looped[i, person] for value in near)
    told = random_galleries(known, TAU, 4, galleries=20, seed=5)
    assert (told.non_mated, told.mated) == (strangers, enrolled)
    assert told.fpir == pytest.approx(found / strangers)
    assert told.fnir == pytest.approx(missed / enrolled)
    assert 0 < found < strangers
    assert 0 < missed < enrolled


def test_many_random_galleries_come_to_the_mean_over_all() -> None:
    known = crowd(30, seed=4)
    expected = fpir(known, 0.07, 10).value
    assert 0.02 < expected < 0.5
    assert random_galleries(known, 0.07, 10, galleries=4000).fpir == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("rate", ["fpir", "fmr", "fnmr"])
def test_the_spread_is_that_of_really_leaving_each_person_out(rate: str) -> None:
    known = crowd(9, 4)
    tau = 0.06 if rate == "fnmr" else TAU

    def measured(people: Crowd) -> Known:
        return fpir(people, tau, 3) if rate == "fpir" else {"fmr": fmr, "fnmr": fnmr}[rate](people, tau)

    whole = measured(known)
    without = [measured(known.among(np.arange(9) != person)).value for person in range(9)]
    variance = 8 / 9 * sum((value - np.mean(without)) ** 2 for value in without)
    assert 0 < whole.value < 1
    assert whole.spread == pytest.approx(variance**0.5 / whole.value)


def test_fmr_and_fnmr_count_comparisons() -> None:
    known = crowd()
    looped, people = distances(known), known.album.people.tolist()
    others = [value for (i, person), value in looped.items() if person != people[i]]
    own = [value for (i, person), value in looped.items() if person == people[i]]
    assert fmr(known, TAU).value == pytest.approx(sum(value <= TAU for value in others) / len(others))
    assert fmr(known, TAU).trials == len(others)
    assert fnmr(known, 0.06).value == pytest.approx(sum(value > 0.06 for value in own) / len(own))
    assert fnmr(known, 0.06).trials == len(own)


def test_an_interval_is_as_wide_as_both_spreads_and_has_the_value_in_it() -> None:
    known = Known(value=0.01, spread=0.3, people=40, trials=1000, tried=500)
    low, high = known.interval()
    assert low < 0.01 < high
    assert log(high / 0.01) == pytest.approx(1.96 * 0.3, rel=1e-3)
    wider = known.interval(and_also=0.4)
    assert log(wider[1] / 0.01) == pytest.approx(1.96 * 0.5, rel=1e-3)


def test_no_error_at_all_is_bounded_by_the_rule_of_three() -> None:
    none = fpir(crowd(), 0.0, 3)
    assert (none.value, none.people) == (0.0, 0)
    assert none.interval() == (0.0, 3 / 7)


def test_the_tau_of_an_fpir_is_the_loosest_that_holds_it() -> None:
    known = crowd(20)
    tau = tau_at(0.1, known, 8)
    assert fpir(known, tau, 8).value <= 0.1
    next_tau = known.distance[np.searchsorted(known.distance, tau, side="right")]
    assert fpir(known, float(next_tau), 8).value > 0.1


def test_the_tau_of_the_formula_is_the_loosest_that_has_the_fmr_it_asks_for() -> None:
    known = crowd(20)
    tau = tau_by_formula(0.2, known, 8)
    next_tau = known.distance[np.searchsorted(known.distance, tau, side="right")]
    assert 1 - (1 - fmr(known, tau).value) ** 8 <= 0.2
    assert 1 - (1 - fmr(known, float(next_tau)).value) ** 8 > 0.2


def test_what_lies_beyond_reach_is_not_made_up() -> None:
    with pytest.raises(ValueError, match="known up to"):
        fpir(crowd(), REACH + 0.01, 3)
    with pytest.raises(ValueError, match="no gallery of 6"):
        fpir(crowd(7), TAU, 6)


def test_the_evaluation_sees_the_people_who_are_measured() -> None:
    known = crowd(12, 4)
    evidence = evidence_of(known.album)
    assert evidence.faces == len(known.album)
    searches = evidence.searches
    assert searches.gallery_size == 12
    nearest = {int(face): row[0] for face, row in zip(searches.face, searches.others, strict=True)}
    for i in range(len(known.album)):
        listed = known.distance[known.probe == i]
        # The database keeps half precision.
        assert not len(listed) or nearest[i] == pytest.approx(listed[0], abs=2e-3)


@pytest.fixture(scope="module")
def halves() -> Halves:
    """Enough people to set a tau, split in two."""
    return Halves.of("made", crowd(80, 4), seed=1, galleries=200)


@pytest.fixture(scope="module")
def rows(halves: Halves) -> list[Row]:
    """The report's taus and the rivals'."""
    return [*halves.rows([10, 20], asked=0.1, asked_fmr=0.02), *halves.rivals([10, 20], asked=0.1)]


def test_the_halves_have_nobody_in_common() -> None:
    known = crowd(9)
    split = Halves.of("made", known, seed=0, galleries=1)
    assert split.first.people + split.second.people == 9
    photos = [set(half.album.photos.tolist()) for half in (split.first, split.second)]
    assert not photos[0] & photos[1]
    assert photos[0] | photos[1] == set(known.album.photos.tolist())


def test_a_row_says_what_was_asked_and_what_came_of_it(halves: Halves, rows: list[Row]) -> None:
    assert [(row.way, row.n) for row in rows] == [
        ("report", 10),
        ("report", 20),
        ("report", 1),
        ("formula", 10),
        ("factory", 10),
        ("formula", 20),
        ("factory", 20),
        ("factory", 1),
    ]
    for row in rows:
        assert row.other_low <= row.measured <= row.other_high or row.use == "recognition"
        assert row.holds == (row.low <= row.asked <= row.high)
        assert row.low <= row.other_low
        assert row.other_high <= row.high
    first = rows[0]
    assert fpir(halves.first, first.tau, 10).value == pytest.approx(0.1, abs=0.02)
    told = json.loads(json.dumps(first.as_json()))
    assert {"n", "fpir_asked", "fpir_measured", "low", "high", "domain", "tau", "holds", "fnir"} <= set(told)
    assert {"fmr_asked", "fmr_measured", "fnmr"} <= set(rows[2].as_json())


def test_a_tau_that_was_set_on_other_people_is_found_wrong_and_the_report_s_right(rows: list[Row]) -> None:
    assert all(row.holds for row in rows if row.way == "report")
    factory = [row for row in rows if row.way == "factory" and row.use == "recognition"]
    assert all(row.tau == FACTORY["recognition"] for row in factory)
    assert not any(row.holds for row in factory)
    assert all(row.measured > 10 * row.asked for row in factory)


def test_the_tables_mark_what_does_not_hold_and_where_people_are_too_few(
    rows: list[Row], capsys: pytest.CaptureFixture[str]
) -> None:
    print_rows([rows[0], rows[4], replace(rows[0], people=29)])
    lines = capsys.readouterr().out.splitlines()[5:8]
    assert ["*" in line for line in lines] == [not rows[0].holds, True, not rows[0].holds]
    assert lines[2].endswith("29!")


def test_the_splits_are_counted(rows: list[Row], capsys: pytest.CaptureFixture[str]) -> None:
    good = replace(rows[0], holds=True, measured=0.1, predicted_low=0.05, predicted_high=0.2)
    bad = replace(good, holds=False, measured=0.4)
    (line,) = print_splits([[good], [good], [bad]])
    assert (line["splits"], line["held"], line["as_predicted"]) == (3, 2, 2)
    assert "10.00 (10.00 to 40.00)" in capsys.readouterr().out


def test_growth_is_counted_and_projected(capsys: pytest.CaptureFixture[str]) -> None:
    known = crowd(60, 4, near=0.3)
    bigger = list(grown(known, [5, 20, 58, 59]))
    assert [row.n for row in bigger] == [5, 20, 58]
    assert [row.counted for row in bigger] == [fpir(known, FACTORY["recognition"], row.n).value for row in bigger]
    assert all(row.counted <= row.formula + 1e-12 for row in bigger)
    small = list(projections(known, [20], draws=2))
    assert [(row.size, row.n) for row in small] == [(20, 58)] * 2
    assert all(row.low <= row.projected <= row.high for row in small)
    assert small[0].counted == bigger[2].counted
    print_grown(bigger)
    print_projections(small)
    assert "galleries of 20 people" in capsys.readouterr().out


def test_kept_faces_are_read_again_for_as_many_people_as_are_asked_for(tmp_path: Path) -> None:
    everybody = album(2, 6, 3)
    copies = np.arange(len(everybody)) == 1
    bad = np.arange(len(everybody)) == len(everybody) - 1
    everybody = replace(everybody, is_copy=copies, is_good=~bad)
    everybody.save(tmp_path / "faces.npz")
    found: Album = faces_of(tmp_path, limit=4, kept=tmp_path / "faces.npz")
    assert found.photos.tolist() == [i for i in range(len(everybody)) if everybody.people[i] < 4 and i != 1]


def test_people_are_drawn_once(tmp_path: Path) -> None:
    draw_people(tmp_path, people=1, photos_each=1)
    (photo,) = tmp_path.glob("*/*.jpg")
    photo.write_bytes(b"already there")
    draw_people(tmp_path, people=1, photos_each=2)
    assert photo.read_bytes() == b"already there"
    assert len(list(tmp_path.glob("*/*.jpg"))) == 2
