"""The process that measures mining; `python -m benchmarks.mining` starts it with a fresh platform's settings."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TypeVar

import django
import numpy as np
import torch

# FAISS tells a log that exists how it was loaded.
from benchmarks.mining_rivals import (
    BATCHES,
    Found,
    Index,
    batches_by_chance,
    flat,
    hnsw,
    in_batch_miners,
    in_batches,
    others_of,
)

django.setup()

# What follows needs the settings.
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from benchmarks.mining_truth import Truth  # noqa: E402
from benchmarks.synthetic_gallery import Floats, SyntheticGallery  # noqa: E402
from training.configuration import TrainingConfiguration  # noqa: E402
from training.learning import neighbors as on_a_device  # noqa: E402
from training.metrics.distances import row_distances  # noqa: E402
from training.metrics.types import Counts  # noqa: E402
from training.mining import exact  # noqa: E402
from training.mining.barred import BarredPairs  # noqa: E402
from training.mining.neighbors import NOBODY, Neighbors, as_stored  # noqa: E402
from training.mining.planning import plan_epoch  # noqa: E402
from training.mining.triplets import TripletKind, kinds  # noqa: E402
from training.services.mining import PREFIX, NeighborTable  # noqa: E402

K = 10
RUN = 1
JUDGED = 2000
"""Anchors whose nearest faces are known, by which recall is counted."""
SCANNED = 300
"""Anchors whose neighbors are looked for in SQL without an index: they take seconds for each hundred."""
LARGE_BATCH = 256
"""pytorch-metric-learning's miners look at all triplets of a batch, of this many 17 million."""

BARE_SQL = f"""
    SELECT a.row, n.row FROM (SELECT row, person, vector FROM {PREFIX}{RUN} WHERE row = ANY(%s)) a
    CROSS JOIN LATERAL (
        SELECT b.row FROM {PREFIX}{RUN} b WHERE b.person <> a.person ORDER BY (b.vector <-> a.vector) + 0 LIMIT {K}
    ) n
"""
ResultT = TypeVar("ResultT")


@dataclass(frozen=True)
class Line:
    """One way of mining.

    Attributes:
        name: what it is.
        prepare_s: before the first anchor is asked about, for all faces.
        ask_s_per_1000: anchors.
        s_per_1000: both, as if all faces were asked about.
        recall: of the ten nearest faces of others, how many it finds.
        hard: the same of those that are hard.
    """

    name: str
    prepare_s: float
    ask_s_per_1000: float
    s_per_1000: float
    recall: float
    hard: float


@dataclass(frozen=True)
class Size:
    """What was measured with so many faces; the seconds of one epoch's parts, and how far triplets agree."""

    faces: int
    people: int
    copy_s: float
    index_s: float
    ask_s: float
    plan_s: float
    same_triplets: float
    lines: list[Line]


class Bench:
    """The faces of one size, and what is known about them."""

    def __init__(self, faces: int, seed: int) -> None:
        blocks = list(SyntheticGallery(faces, seed=seed).blocks())
        self.people: Counts = np.concatenate([block.person for block in blocks]).astype(np.int64)
        self.vectors: Floats = np.concatenate([block.vector for block in blocks])
        self.rows: Counts = np.arange(faces)
        judged = np.sort(np.random.default_rng(seed).choice(faces, min(JUDGED, faces), replace=False))
        self.truth = Truth.of(self.vectors, self.people, judged, K)
        self.lines: list[Line] = []

    def add(self, name: str, found: Found) -> None:
        """Judge what was found, and print it."""
        recall, hard = self.truth.found(found.asked, found.anchors, found.others)
        ask = found.ask_s / len(found.asked) * 1000
        line = Line(name, found.prepare_s, ask, ask + found.prepare_s / len(self.rows) * 1000, recall, hard)
        self.lines.append(line)
        print(
            f"{line.name:42}{line.prepare_s:10.2f}{line.ask_s_per_1000:10.3f}{line.s_per_1000:10.3f}"
            f"{line.recall:10.4f}{line.hard:10.4f}",
            flush=True,
        )

    def add_list(self, name: str, neighbors: Neighbors, *, prepare_s: float, ask_s: float) -> None:
        """Judge a list for every face."""
        row, column = np.nonzero(neighbors.rows != NOBODY)
        self.add(name, Found(self.rows, row, neighbors.rows[row, column], prepare_s, ask_s))

    def add_index(self, name: str, make: Callable[[Floats], Index]) -> None:
        """Judge an index of FAISS by the anchors whose neighbors are known."""
        prepare_s, index = timed(lambda: make(self.vectors))
        asked = self.truth.anchors
        ask_s, (anchors, others) = timed(lambda: others_of(index, self.vectors, self.people, asked, K))
        self.add(name, Found(asked, anchors, others, prepare_s, ask_s))

    def add_met(self, name: str, batches: list[Counts], seconds: float) -> None:
        """Judge batches by who meets in them."""
        anchors, others = [], []
        for rows in batches:
            row, column = np.nonzero(self.people[rows, None] != self.people[None, rows])
            anchors.append(rows[row])
            others.append(rows[column])
        asked = np.unique(np.concatenate(batches))
        self.add(name, Found(asked, np.concatenate(anchors), np.concatenate(others), 0.0, seconds))


