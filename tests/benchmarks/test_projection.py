"""The benchmark of projections: its rivals where the truth is known, and a run of it."""

import json
import sys
from math import inf
from pathlib import Path

import numpy as np
import pytest

from benchmarks import projection
from benchmarks.projection import WAYS, alike, counted, gamma, mated_searches, missed, nearest_others, stable
from tests.benchmarks.test_templates import album
from tests.training.metrics import loops
from training.metrics.types import Distances

SIZES = np.array([25.0, 50.0, 1_000.0])


def of_hazards(hazards: Distances) -> tuple[Distances, Distances, float]:
    """Turn H at half the size, at the size and at 20 times it into FPIR."""
    half, whole, large = -np.expm1(-hazards)
    return np.array([half]), np.array([whole]), float(large)


def test_each_way_is_exact_where_its_model_is() -> None:
    models = {
        "all alike": 1e-4 * SIZES,
        "gamma": 0.02 * np.log1p(SIZES / 40),
        "power": 1e-3 * SIZES**0.8,
        "inverse Gaussian": 0.05 * (np.sqrt(1 + SIZES / 60) - 1),
    }

    for name, hazards in models.items():
        half, whole, large = of_hazards(hazards)
        assert WAYS[name](half, whole, 20.0)[0] == pytest.approx(large, rel=1e-6)


def test_strangers_all_alike_give_the_most_and_a_gamma_distribution_the_least() -> None:
    half, whole, _ = of_hazards(0.05 * (np.sqrt(1 + SIZES / 60) - 1))

    least, ours, line, most = (
        float(way(half, whole, 20.0)[0]) for way in (gamma, WAYS["inverse Gaussian"], stable, alike)
    )

    assert least < ours < line < most


def test_distances_to_other_people_are_those_of_nested_loops() -> None:
    few = album(3, 6, 3, 0.3)
    _, other = loops.leave_one_out_of_templates(
        few.embeddings.tolist(), few.people.tolist(), list(range(len(few))), few.qualities.tolist()
    )

    distances, others = nearest_others(few)

    assert others == 5
    assert {len(row) for row in distances} == {5}
    assert [row[0] for row in distances] == pytest.approx(other, abs=1e-6)


def test_fpir_of_everybody_is_the_share_who_are_near_to_anybody() -> None:
    assert counted(np.array([0, 1, 5, 0]), 5, 5) == 0.5
    assert counted(np.array([1, 0]), 5, 1) == pytest.approx(0.1)


def test_mated_searches_are_those_of_nested_loops() -> None:
    few = album(3, 6, 3, 0.3)
    own, other = loops.leave_one_out_of_templates(
        few.embeddings.tolist(), few.people.tolist(), list(range(len(few))), few.qualities.tolist()
    )

    distances, nearer = mated_searches(few)

    assert distances.tolist() == pytest.approx(sorted(each for each in own if each < inf), abs=1e-6)
    found = [mine < theirs for mine, theirs in zip(own, other, strict=True) if mine < inf]
    assert np.mean(nearer == 0) == pytest.approx(np.mean(found))


@pytest.mark.parametrize("strata", [(), (0.5, 0.9)])
def test_missed_people_of_the_same_number_are_those_counted(strata: tuple[float, ...]) -> None:
    own, nearer = np.array([0.1, 0.2, 0.3, 0.4]), np.array([0, 0, 1, 3])
    fnir, ranks = missed(own, nearer, 5, 5, strata=strata, taus=np.array([0.05, 0.2, 0.4]))

    assert fnir.tolist() == pytest.approx([1, 0.5, 0.5])
    assert ranks[0] == pytest.approx(0.5)


def test_the_last_line_is_what_the_table_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    album(1, 70, 3, 0.5).save(tmp_path / "album.npz")
    command = ["projection", "--photos", str(tmp_path), "--cache", str(tmp_path / "album.npz"), "--json"]
    monkeypatch.setattr(sys, "argv", command)

    projection.main()

    *_, last = capsys.readouterr().out.splitlines()
    told = json.loads(last)
    assert told["people"] == 70
    assert [(row["size"], row["way"]) for row in told["rows"]] == [(50, name) for name in WAYS]
    assert [(row["size"], row["way"]) for row in told["missed"]["rows"]] == [(50, "in strata"), (50, "all in one")]
    for row in told["missed"]["rows"]:
        assert row["fnir"] == pytest.approx(told["missed"]["counted"]["fnir"], abs=0.02)
        assert row["ranks"] == sorted(row["ranks"])
        assert row["ranks"][0] == pytest.approx(told["missed"]["counted"]["ranks"][0], abs=0.02)
