"""manage.py import_encoder FILE --architecture NAME --name NAME --licence LICENCE."""

import json
import math
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import transaction

from encoder.spec import ARCHITECTURE_DEFAULTS, Architecture, EncoderSpec, Template
from faces.encoding import import_encoder
from faces.management.base import ERROR, FacetCommand, count_argument, text_argument
from faces.models import EncoderVersion, Threshold
from faces.services.encoders import make_available
from faces.services.licences import terms_of
from faces.services.thresholds import MAX_DISTANCE

POINTS = 5
MAX_DIMENSION = 4000
"""Of what the database can search."""
MAX_INPUT_SIZE = 1024


class Command(FacetCommand):
    """Make an encoder version of weights that others published."""

    help = (
        "Make an encoder version of weights that others published: a state dict as safetensors, or as torch.save wrote "
        "it (nothing in the file is run). Every parameter's name and shape is checked, and the network is tried on two "
        "test pictures. The version is a candidate; --available lets it serve galleries. The same file twice is one "
        "version. What weights of an architecture are usually made for need not be said."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what can be said."""
        parser.add_argument("file", type=Path, metavar="FILE", help="A state dict.")
        parser.add_argument("--architecture", required=True, choices=[each.value for each in Architecture])
        parser.add_argument("--name", required=True, type=text_argument, help="What people shall call it.")
        parser.add_argument(
            "--licence",
            "--license",
            required=True,
            type=text_argument,
            metavar="SPDX",
            help="What its weights may be used under: an SPDX identifier such as MIT, or words.",
        )
        parser.add_argument("--source", type=text_argument, help="Where it comes from; the file's name if not given.")
        parser.add_argument("--dimension", type=_up_to(MAX_DIMENSION), metavar="N", help="Numbers in an embedding.")
        parser.add_argument("--input-size", type=_up_to(MAX_INPUT_SIZE), metavar="PIXELS", help="Side of the crop.")
        parser.add_argument(
            "--mean", type=_mean, metavar="R,G,B", help="Subtracted from colors of 0 to 255; one number for all three."
        )
        parser.add_argument("--scale", type=_positive, metavar="NUMBER", help="What the difference is divided by.")
        parser.add_argument(
            "--alignment",
            type=_template,
            metavar="POINTS",
            help="Where eyes, nose and corners of the mouth lie in the crop, left in the picture first, in pixels: "
            "“x,y x,y x,y x,y x,y”. The first pixel's center is at 0.5,0.5: add 0.5 to a template made for OpenCV.",
        )
        parser.add_argument(
            "--channel-order", choices=["rgb", "bgr"], default="rgb", help="Of the colors that the network takes (rgb)."
        )
        parser.add_argument(
            "--available", action="store_true", help="Let it serve galleries; needs the two taus and their reason."
        )
        for use in Threshold.Use:
            parser.add_argument(
                f"--{use}-tau", type=_tau, metavar="TAU", help="Squared distance of unit vectors up to which it is one."
            )
        parser.add_argument("--reason", type=text_argument, help="Where the taus come from.")
        parser.add_argument("--json", action="store_true", help="Print one JSON object instead of lines.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check, store, and say what it is."""
        path: Path = options["file"]
        taus = _taus(options)
        if path.exists() and not path.is_file():
            raise CommandError(f"{path} is not a file. Name a file of weights.", returncode=ERROR)
        with transaction.atomic():
            try:
                stored = import_encoder(path, _spec(options), channel_order=options["channel_order"])
            except OSError as error:
                text = f"{path} cannot be read or stored: {(error.strerror or str(error)).lower()}."
                raise CommandError(text, returncode=ERROR) from error
            version = stored.version
            was_candidate = version.state == EncoderVersion.State.CANDIDATE
            if taus and was_candidate:
                make_available(version=version, taus=taus, reason=options["reason"], user=None)
        if version.licence != options["licence"]:
            self.stderr.write(f"It was stored under the licence “{version.licence}”, and stays under it.")
        if taus and not was_candidate:
            self.stderr.write(f"It is {version.state} already; its taus stay as they are.")
        if options["json"]:
            self.stdout.write(json.dumps(_facts(version, is_new=stored.is_new), ensure_ascii=False))
        else:
            self.stdout.write("\n".join(_lines(version, is_new=stored.is_new)))


def _spec(options: dict[str, Any]) -> EncoderSpec:
    architecture = Architecture(options["architecture"])
    usual = ARCHITECTURE_DEFAULTS[architecture]
    size = options["input_size"] or usual.input_size
    if size != usual.input_size and options["alignment"] is None:
        raise CommandError(f"Say with --alignment where the face lies in a crop of {size} pixels.", returncode=ERROR)
    alignment = options["alignment"] or usual.alignment
    if not all(0 <= x <= size and 0 <= y <= size for x, y in alignment):
        raise CommandError(f"The points of --alignment lie outside of the crop of {size} pixels.", returncode=ERROR)
    return EncoderSpec(
        name=options["name"],
        architecture=architecture,
        dimension=options["dimension"] or usual.dimension,
        input_size=size,
        mean=options["mean"] or usual.mean,
        scale=options["scale"] or usual.scale,
        alignment=alignment,
        weights_sha256="",
        licence=options["licence"],
        source=options["source"] or options["file"].name,
    )


def _taus(options: dict[str, Any]) -> dict[Threshold.Use, float]:
    """The taus that make the version available; empty where it shall stay a candidate."""
    taus = {use: options[f"{use}_tau"] for use in Threshold.Use if options[f"{use}_tau"] is not None}
    if options["available"] and (len(taus) < len(Threshold.Use) or options["reason"] is None):
        raise CommandError(
            "--available needs --verification-tau, --recognition-tau and --reason: without a tau nothing is decided.",
            returncode=ERROR,
        )
    if not options["available"] and (taus or options["reason"] is not None):
        raise CommandError("A tau is for a version that becomes available: add --available.", returncode=ERROR)
    return taus


def _lines(version: EncoderVersion, *, is_new: bool) -> list[str]:
    terms = terms_of(version.licence)
    begins = "New encoder version" if is_new else "This network is there already, as encoder version"
    crop = f"{version.input_size} x {version.input_size}"
    return [
        f"{begins} {version.pk} “{version.name}”, {version.get_state_display().lower()}",
        f"  architecture  {version.architecture}, {version.dimension} numbers of {crop} pixels",
        f"  weights       SHA-256 {version.weights_sha256}",
        f"  source        {version.source}",
        f"  licence       {version.licence}. {terms.summary}",
    ]


def _facts(version: EncoderVersion, *, is_new: bool) -> dict[str, object]:
    """With the names that the REST API has."""
    return {
        "id": version.pk,
        "is_new": is_new,
        "name": version.name,
        "architecture": version.architecture,
        "dimension": version.dimension,
        "input_size": version.input_size,
        "preprocessing_version": version.preprocessing_version,
        "weights_sha256": version.weights_sha256,
        "source": version.source,
        "licence": version.licence,
        "is_commercial_use_allowed": terms_of(version.licence).is_commercial,
        "state": version.state,
    }


def _up_to(largest: int) -> Callable[[str], int]:
    def check(value: str) -> int:
        if (count := count_argument(value)) > largest:
            raise ArgumentTypeError(f"{count} is more than {largest}")
        return count

    return check


def _number(value: str) -> float:
    try:
        number = float(value)
    except ValueError as error:
        raise ArgumentTypeError(f"{value!r} is not a number") from error
    if not math.isfinite(number):
        raise ArgumentTypeError(f"{value!r} is not a number")
    return number


def _positive(value: str) -> float:
    number = _number(value)
    if number <= 0:
        raise ArgumentTypeError(f"{value} is not greater than 0")
    return number


def _tau(value: str) -> float:
    number = _number(value)
    if not 0 <= number <= MAX_DISTANCE:
        raise ArgumentTypeError(f"tau is a squared distance from 0 to 4; {value} is not")
    return number


def _mean(value: str) -> tuple[float, float, float]:
    match [_number(part) for part in value.split(",")]:
        case [gray]:
            return gray, gray, gray
        case [red, green, blue]:
            return red, green, blue
    raise ArgumentTypeError(f"give one number or three with commas, not {value!r}")


def _template(value: str) -> Template:
    points = [tuple(_number(part) for part in point.split(",")) for point in value.split()]
    if len(points) != POINTS or any(len(point) != 2 for point in points):
        raise ArgumentTypeError("give five points “x,y x,y x,y x,y x,y”")
    return tuple((x, y) for x, y in points)
