"""How ways to verify a person of several photos are measured, against loops over every comparison."""

import numpy as np
import pytest

from benchmarks.template_faces import Album, Mask
from benchmarks.verification_fusion import factory, ways
from benchmarks.verification_ways import (
    MEAN,
    MEAN_VECTOR,
    NEAREST,
    TEMPLATE,
    WAYS,
    Compared,
    Drawn,
    compare,
    with_faces,
)
from tests.benchmarks.test_templates import album
from tests.encoder import loops
from tests.training.metrics.loops import squared_distance


def everybody(faces: Album) -> Mask:
    return np.ones(len(faces), dtype=np.bool_)


def by_loop(faces: Album, probe: int, person: int) -> dict[str, float]:
    """A probe's distance to a person in every way, its own photo left out."""
    vectors, qualities = faces.embeddings.astype(float), faces.qualities
    theirs = [i for i in range(len(faces)) if faces.people[i] == person and faces.photos[i] != faces.photos[probe]]
    distances = [squared_distance(vectors[probe].tolist(), vectors[i].tolist()) for i in theirs]
    mean = np.sum([vectors[i] for i in theirs], axis=0)
    whole, _ = loops.template([vectors[i].tolist() for i in theirs], [float(qualities[i]) for i in theirs])
    return {
        NEAREST: min(distances),
        MEAN: sum(distances) / len(distances),
        MEAN_VECTOR: squared_distance(vectors[probe].tolist(), (mean / np.linalg.norm(mean)).tolist()),
        TEMPLATE: squared_distance(vectors[probe].tolist(), whole),
    }


@pytest.mark.parametrize("fewest", [1, 2])
def test_every_comparison_is_that_of_a_loop(monkeypatch: pytest.MonkeyPatch, fewest: int) -> None:
    monkeypatch.setattr("benchmarks.verification_ways.TAIL", 1.0)
    faces = album(1, 9, 5, 0.1)
    counts = np.bincount(faces.people)
    asked = np.arange(len(faces)) % 4 > 0
    found = compare(faces, asked, fewest)
    for way in WAYS:
        mated, non_mated = [], []
        for probe in np.flatnonzero(asked):
            for person in range(9):
                if person == faces.people[probe] and counts[person] > fewest:
                    mated.append(by_loop(faces, int(probe), person)[way])
                if person != faces.people[probe] and counts[person] >= fewest:
                    non_mated.append(by_loop(faces, int(probe), person)[way])
        np.testing.assert_allclose(found[way].mated, mated, atol=1e-6)
        np.testing.assert_allclose(found[way].near, sorted(non_mated), atol=1e-6)
        assert found[way].total == len(non_mated)
        assert found[way].near_people.shape == (len(non_mated), 2)
        assert (found[way].near_people[:, 0] != found[way].near_people[:, 1]).all()


def test_a_photo_that_hangs_with_two_people_is_not_compared_with_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.verification_ways.TAIL", 1.0)
    faces = album(2, 6, 4, 0.1)
    copy = faces[np.array([0])]
    both = {
        name: np.concatenate([getattr(faces, name), getattr(copy, name)])
        for name in ("photos", "embeddings", "qualities", "is_copy", "is_good")
    }
    twice = Album(people=np.append(faces.people, 5), **both)
    found = compare(twice, everybody(twice), 1)
    assert found[NEAREST].near.min() > 1e-3


def test_single_faces_are_each_compared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.verification_ways.TAIL", 1.0)
    faces = album(3, 8, 4, 0.1)
    found = with_faces(faces)
    mated: list[float] = []
    non_mated: list[float] = []
    for i in range(len(faces)):
        for j in range(i + 1, len(faces)):
            distance = squared_distance(faces.embeddings[i].tolist(), faces.embeddings[j].tolist())
            (mated if faces.people[i] == faces.people[j] else non_mated).append(distance)
    np.testing.assert_allclose(np.sort(found.mated), sorted(mated), atol=1e-6)
    np.testing.assert_allclose(found.near, sorted(non_mated), atol=1e-6)
    assert found.total == len(non_mated)


def test_only_the_nearest_are_kept_and_the_tau_of_a_rate_is_among_them() -> None:
    faces = album(4, 40, 4, 0.1)
    found = compare(faces, everybody(faces), 1)[TEMPLATE]
    assert len(found.near) == int(0.02 * found.total)
    tau = found.tau_at(0.01)
    assert np.sum(found.near <= tau) == int(0.01 * found.total)
    with pytest.raises(ValueError, match="too few"):
        found.tau_at(1e-9)


def test_people_who_are_drawn_twice_count_twice_and_their_comparisons_with_each_other_four_times() -> None:
    near = Compared(np.array([0.1, 0.9]), np.array([0, 1]), np.array([0.2, 0.3]), np.array([[0, 1], [1, 2]]), 6)
    drawn = Drawn(np.array([[2, 2, 0], [1, 1, 1]]))
    totals = drawn.totals_with_people(np.array([1, 1, 1]), np.array([True, True, True]))
    assert totals.tolist() == [8, 6]
    assert drawn.totals_with_faces(np.array([1, 1, 1])).tolist() == [4, 3]
    rate = drawn.false_match_rate(near, 0.2, totals)
    assert (rate.value, rate.errors, rate.people) == (1 / 6, 1, 2)
    assert (rate.low, rate.high) == pytest.approx((1 / 6, 4 / 8), abs=0.02)
    # Of the first drawing half of 8 may match: tau is 0.2 or more. Of the second a sixth of 6, which is one.
    assert drawn.tars(near, [0.5, 1 / 6], totals).tolist() == [[0.5, 0.0], [0.5, 0.5]]


def test_the_tables_say_what_they_return(capsys: pytest.CaptureFixture[str]) -> None:
    faces = album(6, 60, 6, 0.12)
    report = ways("people", faces, everybody(faces), 2)
    told = factory(faces, 1e-2, [0.3])
    out = capsys.readouterr().out
    assert all(f"\n{way} " in out for way in WAYS)
    template = report[TEMPLATE]
    assert isinstance(template, dict)
    assert template["0.01"]["less_template"] == (0, 0)
    low, high = template["0.01"]["interval"]
    assert low <= template["0.01"]["tar"] <= high
    taus = [key for key in told if key not in ("fmr", "tau", "tau_photo")]
    assert taus[1] == "0.3"
    first = told[taus[0]]
    assert isinstance(first, dict)
    assert 0 < first["fmr"]["value"] <= 0.01


def test_too_few_people_for_a_rate_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert factory(album(7, 3, 2), 1e-3, []) == {}
    assert "too few" in capsys.readouterr().out
