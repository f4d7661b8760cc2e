"""Embeddings into the database: the platform's loader beside a bare binary COPY, Django's bulk_create and COPY of text.

    .venv/bin/python -m benchmarks.loading [--rows 1000000] [--rounds 1] [--json]

A fresh platform in a temporary folder gets a gallery of people who do not exist, with their photos, faces and the
embeddings of the serving version, and is then given embeddings by other versions, as when a gallery moves to a new
encoder: each contestant loads one of its own. All but one write into faces_embedding with all its constraints, checks
and indexes, and have the templates renewed. The bare COPY writes the same bytes into a table without any of it: what
PostgreSQL can do at most. Rows that are written one by one are measured with fewer, and rates compared.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.search import environment
from config.embedded.postgres import Cluster, stop
from config.paths import PROJECT

SMALLEST = 1000


def main() -> None:
    """Measure in a process of its own, whose platform lives in a folder that is removed afterwards."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.rows < SMALLEST or options.rounds < 1:
        sys.exit(f"--rows must be at least {SMALLEST:,} and --rounds at least 1.")
    folder = Path(tempfile.mkdtemp(prefix="facet-loading-"))
    words = [f"--rows={options.rows}", f"--rounds={options.rounds}", *["--json"] * options.json]
    try:
        command = [sys.executable, "-m", "benchmarks.loading_run", *words]
        answer = subprocess.run(command, cwd=PROJECT, env=environment(folder), check=False)
    finally:
        stop(Cluster(folder / "postgres"))
        shutil.rmtree(folder)
    sys.exit(answer.returncode)


if __name__ == "__main__":
    main()
