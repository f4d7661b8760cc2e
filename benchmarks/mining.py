"""The nearest faces of other people, for every face of a training set: what they cost, and how many are found.

    .venv/bin/python -m benchmarks.mining [--faces 10000 100000] [--json]

Faces of people who do not exist (benchmarks/synthetic_gallery.py; some are twins, some relatives) are written to a
fresh database in a temporary folder as before an epoch of a training run, and the platform finds the ten nearest faces
of other people of each. Beside it, on the same vectors: the same query without an index; our own product in memory,
FAISS flat and FAISS HNSW; and the miners of pytorch-metric-learning, which look for negatives among the faces of a
batch that was drawn by chance.

For each: seconds for a thousand anchors, with everything that has to be done before the first one is asked about; of an
anchor's ten nearest faces of others how many it finds; and of those among them that are hard (nearer than the anchor's
farthest photo of the same person) how many.
"""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.search import environment
from config.embedded.postgres import Cluster, stop
from config.paths import PROJECT

MEASURE = "benchmarks.mining_run"
SMALLEST = 1000
RIVALS = ("faiss", "pytorch_metric_learning")


def main() -> None:
    """Measure in a process of its own, whose platform lives in a folder that is removed afterwards."""
    options = parsed()
    if missing := [name for name in RIVALS if importlib.util.find_spec(name) is None]:
        sys.exit(f"Not installed here: {', '.join(missing)}; `make setup-dev` installs what is compared with.")
    if min(options.faces) < SMALLEST:
        sys.exit(f"--faces must be at least {SMALLEST:,}; {min(options.faces):,} say nothing about mining.")
    folder = Path(tempfile.mkdtemp(prefix="facet-mining-"))
    try:
        command = [sys.executable, "-m", MEASURE, "--faces", *map(str, options.faces), "--seed", str(options.seed)]
        command += ["--json"] * options.json
        answer = subprocess.run(command, cwd=PROJECT, env=environment(folder), check=False)
    finally:
        stop(Cluster(folder / "postgres"))
        shutil.rmtree(folder)
    sys.exit(answer.returncode)


def parsed() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
