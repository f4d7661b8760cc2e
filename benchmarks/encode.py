"""The encoder's speed beside its rivals', on the same machine and in turns: ours, dlib, ours, dlib, ...

    .venv/bin/python -m benchmarks.encode [--photos ../shared/data/lfw] [--limit N] [--rounds N] [--quick] [--json]
    .venv/bin/python -m benchmarks.encode --device cuda [...]

Photos a second end to end, from JPEG files to embeddings; a single probe; a photo of a crowd; the bare network; and how
far all that is from what the machine could do at most. Each contestant lives in processes of its own, loaded and warm.
Ours runs as the platform runs it: `make run` starts one encode worker for each core (at most four), and the web process
has one encoder with all threads. dlib has no threads: it runs as people use it, one process, and once more with a
process for each core. With --device cuda only ours runs, beside the floors of copying and of computing.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
from pathlib import Path

from benchmarks.encode_contests import Contest, Effort
from benchmarks.encode_cuda import end_without_cuda, measure_cuda
from benchmarks.rivals import end_without_rivals
from benchmarks.timing import Row, as_json, table

PHOTOS = Path("../shared/data/lfw")
FULL = Effort(photos=320, dlib_photos=32, rounds=5, probes=20, seconds=0.5)
QUICK = Effort(photos=32, dlib_photos=2, rounds=1, probes=1, seconds=0.02)


def main() -> None:
    """Measure, print tables, and with --json one object on the last line."""
    options = _arguments()
    # What the platform sets for its encoders too (faces.encoding); the processes started here inherit it.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    effort = (QUICK if options.quick else FULL).with_choices(photos=options.limit, rounds=options.rounds)
    photos = _choose_photos(options.photos, effort.photos)
    rows: list[Row] = []
    if options.device == "cpu":
        end_without_rivals()
        with Contest(photos, effort) as contest:
            for title, part in contest.parts():
                rows += _shown(title, part)
    else:
        end_without_cuda(options.device)
        measured = measure_cuda(options.device, photos, effort.rounds, 2 * effort.seconds)
        rows += _shown(f"On {options.device}", measured)
    if options.json:
        print(json.dumps(as_json(rows)))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, default=PHOTOS, help="a folder of JPEG portraits, at any depth")
    parser.add_argument("--limit", type=int, help=f"so many photos, chosen at random ({FULL.photos})")
    parser.add_argument("--rounds", type=int, help=f"how often each contestant has its turn ({FULL.rounds})")
    parser.add_argument("--quick", action="store_true", help="see that it works; the figures are worth little")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or cuda:N")
    parser.add_argument("--json", action="store_true")
    options: argparse.Namespace = parser.parse_args()
    return options


def _choose_photos(folder: Path, count: int) -> list[str]:
    """The same ones each time; ends the program where there are too few."""
    paths = sorted(str(path) for path in folder.rglob("*.jpg"))
    if len(paths) < count:
        sys.exit(f"{folder} has {len(paths)} JPEG photos; {count} are needed (see --photos and --limit).")
    return random.Random(0).sample(paths, count)


def _shown(title: str, rows: list[Row]) -> list[Row]:
    print(table(title, rows), flush=True)
    return rows


if __name__ == "__main__":
    main()
