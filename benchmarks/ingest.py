"""A folder of photos through the whole platform, beside the bare encoder on the same photos.

    .venv/bin/python -m benchmarks.ingest ../shared/data/lfw [--limit N] [--json]

The platform is a fresh one in a temporary folder, as `make run` starts it: files are read, checked and stored, the
workers encode them, faces and embeddings are written to PostgreSQL. Its rival, and its limit, is the encoder alone in
this process: the same photos, decoded and encoded in the same batches, and nothing stored. Both run one after the other
on the same machine; the ratio is what counts.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

import torch

from encoder.images import decode_image
from encoder.pipeline import FaceEncoder
from tests.system.platform import Platform

BATCH = 16
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}

COUNTS = """
    SELECT count(*), count(*) FILTER (WHERE state = 'ready'), count(*) FILTER (WHERE state = 'rejected'),
        count(*) FILTER (WHERE state = 'failed'), (SELECT count(*) FROM faces_face),
        (SELECT count(*) FROM faces_embedding)
    FROM faces_photo
"""


def main() -> None:
    """Measure both and print a table, and with --json one object on the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="one folder a person")
    parser.add_argument("--limit", type=int, help="only so many photos")
    parser.add_argument("--var", type=Path, help="keep the platform's data here, to look at afterwards")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    photos = sorted(path for path in options.folder.rglob("*") if path.suffix.lower() in SUFFIXES)[: options.limit]
    with tempfile.TemporaryDirectory(prefix="facet-ingest-") as scratch:
        folder = Path(scratch) / "photos"
        for path in photos:
            target = folder / path.relative_to(options.folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        platform = measure_platform(folder, options.var or Path(scratch) / "var")
    bare = measure_encoder(photos)
    result = platform | {
        "bare_encoder_photos_per_second": bare,
        "ratio_to_bare_encoder": platform["photos_per_second"] / bare,
    }
    for name, value in result.items():
        print(f"{name:32} {value:12,.6g}")
    if options.json:
        print(json.dumps(result))


def measure_platform(folder: Path, var: Path) -> dict[str, float]:
    """Import the folder into a fresh platform; returns counts, and photos a second from first read to last encoded."""
    platform = Platform(var)
    platform.start()
    try:
        answer = platform.manage(
            "import_photos", str(folder), "--gallery", "Benchmark", "--create", "--json", "-v", "0"
        )
        if answer.returncode != 0:
            sys.exit(f"The import failed:\n{answer.stdout}{answer.stderr}")
        summary = json.loads(answer.stdout.splitlines()[-1])
        (row,) = platform.rows(COUNTS)
    finally:
        platform.stop()
    accepted, ready, rejected, failed, faces, embeddings = row
    return {
        "photos": summary["files"],
        "accepted": accepted,
        "ready": ready,
        "rejected": rejected,
        "failed": failed,
        "lost": accepted - ready - rejected - failed,
        "faces": faces,
        "embeddings": embeddings,
        "reading_s": summary["reading_s"],
        "encoding_s": summary["encoding_s"],
        "photos_per_second": accepted / (summary["reading_s"] + summary["encoding_s"]),
    }


def measure_encoder(photos: list[Path]) -> float:
    """Decode and encode the photos in this process; returns photos a second."""
    encoder = FaceEncoder.load()
    encoder.encode([decode_image(path).pixels for path in photos[:BATCH]])  # warm
    started = time.perf_counter()
    for start in range(0, len(photos), BATCH):
        encoder.encode([decode_image(path).pixels for path in photos[start : start + BATCH]])
    print(f"bare encoder: torch uses {torch.get_num_threads()} threads", file=sys.stderr)
    return len(photos) / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
