"""Recognition among a million faces: how fast, how often right, beside rivals on the same vectors.

    .venv/bin/python -m benchmarks.search --faces 1000000 [--json]

Makes galleries of 10,000, 100,000 and 1,000,000 faces (or what `--faces` says) of people who do not exist, but whose
distances have the shape measured on real photos (benchmarks/synthetic_gallery.py), loads them into one fresh database
in a temporary folder through the platform's own bulk loader, has the platform decide about indexes and build them, and
asks its own recognition service. Probes are new faces: of people who are enrolled, and of people who are not.

Beside it, in turns: FAISS flat and FAISS HNSW on the same template vectors in memory, numpy, and the bare SQL: a
hand-written statement over the same index that returns numbers of people and distances, and nothing else.

`--fit PATH` reads real embeddings and prints the constants of benchmarks/search_shape.py instead.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.search_fit import print_fit
from config.embedded.postgres import Cluster, stop
from config.paths import PROJECT

SMALLEST = 1000
MEASURE = "benchmarks.search_run"


def main() -> None:
    """Measure in a process of its own, whose platform lives in a folder that is removed afterwards."""
    options = parsed()
    if options.fit:
        print_fit(options.fit)
        return
    if importlib.util.find_spec("faiss") is None:
        sys.exit("faiss is not installed here; `make setup-dev` installs what is compared with.")
    if options.faces < SMALLEST:
        sys.exit(f"--faces must be at least {SMALLEST:,}; {options.faces:,} say nothing about searches.")
    folder = options.keep or Path(tempfile.mkdtemp(prefix="facet-search-"))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Stopped."))  # so that what was started ends, too
    try:
        command = [sys.executable, "-m", MEASURE, *words(options)]
        answer = subprocess.run(command, cwd=PROJECT, env=environment(folder), check=False)
    finally:
        stop(Cluster(folder / "postgres"))
        if options.keep is None:
            shutil.rmtree(folder)
    sys.exit(answer.returncode)


def parsed() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, default=1_000_000, help="of the largest gallery")
    parser.add_argument("--probes", type=int, default=3000, help="enrolled and as many not enrolled, for recall")
    parser.add_argument("--timed", type=int, default=300, help="probes whose time is taken")
    parser.add_argument("--clients", type=int, default=4, help="that ask at the same time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--churn", action=argparse.BooleanOptionalAction, help="replace half the faces of a gallery")
    parser.add_argument("--keep", type=Path, help="keep the platform here, and use what an earlier run loaded")
    parser.add_argument("--fit", type=Path, help="an .npz of real embeddings: embeddings, people, quality")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def words(options: argparse.Namespace) -> list[str]:
    """The command line of the process that measures."""
    numbers = ("faces", "probes", "timed", "clients", "seed")
    result = [f"--{name}={getattr(options, name)}" for name in numbers]
    if options.churn is not None:
        result.append("--churn" if options.churn else "--no-churn")
    return result + ["--json"] * options.json


def environment(folder: Path) -> dict[str, str]:
    """The platform's own settings in this folder, whatever the operator of this machine has set."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("FACET_", "CELERY_", "DATABASE_URL"))
    }
    # FAISS' threads wait for each other without keeping the database from its processor.
    own = {"FACET_VAR": str(folder.resolve()), "OMP_WAIT_POLICY": "PASSIVE"}
    return kept | own | {"DJANGO_SETTINGS_MODULE": "config.settings"}


if __name__ == "__main__":
    main()
