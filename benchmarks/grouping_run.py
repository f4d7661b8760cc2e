"""The process that measures groupings; `python -m benchmarks.grouping` starts it with a fresh platform's settings."""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import django
import numpy as np

django.setup()

# What follows needs the settings.
from django.core.management import call_command  # noqa: E402

from benchmarks.grouping_scores import (  # noqa: E402
    Labels,
    Scores,
    components,
    dbscan,
    full_average_linkage,
    pairs_within,
    scores,
)
from benchmarks.search_gallery import LoadedGallery, Loading, load, load_faces  # noqa: E402
from benchmarks.synthetic_gallery import FaceBlock, SyntheticGallery  # noqa: E402
from faces.models import Face, Gallery, Person, Threshold  # noqa: E402
from faces.services import neighbor_graph  # noqa: E402
from faces.services.galleries import create_gallery  # noqa: E402
from faces.services.grouping import group_unknown_faces  # noqa: E402
from faces.services.probable_people import request_grouping  # noqa: E402
from faces.services.thresholds import tau_in_force  # noqa: E402
from faces.services.working import perform  # noqa: E402

TAUS = np.arange(0.03, 0.1301, 0.005)
"""Among which rivals find theirs."""


@dataclass(frozen=True)
class Run:
    """One grouping: how long it took, and the most memory that this process ever had until then, MB."""

    faces: int
    seconds: float
    again_s: float
    peak_mb: float
    scores: Scores


