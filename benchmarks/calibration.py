"""Does a tau that was set by an error rate hold that rate? Set on one half of the people, measured on the other.

    .venv/bin/python -m benchmarks.calibration --photos ../shared/data/lfw [--cache FOLDER] [--quick] [--json]

A folder a person. The people are split in two halves. The first is an admin's gallery: its report (`training.metrics`:
leave-one-out, counted for smaller galleries) gives the tau for an FPIR of 1 % among N people, and the tau for an FMR of
0.1 %. The other half are people whom nobody had seen: N of them at random are enrolled and all the others look for
themselves in vain, again and again. Beside it two other ways to a tau: the formula 1 - (1 - FMR)^N, which takes all
strangers for alike, and the factory's tau, which stands for an FMR of 0.01 % measured on other photos.

What is measured would be another number with other people, on either half. So there are three intervals: of the other
half alone, with tau taken for given; with the people that tau was set on as well, which is the one that has to reach
what was asked in 95 of 100 splits; and what the report said of its own tau. As the first and the last know of one half
only, a difference of two halves leaves them more often: rightly in one split of six.

The same with drawn people (`faces.drawn_people`), whose faces are more alike than real ones, so that the factory's tau
is wrong by far: they are too few to say 1 % (errors of 30 people, the rule of 30), and are asked for 5 %.

Then what FPIR the factory's tau has as the gallery grows, and what galleries of 200 and 450 people say of the tau that
all the people need, beside what is counted there.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from config.paths import PROJECT

MEASURE = "benchmarks.calibration_run"


def main() -> None:
    """Measure in a process of its own: it imports the platform, with settings that are not the operator's."""
    options = parsed()
    with tempfile.TemporaryDirectory(prefix="facet-calibration-") as folder:
        cache = options.cache or Path(folder) / "cache"
        command = [sys.executable, "-m", MEASURE, *sys.argv[1:], "--cache", str(cache.resolve())]
        if options.photos:
            command += ["--photos", str(options.photos.resolve())]
        answer = subprocess.run(command, cwd=PROJECT, env=environment(Path(folder)), check=False)
    sys.exit(answer.returncode)


def parsed() -> argparse.Namespace:
    """What the command line says; the later of two equal options counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, help="one folder a person; without it only drawn people are measured")
    parser.add_argument("--limit", type=int, help="only so many people of them")
    parser.add_argument("--drawn", type=int, help="so many drawn people (300; with --quick 160); 0 for none")
    parser.add_argument("--splits", type=int, help="in halves (10; with --quick 3)")
    parser.add_argument("--galleries", type=int, help="at random, for each rate (1000; with --quick 200)")
    parser.add_argument("--seed", type=int, default=0, help="of the split that the tables show (%(default)s)")
    parser.add_argument(
        "--cache", type=Path, help="keep embeddings and drawn photos in this folder, and use them again"
    )
    parser.add_argument("--quick", action="store_true", help="less of everything, for a first look")
    parser.add_argument("--json", action="store_true")
    options: argparse.Namespace = parser.parse_args()
    for name, slow, fast in (("drawn", 300, 160), ("splits", 10, 3), ("galleries", 1000, 200)):
        if getattr(options, name) is None:
            setattr(options, name, fast if options.quick else slow)
    return options


def environment(folder: Path) -> dict[str, str]:
    """The platform's own settings in this folder; nothing asks its database."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("FACET_", "CELERY_", "DATABASE_URL"))
    }
    return kept | {"FACET_VAR": str(folder.resolve()), "DJANGO_SETTINGS_MODULE": "config.settings"}


if __name__ == "__main__":
    main()
