"""manage.py evaluate_pairs FILE --photos FOLDER."""

import json
from argparse import ArgumentParser
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from faces.encoding import encode_images
from faces.management.base import ERROR, FacetCommand, count_argument, progress_bar
from faces.services.encoders import ensure_factory_encoder
from faces.services.folders import FoundFile, scan_folder
from training.exceptions import PairsFileError
from training.management.pairs_report import report_json, report_lines
from training.services.pairs_evaluation import evaluate_pairs
from training.services.pairs_file import Pair, read_pairs, take_some
from training.services.portraits import encode_portraits, photo_name


class Command(FacetCommand):
    """Judge the factory encoder by pairs of photos, as Labeled Faces in the Wild does."""

    help = (
        "Judge the encoder that Facet ships with by pairs of photos in LFW's line format: accuracy over folds, EER, "
        "the best tau, and over all pairs of the folder TAR at FMR 1e-2 to 1e-5. Nothing is stored."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what can be said."""
        parser.add_argument("pairs", type=Path, metavar="FILE", help="Lines `name i j` and `name1 i name2 j`.")
        parser.add_argument(
            "--photos",
            required=True,
            type=Path,
            metavar="FOLDER",
            help="One folder a person, files ending in a number.",
        )
        parser.add_argument(
            "--limit", type=count_argument, metavar="N", help="Only N pairs, spread over the file, and their photos."
        )
        parser.add_argument("--json", action="store_true", help="End with one line that holds everything as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read the pairs, encode the photos, compare, report."""
        pairs = _read(options["pairs"])
        files = [file for file in scan_folder(options["photos"]).files if file.person is not None]
        if options["limit"]:
            pairs = take_some(pairs, options["limit"])
            files = _named_by(pairs, files)
        if not files:
            raise CommandError(f"There is no photo for these pairs in {options['photos']}.", returncode=ERROR)
        version = ensure_factory_encoder()
        encode = partial(encode_images, version=version)
        shows_progress = options["verbosity"] > 0
        with progress_bar(total=len(files), description="Encoding", unit="photos", is_shown=shows_progress) as bar:
            portraits = encode_portraits(files, encode=encode, progress=bar.update)
        photos = len(portraits.files)
        with progress_bar(total=photos, description="Comparing", unit="photos", is_shown=shows_progress) as bar:
            evaluation = evaluate_pairs(pairs, portraits, progress=bar.update)
        self.stdout.write("\n".join(report_lines(evaluation, portraits)))
        if options["json"]:
            self.stdout.write(json.dumps(report_json(evaluation, portraits, encoder_version=version.name)))


def _read(path: Path) -> list[Pair]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            return read_pairs(file)
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {(error.strerror or '').lower()}.", returncode=ERROR) from error
    except UnicodeDecodeError as error:
        raise PairsFileError(
            f"{path} is not UTF-8 text: byte {error.start} is {error.object[error.start]:#x}."
        ) from error


def _named_by(pairs: list[Pair], files: list[FoundFile]) -> list[FoundFile]:
    """Return the files that these pairs compare."""
    wanted = {name for pair in pairs for name in (pair.first, pair.second)}
    return [file for file in files if photo_name(file) in wanted]
