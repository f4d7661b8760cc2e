"""What larger galleries need, from what smaller ones were measured to cost."""

import numpy as np
import pytest

from benchmarks.scaling import FACES, Costs, needs, simulate

MEASURED = {
    "sizes": {
        "1000": {"standing": {"templates": 400}, "ms": {"bare_sql": {"p50": 1.0}, "service": {"p50": 2.0}}},
        "1000000": {"standing": {"templates": 400_000}, "ms": {"bare_sql": {"p50": 4.0}, "service": {"p50": 5.0}}},
    },
    "tables": {"face": {"rows": 1000, "table": 300_000, "indexes": 100_000}, "person": {"table": 50_000, "indexes": 0}},
    "index": {"1000000": {"bytes_per_row": 300.0, "seconds": 40.0, "rows": 400_000}},
}


def test_costs_are_those_of_the_largest_gallery() -> None:
    costs = Costs.of(MEASURED)
    assert costs == Costs(0.4, 450.0, 300.0, 40 / 400_000, 4 / 400_000, 1.0)


def test_needs_grow_with_the_faces_and_tau_falls_with_their_logarithm() -> None:
    found = needs(Costs.of(MEASURED), [(4000, 0.06), (400_000, 0.04)])
    assert [need.faces for need in found] == list(FACES)
    million, ten, _, billion = found
    assert (million.people, million.index_gb, million.search_ms) == (400_000, 0.12, 5.0)
    assert (million.shards, ten.shards) == (1, 1)
    assert billion.build_hours == pytest.approx(40 * 1000 / 3600)
    assert billion.shards == 41  # 4,000 ms of looking, 99 ms of which an answer may take
    assert million.tau == pytest.approx(0.04)
    assert ten.tau == pytest.approx(0.03)


def test_all_lists_of_all_shards_miss_nobody_and_few_lists_do() -> None:
    rng = np.random.default_rng(5)
    vectors = rng.normal(size=(600, 128)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    probes = vectors[:200] + rng.normal(size=(200, 128), scale=0.08).astype(np.float32)
    probes /= np.linalg.norm(probes, axis=1, keepdims=True)
    everything = simulate(vectors, probes, 4.0, shards=3, share=1.0)
    assert (everything.recall_at_1, everything.within_tau, everything.shards) == (1.0, 200, 3)
    assert everything.busiest >= 1.0
    assert simulate(vectors, probes, 4.0, shards=1, share=0.02).recall_at_1 < 1.0
