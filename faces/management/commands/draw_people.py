"""manage.py draw_people FOLDER."""

import json
import os
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from faces.management.base import ERROR, FacetCommand, count_argument, progress_bar
from faces.services.drawing import SIZE, PhotoToDraw, draw_files, photos_to_draw

SHEET = ".drawn_people.json"
"""Says with which numbers a folder was drawn, so that a run that was stopped can go on."""


class Command(FacetCommand):
    """Draw people who do not exist, one folder a person."""

    help = (
        "Draw people who do not exist, one folder a person, for trying Facet out without anybody's biometrics. The "
        "same numbers give the same pictures. A run that was stopped goes on where it stopped; a folder that "
        "holds anything else is left alone."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what can be said."""
        parser.add_argument("folder", type=Path, metavar="FOLDER", help="A new or empty folder.")
        parser.add_argument("--people", type=count_argument, default=25, metavar="N", help="How many people (25).")
        parser.add_argument("--photos", type=count_argument, default=5, metavar="N", help="Photos of each (5).")
        parser.add_argument("--seed", type=_seed, default=0, metavar="N", help="The first person's number (0).")
        parser.add_argument("--size", type=_side, default=SIZE, metavar="N", help=f"Pixels of a side ({SIZE}).")
        parser.add_argument(
            "--format", choices=("jpg", "png"), default="jpg", help="jpg (default), or png without loss."
        )
        parser.add_argument("--processes", type=count_argument, metavar="N", help="As many as cores, if not given.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Draw what is not there yet."""
        folder: Path = options["folder"]
        _claim(folder, {"seed": options["seed"], "size": options["size"], "format": options["format"]})
        photos = photos_to_draw(
            people=options["people"],
            photos_each=options["photos"],
            seed=options["seed"],
            size=options["size"],
            form=options["format"],
        )
        missing = [photo for photo in photos if not _path(folder, photo).exists()]
        is_shown = options["verbosity"] > 0
        with progress_bar(total=len(missing), description="Drawing", unit="photos", is_shown=is_shown) as bar:
            for photo, data in draw_files(missing, processes=options["processes"]):
                _write(_path(folder, photo), data)
                bar.update()
        there = len(photos) - len(missing)
        self.stdout.write(
            f"{folder}: {options['people']:,} people, {len(missing):,} photos drawn"
            + (f", {there:,} were there" if there else "")
        )


def _claim(folder: Path, numbers: dict[str, object]) -> None:
    """Make the folder, or find that it holds the beginning of the same pictures."""
    if folder.exists() and not folder.is_dir():
        raise CommandError(f"{folder} is a file. Name a new or empty folder.", returncode=ERROR)
    sheet = folder / SHEET
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not any(folder.iterdir()):
            _write(sheet, json.dumps(numbers).encode())
        if not sheet.exists():
            text = f"{folder} is not empty, and was not filled by this command. Name a new or empty folder."
            raise CommandError(text, returncode=ERROR)
        drawn_with = json.loads(sheet.read_text())
    except OSError as error:
        raise CommandError(f"{folder} cannot be used: {(error.strerror or '').lower()}.", returncode=ERROR) from error
    if drawn_with != numbers:
        told = ", ".join(f"{name} {value}" for name, value in drawn_with.items())
        text = f"{folder} holds people drawn with {told}. Say the same, or name another folder."
        raise CommandError(text, returncode=ERROR)


def _path(folder: Path, photo: PhotoToDraw) -> Path:
    return folder / photo.person / photo.file_name


def _write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_bytes(data)
    part.replace(path)


def _seed(text: str) -> int:
    try:
        seed = int(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not a whole number") from error
    if seed < 0:
        raise ArgumentTypeError("a seed is 0 or more")
    return seed


def _side(text: str) -> int:
    side = count_argument(text)
    if not 100 <= side <= 2000:
        raise ArgumentTypeError(f"a side has 100 to 2000 pixels, not {side}")
    return side