def main() -> None:
    """Measure, and print tables, and with --json one object on the last line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("faces", type=Path)
    parser.add_argument("--sizes", type=int, nargs="*", default=[])
    parser.add_argument("--routes", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    call_command("migrate", interactive=False, verbosity=0)
    runs = []
    for size in sorted(options.sizes):
        runs.append(measured(*synthetic(size)))
        print_size(runs[-1])
    routes = {size: both_routes(size) for size in sorted(options.sizes)} if options.routes else {}
    real, rivals = compared(options.faces)
    if options.json:
        print(
            json.dumps(
                {
                    "photos": as_object(real),
                    "rivals": {name: {"tau": tau, **of(found)} for name, (tau, found) in rivals.items()},
                    "synthetic": {run.faces: as_object(run) for run in runs},
                    "seconds_by_route": routes,
                }
            )
        )


def measured(gallery: Gallery, people: Labels) -> Run:
    """Group the unknown faces of a gallery twice, and compare what came of it with the people."""
    seconds = _grouped(gallery)
    found = np.array(Face.objects.of(gallery).order_by("pk").values_list("pk", "probable_person_id"), dtype=np.float64)
    groups = np.where(np.isnan(found[:, 1]), -found[:, 0], found[:, 1]).astype(np.int64)
    again_s = _grouped(gallery)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Run(len(people), seconds, again_s, peak, scores(groups, people))


def _grouped(gallery: Gallery) -> float:
    job = request_grouping(gallery=gallery)
    started = time.perf_counter()
    perform(job=job, work=group_unknown_faces)
    spent = time.perf_counter() - started
    job.refresh_from_db()
    if job.error:
        raise SystemExit(job.error)
    return spent


def synthetic(size: int) -> tuple[Gallery, Labels]:
    """Load a gallery of people who do not exist, and forget whose the faces are."""
    loaded, _ = load(size, seed=1)
    people = np.array(Face.objects.of(loaded.gallery).order_by("pk").values_list("person_id", flat=True), np.int64)
    _forget(loaded.gallery)
    return loaded.gallery, people


def _forget(gallery: Gallery) -> None:
    Face.objects.of(gallery).update(person=None, is_enrolled=False, assigned_by=Face.AssignedBy.NOBODY)


def both_routes(size: int) -> dict[str, float]:
    """Seconds of a grouping whose neighbors are found by scans, and by an index."""
    gallery = Gallery.objects.get(name=f"Synthetic {size} of seed 1")
    seconds = {}
    usual = neighbor_graph.SCANNED_UP_TO
    try:
        for name, limit in {"scan": size, "index": 0}.items():
            neighbor_graph.SCANNED_UP_TO = limit
            seconds[name] = _grouped(gallery)
    finally:
        neighbor_graph.SCANNED_UP_TO = usual
    print(f"{size:,} faces by scans {seconds['scan']:.1f} s, by an index {seconds['index']:.1f} s")
    return seconds


def compared(path: Path) -> tuple[Run, dict[str, tuple[float, Scores]]]:
    """Group real faces, by the platform and by its rivals."""
    kept = np.load(path)
    people, vectors, quality = kept["people"].astype(np.int64), kept["embeddings"], kept["quality"]
    run = measured(_real(people, vectors, quality), people)
    vectors = vectors.astype(np.float16).astype(np.float32)  # as the database has them
    gallery = Gallery.objects.get(name="Real faces")
    tau = tau_in_force(gallery=gallery, encoder_version=gallery.encoder_version, use=Threshold.Use.RECOGNITION).tau
    graph = pairs_within(vectors, float(TAUS[-1]))
    rivals = {
        "connected components, same tau": (tau, scores(components(graph, tau), people)),
        "connected components, best tau": best(people, lambda value: components(graph, value)),
        "DBSCAN of 3 neighbors, best tau": best(people, lambda value: dbscan(graph, value, core=3)),
    }
    started = time.perf_counter()
    rivals["average linkage of all pairs (scipy)"] = (tau, scores(full_average_linkage(vectors, tau), people))
    print(f"{len(people):,} real faces; tau {tau:.4f}; {run.seconds:.1f} s (scipy {time.perf_counter() - started:.1f})")
    print(
        f"{'':38}{'tau':>7}{'pairs: P':>10}{'R':>8}{'F':>8}{'BCubed: P':>11}{'R':>8}{'F':>8}{'groups':>8}{'largest':>9}"
    )
    for name, (value, found) in {"Facet": (tau, run.scores), **rivals}.items():
        print(
            f"{name:38}{value:7.4f}{found.precision:10.4f}{found.recall:8.4f}{found.f:8.4f}"
            f"{found.bcubed_precision:11.4f}{found.bcubed_recall:8.4f}{found.bcubed_f:8.4f}"
            f"{found.groups:8,}{found.largest:9,}"
        )
    print(f"People with two photos or more: {run.scores.people:,}")
    return run, rivals


def best(people: Labels, group: Callable[[float], Labels]) -> tuple[float, Scores]:
    """Return the tau of the highest BCubed F, and the scores there."""
    found = {float(tau): scores(group(float(tau)), people) for tau in TAUS}
    tau = max(found, key=lambda value: found[value].bcubed_f)
    return tau, found[tau]


def _real(people: Labels, vectors: np.ndarray, quality: np.ndarray) -> Gallery:
    gallery = create_gallery(name="Real faces")
    rows = Person.objects.bulk_create(
        Person(gallery=gallery, name=f"Person {number}") for number in range(int(people.max()) + 1)
    )
    numbers = np.array([row.pk for row in rows], dtype=np.int64)
    loaded = LoadedGallery(gallery, SyntheticGallery(max(len(people), 100)), numbers)
    load_faces(loaded, FaceBlock(people, vectors, quality.clip(0, 1)), Loading())
    _forget(gallery)
    return gallery


def print_size(run: Run) -> None:
    """Print one line, at once."""
    print(
        f"{run.faces:,} synthetic faces: {run.seconds:.1f} s, again {run.again_s:.1f} s, at most {run.peak_mb:.0f} MB; "
        f"BCubed F {run.scores.bcubed_f:.4f}, {run.scores.groups:,} groups of {run.scores.people:,} people",
        flush=True,
    )


def of(found: Scores) -> dict[str, float]:
    """As JSON."""
    return {**asdict(found), "f": found.f, "bcubed_f": found.bcubed_f}


def as_object(run: Run) -> dict[str, object]:
    """As JSON."""
    return {
        "faces": run.faces,
        "seconds": run.seconds,
        "again_s": run.again_s,
        "peak_mb": run.peak_mb,
        **of(run.scores),
    }


if __name__ == "__main__":
    main()
