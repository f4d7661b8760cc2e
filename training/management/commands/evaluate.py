"""manage.py evaluate --gallery NAME."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from typing import Any

from faces.management.base import FacetCommand, count_argument, text_argument
from faces.management.working import perform_here
from faces.services.encoders import find_encoder_version
from faces.services.galleries import get_gallery
from training.metrics.figures import AtRate, Figures, Rate, Series, Verdict
from training.models import EvaluationReport
from training.services.evaluating import evaluate_gallery
from training.services.report_summary import sizes_at_tau
from training.services.report_words import interval, percent, rate_of
from training.services.requesting import MINIMUM_PEOPLE, request_evaluation


class Command(FacetCommand):
    """Measure the error rates of a gallery by its own photos."""

    help = (
        "Measure how often people of a gallery are confused or not found, by its own enrolled faces: each is compared "
        "with all others and looked for with its photo left out. The report is kept: the pages show its curves. Ctrl-C "
        "stops it, and nothing is kept. Exit status: 0 measured; 2 an error or cancelled on a page."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what can be said."""
        parser.add_argument("--gallery", required=True, type=text_argument, metavar="NAME", help="Its name or slug.")
        parser.add_argument(
            "--encoder-version",
            type=text_argument,
            metavar="NAME",
            help="By whose embeddings, its name or number; if not given, the one that serves the gallery.",
        )
        parser.add_argument(
            "--minimum-people",
            type=count_argument,
            default=MINIMUM_PEOPLE,
            metavar="N",
            help=f"No error rate is told of smaller groups of people ({MINIMUM_PEOPLE} if not given).",
        )
        parser.add_argument(
            "--seed", type=int, default=0, metavar="N", help="Of what is drawn by chance (0 if not given)."
        )
        parser.add_argument("--json", action="store_true", help="End with one line that holds the report as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask for the job, do it here, sum up."""
        called = options["encoder_version"]
        job = request_evaluation(
            gallery=get_gallery(options["gallery"]),
            encoder_version=None if called is None else find_encoder_version(called),
            minimum_people=options["minimum_people"],
            seed=options["seed"],
        )
        perform_here(
            self,
            job,
            evaluate_gallery,
            description="Measuring",
            unit="steps",
            interrupted="Interrupted. No report was stored.",
            is_shown=options["verbosity"] > 0,
        )
        report = EvaluationReport.objects.select_related("encoder_version").get(pk=job.result["report"])
        self.stdout.write("\n".join(_lines(report, Figures.from_json(report.figures))))
        if options["json"]:
            told = {"report": report.pk, "snapshot": report.snapshot, "seconds": report.seconds}
            self.stdout.write(json.dumps(told | {"figures": report.figures}))


def _lines(report: EvaluationReport, figures: Figures) -> Iterator[str]:
    yield f"{report.measured_on} ({report.encoder_version}; {report.seconds:.1f} s, report {report.pk})"
    for title, verification in (("a person", figures.person), ("a photo", figures.photo)):
        counts = f"{verification.mated:,.0f} mated and {verification.non_mated:,.0f} non-mated comparisons"
        yield f"\nVerification against {title}: {counts}"
        yield f"  EER {_rate(verification.eer)} at tau {verification.eer_tau:.4f}"
        yield from _at_rates(verification.at_fmr, "FMR", "FNMR")
        yield from _in_force(figures, "verification", {"FMR": verification.fmr, "FNMR": verification.fnmr})
    found = figures.recognition
    counts = f"{found.mated:,.0f} mated and {found.non_mated:,.0f} non-mated searches"
    yield f"\nRecognition among N = {found.size:,} people: {counts}"
    if found.ranks.trials:
        yield f"  The right person comes first in {percent(found.ranks.value[0])} of mated searches"
    yield from _at_rates(found.at_fpir, "FPIR", "FNIR")
    yield from _in_force(figures, "recognition", {"FPIR": found.fpir, "FNIR": found.fnir})
    yield from _sizes(figures)


def _at_rates(rows: list[AtRate], false: str, missed: str) -> Iterator[str]:
    for row in rows:
        begins = f"  {false} of at most {row.asked:g}:"
        if row.tau is None or row.false is None or row.missed is None:
            yield f"{begins} no tau has so few"
        else:
            yield f"{begins} tau {row.tau:.4f}, {false} {_rate(row.false)}, {missed} {_rate(row.missed)}"


def _in_force(figures: Figures, use: str, series: Mapping[str, Series]) -> Iterator[str]:
    if use in figures.tau:
        tau = figures.tau[use]
        place = figures.taus.index(tau)
        rates = ", ".join(f"{name} {_rate(rate_of(curve, place))}" for name, curve in series.items())
        yield f"  In force: tau {tau:.4f}, {rates}"


def _sizes(figures: Figures) -> Iterator[str]:
    for row in sizes_at_tau(figures):
        kind = "projected" if row.is_projected else "counted"
        rates = f"FPIR {_rate(row.fpir)}, FNIR {_rate(row.fnir)}"
        first = "" if row.first.value is None else f", right person first {percent(row.first.value)}"
        yield f"  Among {row.size:,} people ({kind}): {rates}{first}"


def _rate(rate: Rate) -> str:
    if rate.value is None:
        return "not tried"
    few = "; too few people to say" if rate.verdict in (Verdict.TOO_FEW, Verdict.NONE_SEEN) else ""
    return f"{percent(rate.value)} ({interval(rate)}{few})"