def main() -> None:
    """Measure, and print tables, and with --json one object on the last line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--faces", type=int, nargs="+", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    call_command("migrate", interactive=False, verbosity=0)
    sizes = [measured(faces, options.seed) for faces in sorted(options.faces)]
    if options.json:
        print(json.dumps({"neighbors": K, "sizes": {size.faces: as_object(size) for size in sizes}}))


def measured(faces: int, seed: int) -> Size:
    """Measure everything with so many faces."""
    bench = Bench(faces, seed)
    people = len(np.unique(bench.people))
    print(
        f"\n{faces:,} faces of {people:,} people; {K} nearest of others, judged by {len(bench.truth.anchors):,} anchors"
    )
    print(f"{'':42}{'prepare':>10}{'ask':>10}{'together':>10}{'recall':>10}{'hard':>10}")
    print(f"{'':42}{'s':>10}{'s/1,000':>10}{'s/1,000':>10}")
    with NeighborTable(RUN, scanned_up_to=faces) as scanned:
        copy_s, _ = timed(lambda: scanned.write(bench.vectors, bench.people))
        asked = bench.rows[:: max(1, faces // SCANNED)]
        scan_s, pairs = timed(lambda: bare_sql(asked))
        bench.add("SQL without an index", Found(asked, pairs[:, 0], pairs[:, 1], copy_s, scan_s))
    with NeighborTable(RUN) as table:
        write_s, _ = timed(lambda: table.write(bench.vectors, bench.people))
        ask_s, found = timed(lambda: table.nearest(K))
    bench.add_list("Facet: the database", found, prepare_s=write_s, ask_s=ask_s)
    exact_s, expected = timed(lambda: exact.nearest_of_others(bench.vectors, bench.people, K))
    bench.add_list("Facet: product in memory (numpy)", expected, prepare_s=0.0, ask_s=exact_s)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch_s, by_torch = timed(lambda: on_a_device.nearest_of_others(bench.vectors, bench.people, K, device=device))
    bench.add_list(f"Facet: product in memory (torch, {device})", by_torch, prepare_s=0.0, ask_s=torch_s)
    bench.add_index("FAISS flat", flat)
    bench.add_index("FAISS HNSW", hnsw)
    plan_s = add_batches(bench, found)
    return Size(
        faces=faces,
        people=people,
        copy_s=copy_s,
        index_s=write_s - copy_s,
        ask_s=ask_s,
        plan_s=plan_s,
        same_triplets=same_triplets(bench, found, expected),
        lines=bench.lines,
    )


def bare_sql(asked: Counts) -> Counts:
    """Return (E, 2) anchors and others, all compared with all."""
    with connection.cursor() as cursor:
        cursor.execute(BARE_SQL, [asked.tolist()])
        return np.array(cursor.fetchall(), dtype=np.int64)


def add_batches(bench: Bench, found: Neighbors) -> float:
    """Judge who meets in a batch, ours and those by chance, and the miners that look there; returns our seconds."""
    configuration = TrainingConfiguration(steps_per_epoch=BATCHES)
    alpha, each = configuration.alpha, configuration.photos_per_person
    seconds, planned = timed(
        lambda: plan_epoch(
            faces=bench.rows,
            people=bench.people,
            rows=bench.rows,
            neighbors=found,
            vectors=bench.vectors,
            configuration=configuration,
            barred=BarredPairs.of(),
            rng=np.random.default_rng(1),
        )
    )
    bench.add_met(f"met in Facet's batches of {configuration.batch}", [batch.rows for batch in planned], seconds)
    for size, count in ((configuration.batch, BATCHES), (LARGE_BATCH, BATCHES // 5)):
        drawn = batches_by_chance(bench.people, size=size, each=each, seed=1)
        started = time.perf_counter()
        batches = list(islice(drawn, count))
        by_chance_s = time.perf_counter() - started
        bench.add_met(f"met in batches of {size:,} by chance", batches, by_chance_s)
        for name, miner in in_batch_miners(alpha).items():
            bench.add(f"PML {name}, {size:,}", in_batches(miner, bench.vectors, bench.people, batches))
    return seconds


def same_triplets(bench: Bench, found: Neighbors, expected: Neighbors) -> float:
    """Of all semi-hard and hard triplets that either list gives, the share that both do.

    A triplet is an anchor, the next photo of the same person, and a neighbor of the list.
    """
    ours, theirs = (set(triplets(bench, neighbors)) for neighbors in (found, expected))
    same = len(ours & theirs) / max(1, len(ours | theirs))
    print(f"semi-hard and hard triplets of the database's lists and the exact ones: {same:.4f} are the same")
    return same


def triplets(bench: Bench, neighbors: Neighbors) -> Iterator[tuple[int, int]]:
    """Yield anchors and negatives; the anchor says which the positive is."""
    anchors = np.flatnonzero(bench.people[:-1] == bench.people[1:])
    stored = as_stored(bench.vectors)
    positive = row_distances(stored[anchors], stored[anchors + 1])
    kind = kinds(positive[:, None], neighbors.distances[anchors], TrainingConfiguration().alpha)
    row, column = np.nonzero(kind != TripletKind.EASY)
    yield from zip(anchors[row].tolist(), neighbors.rows[anchors[row], column].tolist(), strict=True)


def timed(work: Callable[[], ResultT]) -> tuple[float, ResultT]:
    """Seconds, and what came of it."""
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def as_object(size: Size) -> dict[str, object]:
    """As JSON; a share of nothing is null."""
    lines = {
        line.name: {name: _number(value) for name, value in asdict(line).items() if name != "name"}
        for line in size.lines
    }
    return {**asdict(size), "lines": lines}


def _number(value: float) -> float | None:
    return None if np.isnan(value) else value


if __name__ == "__main__":
    main()
