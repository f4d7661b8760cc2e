"""Unknown faces grouped into probable people: how well, beside other ways to group, and how long it takes.

    .venv/bin/python -m benchmarks.grouping ../shared/data/lfw [--sizes 1000 10000 50000] [--faces KEPT.npz] [--json]

All photos of the folder (one folder a person) become unknown faces of a gallery in a fresh database in a temporary
folder; the platform's own job groups them, and what it made is compared with the folders. Rivals on the same vectors:
connected components of the graph of all pairs within tau, DBSCAN, and average linkage over all pairs by scipy, which
holds an N x N matrix. For the first two the tau is sought that suits them best on these very photos, which nobody could
know beforehand; ours and scipy's take the tau that is in force for recognition.

Then faces of people who do not exist (benchmarks/synthetic_gallery.py) in galleries of each size, for time and memory.
`--sizes` without numbers leaves them out. `--routes` also takes the time of both ways to find neighbors.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.grouping_faces import embed_folder
from config.embedded.postgres import Cluster, stop
from config.paths import PROJECT

MEASURE = "benchmarks.grouping_run"


def main() -> None:
    """Embed, then measure in a process of its own, whose platform lives in a folder that is removed afterwards."""
    options = parsed()
    folder = Path(tempfile.mkdtemp(prefix="facet-grouping-"))
    kept = options.faces or folder / "faces.npz"
    try:
        if not kept.exists():
            embed_folder(options.folder).save(kept)
        command = [sys.executable, "-m", MEASURE, str(kept.resolve()), "--sizes", *map(str, options.sizes)]
        command += ["--routes"] * options.routes + ["--json"] * options.json
        answer = subprocess.run(command, cwd=PROJECT, env=environment(folder), check=False)
    finally:
        stop(Cluster(folder / "postgres"))
        shutil.rmtree(folder)
    sys.exit(answer.returncode)


def parsed() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="one folder a person")
    parser.add_argument("--sizes", type=int, nargs="*", default=[1000, 10_000, 50_000], help="of synthetic galleries")
    parser.add_argument("--faces", type=Path, help="keep the embeddings in this .npz, and use it again")
    parser.add_argument("--routes", action="store_true", help="time the scan and the index for each size")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def environment(folder: Path) -> dict[str, str]:
    """The platform's own settings in this folder, whatever the operator of this machine has set."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("FACET_", "CELERY_", "DATABASE_URL"))
    }
    return kept | {"FACET_VAR": str(folder.resolve()), "DJANGO_SETTINGS_MODULE": "config.settings"}


if __name__ == "__main__":
    main()
