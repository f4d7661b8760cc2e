"""manage.py export_evaluation [ID] --format html --output FILE."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from faces.management.base import ERROR, FacetCommand, count_argument, text_argument
from faces.services.galleries import get_gallery
from training.models import EvaluationReport
from training.services.report_exports import Form, export_report
from training.services.reports import find_report, newest_report


class Command(FacetCommand):
    """Write an evaluation report into a file."""

    help = (
        "Write an evaluation report into a file: HTML that opens anywhere, JSON with all figures and what they mean, "
        "or CSV as one long table. There are no names of people, photos or embeddings in it: ids only."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what can be said."""
        parser.add_argument("id", nargs="?", type=count_argument, metavar="ID", help="The report's number.")
        parser.add_argument(
            "--gallery", type=text_argument, metavar="NAME", help="Instead of ID: the newest report of this gallery."
        )
        parser.add_argument(
            "--format", choices=[form.value for form in Form], default=Form.HTML.value, help="html if not given."
        )
        parser.add_argument(
            "--output", type=Path, metavar="FILE", help="A new file; if not given, the report is written to the output."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Find it, write it."""
        export = export_report(_report(options["id"], options["gallery"]), Form(options["format"]))
        path: Path | None = options["output"]
        if path is None:
            self.stdout.write(export.text, ending="")
            return
        try:
            with path.open("x", encoding="utf-8", newline="") as file:
                file.write(export.text)
        except FileExistsError as error:
            raise CommandError(f"{path} is there already. Name a new file.", returncode=ERROR) from error
        except OSError as error:
            text = f"{path} cannot be written: {(error.strerror or '').lower()}."
            raise CommandError(text, returncode=ERROR) from error
        self.stdout.write(f"The report is in {path}.")


def _report(report_id: int | None, gallery: str | None) -> EvaluationReport:
    if (report_id is None) == (gallery is None):
        raise CommandError("Name one report: by its ID, or the newest of a gallery by --gallery.", returncode=ERROR)
    return newest_report(get_gallery(gallery)) if gallery is not None else find_report(report_id or 0)
