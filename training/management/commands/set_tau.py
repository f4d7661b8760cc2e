"""manage.py set_tau --gallery NAME --use recognition --fpir 0.01 --reason "..."."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from faces.management.base import FacetCommand, text_argument
from faces.models import EncoderVersion, Gallery, Threshold
from faces.services.encoders import find_encoder_version
from faces.services.galleries import get_gallery
from training.metrics.figures import Rate, Verdict
from training.services.measured import newest_measured
from training.services.report_words import interval, percent
from training.services.tau_choices import choose_tau, save_by_hand, save_choice

NAMES = {
    "fpir": "FPIR",
    "fnir": "FNIR",
    "fmr": "FMR, against a person",
    "fnmr": "FNMR, against a person",
    "fmr_photo": "FMR, against a photo",
    "fnmr_photo": "FNMR, against a photo",
}


class Command(FacetCommand):
    """Set tau by hand, or by the error rate that a gallery can live with."""

    help = (
        "Put a tau in force for the very next request: the one that is given, or the loosest at which the gallery's "
        "newest evaluation (`manage.py evaluate`) shows at most the error rate that is asked for. The history keeps "
        "every earlier one. Exit status: 0 set; 2 an error, such as a rate that so few people cannot show."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what can be said."""
        parser.add_argument("--gallery", required=True, type=text_argument, metavar="NAME", help="Its name or slug.")
        parser.add_argument("--use", required=True, choices=Threshold.Use.values, help="What tau decides.")
        way = parser.add_mutually_exclusive_group(required=True)
        way.add_argument("--tau", type=float, metavar="TAU", help="A squared distance, 0 to 4.")
        way.add_argument(
            "--fpir",
            type=float,
            metavar="SHARE",
            help="For recognition: at most this share of strangers is recognized as somebody, with as many people as "
            "there are now; 0.01 is 1 in 100.",
        )
        way.add_argument(
            "--fmr", type=float, metavar="SHARE", help="For verification: at most this share of impostors is verified."
        )
        parser.add_argument("--reason", required=True, type=text_argument, help="Why; the history keeps it.")
        parser.add_argument(
            "--encoder-version",
            type=text_argument,
            metavar="NAME",
            help="Whose distances tau cuts, its name or number; if not given, the one that serves the gallery.",
        )
        parser.add_argument("--json", action="store_true", help="End with one line that holds the new row as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Choose, save, say what it stands for."""
        gallery = get_gallery(options["gallery"])
        called = options["encoder_version"]
        version = gallery.encoder_version if called is None else find_encoder_version(called)
        row = _put_in_force(gallery, version, options)
        self.stdout.write("\n".join(_lines(gallery, row)))
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(gallery, row)))


def _put_in_force(gallery: Gallery, version: EncoderVersion, options: dict[str, Any]) -> Threshold:
    use = Threshold.Use(options["use"])
    if options["tau"] is not None:
        return save_by_hand(
            gallery=gallery,
            encoder_version=version,
            use=use,
            tau=options["tau"],
            reason=options["reason"],
            user=None,
        )
    measured = newest_measured(gallery=gallery, encoder_version=version)
    choice = choose_tau(measured, use=use, fpir=options["fpir"], fmr=options["fmr"])
    return save_choice(choice, reason=options["reason"], user=None)


def _lines(gallery: Gallery, row: Threshold) -> Iterator[str]:
    yield f"tau for {row.use} in gallery “{gallery}” is {row.tau:g} now, with {row.encoder_version}"
    if not row.measured:
        yield "  Its error rates were not measured: run `manage.py evaluate` first to know them."
    for name, label in NAMES.items():
        if name in row.measured:
            rate = Rate(**row.measured[name])
            people = f" among {row.measured['people']:,} people" if name == "fpir" else ""
            rough = "; rough" if rate.verdict is Verdict.TOO_FEW else ""
            yield f"  {label}{people}: {percent(rate.value or 0.0)} ({interval(rate)}{rough})"
    if row.evidence:
        yield f"  Measured on: {row.evidence}"


def _as_json(gallery: Gallery, row: Threshold) -> dict[str, object]:
    return {
        "id": row.pk,
        "gallery": gallery.slug,
        "encoder_version": row.encoder_version_id,
        "use": row.use,
        "tau": row.tau,
        "error_rate_kind": row.error_rate_kind,
        "error_rate": row.error_rate,
        "gallery_size": row.gallery_size,
        "evidence": row.evidence,
        "measured": row.measured or None,
        "reason": row.reason,
    }
