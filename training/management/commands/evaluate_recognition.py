"""manage.py evaluate_recognition --gallery NAME."""

import json
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from faces.management.base import FacetCommand, progress_bar, text_argument
from faces.models import Gallery
from faces.services.galleries import get_gallery
from faces.services.intervals import Share
from faces.services.thresholds import MAX_DISTANCE
from training.services.recognition_evaluation import RecognitionEvaluation, enrolled_faces, evaluate_recognition


class Command(FacetCommand):
    """Judge recognition in a gallery by its own photos, each left out of its own search."""

    help = (
        "Judge recognition in a gallery by its own enrolled faces: each is looked for with its photo left out (rank-1 "
        "and FNIR, of people with two or more photos), and with all photos of its person left out (FPIR)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what can be said."""
        parser.add_argument("--gallery", required=True, type=text_argument, metavar="NAME", help="Its name or slug.")
        parser.add_argument("--tau", type=_tau, metavar="TAU", help="Another tau than the one in force, 0 to 4.")
        parser.add_argument("--json", action="store_true", help="End with one line that holds everything as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read the vectors, search, report."""
        gallery = get_gallery(options["gallery"])
        faces = enrolled_faces(gallery)
        total = len(faces.people)
        is_shown = options["verbosity"] > 0
        with progress_bar(total=total, description="Searching", unit="faces", is_shown=is_shown) as bar:
            evaluation = evaluate_recognition(gallery=gallery, tau=options["tau"], faces=faces, progress=bar.update)
        self.stdout.write("\n".join(_lines(gallery, evaluation)))
        if options["json"]:
            self.stdout.write(json.dumps(asdict(evaluation) | {"gallery": gallery.slug}))


def _tau(text: str) -> float:
    try:
        tau = float(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not a number") from error
    if not 0 <= tau <= MAX_DISTANCE:
        raise ArgumentTypeError(f"tau is a squared distance from 0 to 4, not {text}")
    return tau


def _lines(gallery: Gallery, evaluation: RecognitionEvaluation) -> Iterator[str]:
    n = evaluation.gallery_size
    yield f"Gallery “{gallery}”, {gallery.encoder_version}, tau {evaluation.tau:g}"
    yield (
        f"N = {n:,} people with {evaluation.faces:,} enrolled faces; "
        f"{evaluation.people_with_two_photos:,} people with two or more photos"
    )
    yield f"Rank-1           {_share(evaluation.rank_1)}"
    yield f"FNIR({n:,}, 1, tau)  {_share(evaluation.fnir)}"
    yield f"FPIR({n - 1:,}, tau)     {_share(evaluation.fpir)}"


def _share(share: Share) -> str:
    if share.value is None or share.low is None or share.high is None:
        return "too few to say"
    return f"{share.value:.4%} ({share.count:,} of {share.total:,}; 95 % interval {share.low:.4%} to {share.high:.4%})"
