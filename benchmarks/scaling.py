"""What ten million, a hundred million and a billion faces need: from what a run of `benchmarks.search` measured.

    python -m benchmarks.search --faces 1000000 --json | tail -1 > measured.json
    python -m benchmarks.scaling measured.json [--json]

Bytes and seconds a row are extended along straight lines; what shards do to recall and to the slowest answer is
simulated with FAISS's inverted files over synthetic people.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

from benchmarks.search_recall import Exact, Vectors, as_stored
from benchmarks.synthetic_gallery import Floats, SyntheticGallery

FACES = (1_000_000, 10_000_000, 100_000_000, 1_000_000_000)
SHARDS = (1, 2, 4, 8, 16)
SIMULATED_FACES = 250_000
PROBES = 2000
SHARE = 0.1
LISTS_A_ROOT = 2.4
FPIR = 0.01
ANSWER_MS = 100.0
"""What an answer may take before a gallery wants shards."""

GIGABYTE = 1e9


@dataclass(frozen=True)
class Costs:
    """Of one row, as measured.

    Attributes:
        people_a_face: templates for each face.
        stored: bytes of all tables with their indexes, a face.
        index: bytes of the search index, a template.
        build_s: seconds to build it, a template.
        search_ms: milliseconds of a search, a template of the gallery.
        fixed_ms: milliseconds of a search in an empty gallery.
    """

    people_a_face: float
    stored: float
    index: float
    build_s: float
    search_ms: float
    fixed_ms: float

    @classmethod
    def of(cls, measured: Mapping[str, Any]) -> Costs:
        """From the object that `benchmarks.search --json` prints; the largest gallery decides."""
        size = max(measured["sizes"], key=int)
        largest = measured["sizes"][size]
        templates = largest["standing"]["templates"]
        tables = measured["tables"]
        faces = tables["face"]["rows"]
        bare, service = largest["ms"]["bare_sql"]["p50"], largest["ms"]["service"]["p50"]
        built = measured["index"][size]
        return cls(
            people_a_face=templates / int(size),
            stored=sum(table["table"] + table["indexes"] for table in tables.values()) / faces,
            index=built["bytes_per_row"],
            build_s=built["seconds"] / built["rows"],
            search_ms=bare / templates,
            fixed_ms=service - bare,
        )


@dataclass(frozen=True)
class Need:
    """What so many faces need on one machine, and in how many shards a search is quick again."""

    faces: int
    people: int
    stored_gb: float
    index_gb: float
    build_hours: float
    search_ms: float
    shards: int
    tau: float


def needs(costs: Costs, nearest: Sequence[tuple[int, float]]) -> list[Need]:
    """Extend what was measured; `nearest` has (people, tau for FPIR 1 %) of at least two sizes, to extend tau from.

    The nearest of N strangers comes closer by about the same distance with each tenfold N.
    """
    people = np.log10([count for count, _ in nearest])
    slope, start = np.polyfit(people, [tau for _, tau in nearest], 1)
    found = []
    for faces in FACES:
        templates = round(faces * costs.people_a_face)
        search = costs.fixed_ms + costs.search_ms * templates
        found.append(
            Need(
                faces=faces,
                people=templates,
                stored_gb=faces * costs.stored / GIGABYTE,
                index_gb=templates * costs.index / GIGABYTE,
                build_hours=templates * costs.build_s / 3600,
                search_ms=search,
                shards=max(1, int(np.ceil(costs.search_ms * templates / (ANSWER_MS - costs.fixed_ms)))),
                tau=max(0.0, float(start + slope * np.log10(templates))),
            )
        )
    return found


@dataclass(frozen=True)
class Sharded:
    """One search over so many shards: recall@1 within tau, and the work of the busiest shard beside an even share."""

    shards: int
    recall_at_1: float
    within_tau: int
    busiest: float


def simulate(vectors: Floats, probes: Floats, tau: float, *, shards: int, share: float = SHARE) -> Sharded:
    """Give every template to a shard at random, search `share` of each shard's lists, and merge the answers.

    Args:
        vectors: (P, D) templates.
        probes: (N, D).
        tau: squared L2.
        shards: machines, each with an index of its own.
        share: of the lists of each.
    """
    exact = Exact.of(Vectors(np.arange(len(vectors)), vectors), probes).distance[:, 0]
    rng = np.random.default_rng(shards)
    owner = rng.integers(0, shards, len(vectors))
    best = np.full(len(probes), np.inf)
    looked_at = np.zeros((shards, len(probes)))
    for shard in range(shards):
        own = np.ascontiguousarray(vectors[owner == shard])
        index, sizes = _inverted_file(own)
        index.nprobe = max(1, round(share * index.nlist))
        distance, _ = index.search(probes, 1)
        best = np.minimum(best, distance[:, 0])
        _, lists = index.quantizer.search(probes, index.nprobe)
        looked_at[shard] = sizes[lists].sum(axis=1)
    within = exact <= tau
    right = best[within] <= exact[within] + 1e-5
    return Sharded(
        shards=shards,
        recall_at_1=float(right.mean()) if within.any() else 1.0,
        within_tau=int(within.sum()),
        busiest=float((looked_at.max(axis=0) / looked_at.mean(axis=0)).mean()),
    )


def _inverted_file(vectors: Floats) -> tuple[Any, npt.NDArray[np.int64]]:
    """An index, and the rows in each of its lists."""
    dimension = vectors.shape[1]
    index = faiss.IndexIVFFlat(
        faiss.IndexFlatL2(dimension), dimension, max(1, round(LISTS_A_ROOT * np.sqrt(len(vectors))))
    )
    index.cp.min_points_per_centroid = 1
    index.train(vectors)
    index.add(vectors)
    _, owner = index.quantizer.search(vectors, 1)
    return index, np.bincount(owner[:, 0], minlength=index.nlist)


def synthetic_templates(faces: int) -> tuple[Floats, Floats, Floats]:
    """Templates (P, D), new faces of people who are there (N, D), and strangers (N, D)."""
    synthetic = SyntheticGallery(faces)
    sums = np.zeros((synthetic.person_count, next(synthetic.blocks()).vector.shape[1]), np.float32)
    for block in synthetic.blocks():
        np.add.at(sums, block.person, block.vector * block.quality[:, None])
    sums /= np.linalg.norm(sums, axis=1, keepdims=True)
    people = np.random.default_rng(1).integers(0, synthetic.person_count, PROBES)
    return as_stored(sums), as_stored(synthetic.probes(people)), as_stored(synthetic.strangers(PROBES))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("measured", type=Path, help="the last line of `benchmarks.search --json`")
    parser.add_argument("--json", action="store_true", help="print one object as the last line")
    options = parser.parse_args()
    measured = json.loads(options.measured.read_text(encoding="utf-8").strip().splitlines()[-1])
    costs = Costs.of(measured)
    sizes = measured["sizes"].values()
    found = needs(costs, [(size["standing"]["templates"], size["tau"]) for size in sizes])
    print("  faces           people        stored    index     build      one search  shards  tau for FPIR 1 %")
    for need in found:
        print(
            f"  {need.faces:<13,}  {need.people:<12,}  {need.stored_gb:6,.0f} GB  {need.index_gb:5,.1f} GB"
            f"  {need.build_hours:6.2f} h  {need.search_ms:9,.0f} ms  {need.shards:6}  {need.tau:.4f}"
        )
    print(f"\n  shards  recall@1 within tau  rows of the busiest shard, 1 as all on average ({SHARE:.0%} of lists)")
    templates, enrolled, strangers = synthetic_templates(SIMULATED_FACES)
    nearest = Exact.of(Vectors(np.arange(len(templates)), templates), strangers).distance[:, 0]
    tau = float(np.quantile(nearest, FPIR))
    shards = [simulate(templates, enrolled, tau, shards=count) for count in SHARDS]
    for one in shards:
        print(f"  {one.shards:6}  {one.recall_at_1:.4f} of {one.within_tau:<10}  {one.busiest:.2f}")
    if options.json:
        needed = [asdict(need) for need in found]
        print(json.dumps({"costs": asdict(costs), "needs": needed, "shards": [asdict(one) for one in shards]}))


if __name__ == "__main__":
    main()
