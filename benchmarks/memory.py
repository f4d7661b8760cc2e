"""How much memory a folder of very large photos takes: it must not grow with the number of photos.

    .venv/bin/python -m benchmarks.memory [--photos 1 4 16] [--megapixels 50] [--json]

Photos of 50 megapixels (enlarged from a photograph that a package carries; one of each folder is a PNG) are imported
into a fresh platform, as `make run` starts it, and the most memory that each process ever held is read from Linux: of
the command that imports, and of the encode worker that needed most. Every worker of a machine may need that much at the
same time. Beside them dlib, which decodes and encodes one such photo in one process. Linux only.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.crew import Crew
from benchmarks.rivals import Dlib, missing_rivals
from benchmarks.timing import Row, as_json, table
from config.paths import PROJECT
from tests.encoder.golden.package_photos import astronaut, hopper
from tests.system.platform import Platform

MEGABYTE = 1 << 20
MOST_MEGABYTES = 1500
MOST_GROWTH = 100
"""Megabytes. From the first photo to the fifth the allocator keeps some 100 MB more, and then no more."""

READY = "SELECT count(*) FROM faces_photo WHERE state = 'ready'"
FACES = "SELECT count(*) FROM faces_face"


def main() -> None:
    """Measure, print a table, and with --json one object on the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, nargs="+", default=[1, 4, 16], help="how many, one platform for each")
    parser.add_argument("--megapixels", type=int, default=50)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not Path("/proc/self/status").exists():
        sys.exit("This reads what Linux keeps in /proc of each process.")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="facet-memory-") as scratch:
        for count in options.photos:
            folder = Path(scratch) / f"photos-{count}"
            with Crew(Painter, size=1, threads=1) as painter:  # its memory is its own
                painter.ask(Painter.paint, folder, count, options.megapixels)
            rows += measure_platform(folder, count, Path(scratch) / f"var-{count}")
        rows += growth(sorted(options.photos), as_json(rows))
        if "dlib" not in missing_rivals():
            rows.append(measure_dlib(folder))
    print(table(f"Most memory held, photos of {options.megapixels} megapixels", rows))
    if options.json:
        print(json.dumps(as_json(rows)))


def growth(counts: Sequence[int], values: Mapping[str, float]) -> list[Row]:
    """What more photos take, where at least two numbers of them were measured: of the two largest."""
    if len(counts) < 2:
        return []
    few, many = counts[-2:]
    more = max(values[f"{what}_mb_{many}"] - values[f"{what}_mb_{few}"] for what in ("import", "worker"))
    return [Row("growth_mb", more, "MB", goal=-MOST_GROWTH, note=f"from {few} photos to {many}")]


class Painter:
    """Makes the photos, in a process of its own."""

    def __init__(self, threads: int) -> None:
        """`threads` is for `Crew`."""

    def paint(self, folder: Path, count: int, megapixels: int) -> None:
        """Photos of two people side by side, all different files; the first is a PNG, the others are JPEGs."""
        folder.mkdir()
        height = round((megapixels * 1e6 * 2 / 3) ** 0.5)
        width = round(height * 1.5)
        canvas = Image.new("RGB", (width, height), (128, 128, 128))
        for index, portrait in enumerate((astronaut(), hopper())):
            picture = Image.fromarray(np.ascontiguousarray(portrait[:512, :512]))
            canvas.paste(picture.resize((width // 2, width // 2), Image.Resampling.BICUBIC), (index * width // 2, 0))
        for number in range(count):
            if number:
                canvas.save(folder / f"{number}.jpg", quality=90, comment=f"photo {number}")
            else:
                canvas.save(folder / f"{number}.png", compress_level=1)


def measure_platform(folder: Path, count: int, var: Path) -> list[Row]:
    """Imports the folder and waits until all is encoded."""
    platform = Platform(var)
    platform.start()
    try:
        peak = peak_of_import(platform, folder)
        workers = max(peak_of(platform.pid_of(name)) for name in encoders(platform))
        ready, faces = platform.number(READY), platform.number(FACES)
    finally:
        platform.stop()
    if ready != count:
        sys.exit(f"Of {count} photos {ready} were encoded.")
    return [
        Row(f"import_mb_{count}", peak / MEGABYTE, "MB", goal=-MOST_MEGABYTES, note="the command"),
        Row(f"worker_mb_{count}", workers / MEGABYTE, "MB", goal=-MOST_MEGABYTES, note=f"{faces} faces found"),
    ]


def peak_of_import(platform: Platform, folder: Path) -> int:
    """Bytes that the importing command held at most."""
    command = [sys.executable, "manage.py", "import_photos", str(folder), "--gallery", "Large", "--create", "-v", "0"]
    process = subprocess.Popen(command, cwd=PROJECT, env=platform.environment, stdout=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        peak = max(peak, peak_of(process.pid))
        time.sleep(0.02)
    if process.returncode:
        sys.exit(f"The import ended with status {process.returncode}.")
    return peak


def encoders(platform: Platform) -> list[str]:
    """The names of the encode workers."""
    entries = json.loads((platform.folder / "run" / "processes.json").read_text())
    return [entry["name"] for entry in entries if entry["name"].startswith("encoder")]


def measure_dlib(folder: Path) -> Row:
    """The same first photo in dlib, above what its process held before."""
    with Crew(Dlib, size=1, threads=1) as crew:
        before = crew.ask(own_peak)
        faces = crew.ask(Dlib.encode, [str(min(folder.iterdir()))])
        more = crew.ask(own_peak) - before
    return Row("dlib_more_mb", more / MEGABYTE, "MB", note=f"one photo, above the loaded networks, {faces} faces found")


def own_peak(_: Dlib) -> int:
    """Bytes that the process of an engine held at most."""
    return peak_of("self")


def peak_of(process: int | str) -> int:
    """Bytes of memory that a process held at most so far; 0 for one that has ended."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


if __name__ == "__main__":
    main()
