"""manage.py evaluate_pairs FILE --photos FOLDER [--encoder VERSION [--encoder VERSION]]."""

import json
from argparse import ArgumentParser
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from faces.encoding import encode_images
from faces.management.base import ERROR, FacetCommand, count_argument, progress_bar, text_argument
from faces.models import EncoderVersion
from faces.services.encoders import ensure_factory_encoder, find_encoder_version
from faces.services.folders import FoundFile, scan_folder
from training.exceptions import PairsFileError
from training.management.pairs_report import comparison_json, comparison_lines, report_json, report_lines
from training.services.pairs_comparison import STEPS, compare_versions
from training.services.pairs_evaluation import PairsEvaluation, evaluate_pairs
from training.services.pairs_file import Pair, read_pairs, take_some
from training.services.portraits import Portraits, encode_portraits, photo_name


class Command(FacetCommand):
    """Judge an encoder version by pairs of photos, as Labeled Faces in the Wild does; or two beside each other."""

    help = (
        "Judge an encoder version by pairs of photos in LFW's line format: accuracy over folds, EER, the best tau, and "
        "over all pairs of the folder TAR at FMR 1e-2 to 1e-5. Two versions are judged on the same photos, with the "
        "difference between them and its interval. Nothing is stored."
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
            "--encoder",
            action="append",
            default=[],
            type=text_argument,
            metavar="VERSION",
            help="Name or number of an encoder version, a candidate, too; the one that Facet ships with if not given. "
            "Given twice, the second is compared with the first.",
        )
        parser.add_argument(
            "--limit", type=count_argument, metavar="N", help="Only N pairs, spread over the file, and their photos."
        )
        parser.add_argument("--json", action="store_true", help="End with one line that holds everything as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read the pairs, encode the photos, compare, report."""
        versions = _versions(options["encoder"])
        pairs = _read(options["pairs"])
        files = [file for file in scan_folder(options["photos"]).files if file.person is not None]
        if options["limit"]:
            pairs = take_some(pairs, options["limit"])
            files = _named_by(pairs, files)
        if not files:
            raise CommandError(f"There is no photo for these pairs in {options['photos']}.", returncode=ERROR)
        is_shown = options["verbosity"] > 0
        judged = [_judge(version, pairs, files, is_shown=is_shown) for version in versions]
        for each in judged:
            self.stdout.write(f"Encoder version  {each.version}")
            self.stdout.write("\n".join(report_lines(each.evaluation, each.portraits)) + "\n")
        told = judged[0].as_json()
        if len(judged) > 1:
            with progress_bar(
                total=STEPS, description="Comparing the versions", unit="resamples", is_shown=is_shown
            ) as bar:
                found = compare_versions(pairs, judged[0].portraits, judged[1].portraits, progress=bar.update)
            self.stdout.write("\n".join(comparison_lines(found, judged[0].version.name, judged[1].version.name)))
            told |= {"compared": judged[1].as_json(), "difference": comparison_json(found)}
        if options["json"]:
            self.stdout.write(json.dumps(told))


@dataclass(frozen=True)
class _Judged:
    """What one version came to."""

    version: EncoderVersion
    portraits: Portraits
    evaluation: PairsEvaluation

    def as_json(self) -> dict[str, object]:
        return report_json(self.evaluation, self.portraits, encoder_version=self.version.name)


def _versions(called: list[str]) -> list[EncoderVersion]:
    """Return the versions to judge: one or two."""
    if not called:
        return [ensure_factory_encoder()]
    if len(called) > 2:
        raise CommandError(f"At most two encoder versions are compared, not {len(called)}.", returncode=ERROR)
    versions = [find_encoder_version(each) for each in called]
    if len(versions) == 2 and versions[0] == versions[1]:
        raise CommandError(f"“{called[0]}” and “{called[1]}” are the same encoder version.", returncode=ERROR)
    return versions


def _judge(version: EncoderVersion, pairs: list[Pair], files: list[FoundFile], *, is_shown: bool) -> _Judged:
    encode = partial(encode_images, version=version)
    with progress_bar(total=len(files), description="Encoding", unit="photos", is_shown=is_shown) as bar:
        portraits = encode_portraits(files, encode=encode, progress=bar.update)
    photos = len(portraits.files)
    with progress_bar(total=photos, description="Comparing", unit="photos", is_shown=is_shown) as bar:
        return _Judged(version, portraits, evaluate_pairs(pairs, portraits, progress=bar.update))


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
