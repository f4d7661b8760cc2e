"""manage.py build_index --gallery NAME."""

import json
from argparse import ArgumentParser
from typing import Any

from faces.management.base import FacetCommand, text_argument
from faces.management.working import perform_here
from faces.services.galleries import get_gallery
from faces.services.indexing import build_index, request_index


class Command(FacetCommand):
    """Build the index that searches of a gallery use."""

    help = (
        "Build the index that searches of a gallery use, a first or a new one. Facet does this by itself when a gallery"
        " has grown or changed enough; this is for who does not want to wait. Searches go on meanwhile. Ctrl-C stops it"
        " and leaves everything as it was. Exit status: 0 built; 2 an error or cancelled on a page."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what can be said."""
        parser.add_argument("--gallery", required=True, type=text_argument, metavar="NAME", help="Its name or slug.")
        parser.add_argument("--json", action="store_true", help="End with one line that holds the outcome as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask for the job, do it here, sum up."""
        job = request_index(gallery=get_gallery(options["gallery"]))
        perform_here(
            self,
            job,
            build_index,
            description="Building",
            unit="templates",
            interrupted="Interrupted. Searches go on as they did before.",
            is_shown=options["verbosity"] > 0,
        )
        rows, seconds = int(job.result["rows"]), float(job.result["seconds"])
        megabytes = int(job.result["bytes"]) / 1e6
        self.stdout.write(f"Searches use the new index of {rows:,} templates ({megabytes:.1f} MB, {seconds:.1f} s).")
        if options["json"]:
            self.stdout.write(json.dumps(job.result))
