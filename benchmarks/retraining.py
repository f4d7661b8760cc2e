"""What retraining brings to people it was not trained on, and what negatives from the database are worth.

    .venv/bin/python -m benchmarks.retraining --domain poor-cameras --photos ../shared/data/lfw [--json]
    .venv/bin/python -m benchmarks.retraining --domain drawn [--json]

The platform's own recipe (`training.configuration` as it is, but for the augmentation that the domain asks for) trains
the factory encoder with negatives from a fresh database in a temporary folder, once a seed; then random triplets,
triplets of batches by chance and the database's do the same at equal steps. Judged is the deployed embedding, by people
who were never trained on.

Poor cameras: `--photos` has one folder a person. Judged are 1,349 people, half of those with several photos among them,
by at most ten photos each. A probe is the aligned crop of 150 pixels brought to 30 by a box filter (its face is some 20
high), compressed as JPEG of quality 30, and enlarged again by a bicubic filter; the gallery has the photos as they are.
TAR is of all comparisons of a probe with other photos at an FMR of 1e-2, rank 1 of each person's further photos as
probes among everybody's first photos, and the plain TAR of photos with photos at an FMR of 1e-3.

Drawn: people whom `faces.drawn_people` draws; the last third of them is judged, photos against photos. Beside the
arms, the last layers alone learn from stored features.
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

MEASURE = "benchmarks.retraining_run"
CONTESTS = {
    "poor-cameras": ("random", "in-batch", "database"),
    "drawn": ("random", "in-batch", "database", "last-layers"),
}


def main() -> None:
    """Measure in a process of its own, whose platform lives in a folder that is removed afterwards."""
    options = parsed()
    folder = Path(tempfile.mkdtemp(prefix="facet-retraining-"))
    try:
        answer = subprocess.run(command(options, folder), cwd=PROJECT, env=surroundings(folder), check=False)
    finally:
        stop(Cluster(folder / "postgres"))
        shutil.rmtree(folder)
    sys.exit(answer.returncode)


def command(options: argparse.Namespace, folder: Path) -> list[str]:
    """What the measuring process is started with."""
    cache = (options.cache or folder / "cache").resolve()
    cache.mkdir(parents=True, exist_ok=True)
    arms = CONTESTS[options.domain] if options.arms is None else options.arms
    values = {
        "domain": options.domain,
        "photos": options.photos.resolve() if options.photos else None,
        "cache": cache,
        "folder": folder,
        "seeds": options.seeds,
        "steps": options.steps,
        "arm-steps": options.arm_steps,
        "judged": options.judged,
        "drawn": options.drawn,
    }
    told = [part for name, value in values.items() if value is not None for part in (f"--{name}", str(value))]
    flags = ["--skip-recipe"] * options.skip_recipe + ["--json"] * options.json
    return [sys.executable, "-m", MEASURE, *told, "--arms", *arms, *flags]


def surroundings(folder: Path) -> dict[str, str]:
    """The environment of the measuring process: nothing of this machine's platform, and all cores for torch."""
    return {name: value for name, value in environment(folder).items() if name != "OMP_WAIT_POLICY"}


def parsed() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--domain", choices=sorted(CONTESTS), default="poor-cameras")
    parser.add_argument("--photos", type=Path, help="of real people, one folder a person; needed for poor cameras")
    parser.add_argument("--seeds", type=int, help="runs of each kind (3; with --quick 1)")
    parser.add_argument("--steps", type=int, help="of the recipe; as many as the platform takes, if not said")
    parser.add_argument("--arm-steps", type=int, help="of each arm (240, drawn 60; with --quick 24)")
    parser.add_argument("--arms", nargs="*", choices=CONTESTS["drawn"], help="which ones; all of the domain's")
    parser.add_argument("--skip-recipe", action="store_true", help="the arms alone")
    parser.add_argument("--judged", type=int, default=1349, help="people of --photos who are judged")
    parser.add_argument("--drawn", type=int, help="people who are drawn (300; with --quick 60)")
    parser.add_argument("--quick", action="store_true", help="see whether it works: one seed, and few steps")
    parser.add_argument("--cache", type=Path, help="keep aligned faces and drawn photos in this folder")
    parser.add_argument("--json", action="store_true", help="one object on the last line")
    options = parser.parse_args()
    arm_steps = 60 if options.domain == "drawn" else 240
    for name, slow, fast in (("seeds", 3, 1), ("arm_steps", arm_steps, 24), ("drawn", 300, 60), ("steps", None, 24)):
        if getattr(options, name) is None:
            setattr(options, name, fast if options.quick else slow)
    if options.domain == "poor-cameras" and (options.photos is None or not options.photos.is_dir()):
        parser.error("poor cameras need --photos with a folder of photos for each person; drawn people need none.")
    if min(options.seeds, options.arm_steps, options.steps or 1) < 1:
        parser.error("--seeds, --steps and --arm-steps are at least 1.")
    if options.domain == "drawn" and options.drawn < 30:
        parser.error(f"--drawn must be at least 30; {options.drawn} people are too few to judge by a third of them.")
    return options


if __name__ == "__main__":
    main()
