"""The whole measurement, on a gallery so small that it takes seconds."""

import json
import subprocess
import sys

import pytest

from config.paths import PROJECT


def search(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.search", *words]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_a_small_gallery_is_loaded_asked_and_reported_as_one_object() -> None:
    answer = search("--faces=1000", "--probes=40", "--timed=10", "--clients=2", "--no-churn", "--json")

    assert answer.returncode == 0, answer.stderr
    result = json.loads(answer.stdout.splitlines()[-1])
    assert result["recall_at_1"] == 1
    assert result["wrong_nobody"] == 0
    assert result["ratio_to_bare_sql"] > 0
    assert set(result["p50_ms"]) == {"1000"}
    size = result["sizes"]["1000"]
    assert size["standing"]["is_exact"]
    assert size["standing"]["templates"] == 400
    assert size["recall"]["not_enrolled"]["wrong_somebody"] == 0
    assert size["recall"]["enrolled"]["recall_at_10"] == 1
    assert size["many_photos"]["photos"] == 100
    assert size["many_photos"]["people_named"] == 5
    assert result["tables"]["template"]["rows"] == 400
    assert result["tables"]["embedding"]["rows"] == 1000


def test_too_few_faces_are_refused_with_the_least_number() -> None:
    answer = search("--faces=500")

    assert answer.returncode == 1
    assert "--faces must be at least 1,000; 500 say nothing about searches." in answer.stderr
