"""The process that measures calibration; `python -m benchmarks.calibration` starts it with a platform's settings."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict

import django

django.setup()

# What follows needs the settings.
from benchmarks.calibration import parsed  # noqa: E402
from benchmarks.calibration_faces import Crowd, draw_people, faces_of  # noqa: E402
from benchmarks.calibration_growth import grown, projections  # noqa: E402
from benchmarks.calibration_halves import Halves, Row  # noqa: E402
from benchmarks.calibration_tables import (  # noqa: E402
    print_grown,
    print_projections,
    print_rows,
    print_splits,
)

SIZES = (100, 500, 2000)
FPIR, FMR = 0.01, 1e-3
DRAWN_SIZES = (50, 100)
DRAWN_FPIR, DRAWN_FMR = 0.05, 1e-2
PHOTOS_EACH = 4
"""Of a drawn person."""
SMALL = (200, 450)
GROWING = (10, 30, 100, 300, 1000, 2000, 4000)


def main() -> None:
    """Measure, and print tables, and with --json one object on the last line."""
    options = parsed()
    start = time.monotonic()
    rows: list[Row] = []
    result: dict[str, object] = {}
    cache = options.cache
    cache.mkdir(parents=True, exist_ok=True)
    if options.photos:
        name = options.photos.name
        crowd = Crowd.of(
            faces_of(options.photos, limit=options.limit, kept=cache / f"{name}-{options.limit or 'all'}.npz")
        )
        rows += _halves(name, crowd, SIZES, (FPIR, FMR), options, result)
        result |= _growth(crowd, options)
    if options.drawn:
        draw_people(cache / "drawn", people=options.drawn, photos_each=PHOTOS_EACH)
        crowd = Crowd.of(faces_of(cache / "drawn", limit=options.drawn, kept=cache / f"drawn-{options.drawn}.npz"))
        rows += _halves("drawn", crowd, DRAWN_SIZES, (DRAWN_FPIR, DRAWN_FMR), options, result)
    if not rows:
        sys.exit("There is nothing to measure: give --photos of more people, or ask for more drawn people.")
    seconds = time.monotonic() - start
    print(f"{seconds:.0f} s")
    if options.json:
        ours = [row for row in rows if row.way == "report"]
        result["rows"] = [row.as_json() for row in ours if row.use == "recognition"]
        result["verification"] = [row.as_json() for row in ours if row.use == "verification"]
        result["rivals"] = [row.as_json() for row in rows if row.way != "report"]
        print(json.dumps(result | {"seconds": round(seconds, 1)}))


def _halves(
    domain: str,
    crowd: Crowd,
    sizes: Sequence[int],
    asked: tuple[float, float],
    options: argparse.Namespace,
    result: dict[str, object],
) -> list[Row]:
    """Print the tables of one split in full, and how the others went; returns the rows of that one."""
    # Somebody must be left to be a stranger, and whom the jackknife leaves out.
    possible = [size for size in sizes if size <= crowd.people // 2 - 2]
    if not possible:
        return []
    print(f"{domain}: {len(crowd.album):,} faces of {crowd.people:,} people, in two halves")
    splits: list[list[Row]] = []
    for seed in range(options.seed, options.seed + options.splits):
        halves = Halves.of(domain, crowd, seed=seed, galleries=options.galleries)
        splits.append(list(halves.rows(possible, asked=asked[0], asked_fmr=asked[1])))
        if seed == options.seed:
            shown = splits[0] + list(halves.rivals(possible, asked=asked[0]))
            print_rows(shown)
    result[f"splits {domain}"] = print_splits(splits)
    return shown


def _growth(crowd: Crowd, options: argparse.Namespace) -> dict[str, object]:
    bigger = list(grown(crowd, GROWING))
    print_grown(bigger)
    sizes = [size for size in SMALL if size < crowd.people // 4]
    found = list(projections(crowd, sizes, draws=options.splits))
    print_projections(found)
    return {"grown": [asdict(row) for row in bigger], "projected": [asdict(row) for row in found]}


if __name__ == "__main__":
    main()
