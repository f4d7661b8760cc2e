"""manage.py build_index --gallery NAME."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandError

from faces.exceptions import JobCancelledError
from faces.management.base import ERROR, INTERRUPTED, FacetCommand, progress_bar, text_argument
from faces.models import Job
from faces.services.galleries import get_gallery
from faces.services.indexing import build_index, request_index
from faces.services.working import perform


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
        gallery = get_gallery(options["gallery"])
        job = request_index(gallery=gallery)
        is_interrupted = False
        with progress_bar(total=0, description="Building", unit="templates", is_shown=options["verbosity"] > 0) as bar:

            def show(done: int, total: int, note: str) -> None:
                bar.total = total
                bar.set_postfix_str(note, refresh=False)
                bar.update(done - bar.n)

            def work(job: Job) -> Mapping[str, object]:
                nonlocal is_interrupted
                try:
                    return build_index(job, show=show)
                except KeyboardInterrupt:
                    is_interrupted = True
                    raise JobCancelledError("It was interrupted.") from None

            is_mine = perform(job=job, work=work)
        if is_interrupted:
            self.stderr.write("Interrupted. Searches go on as they did before.")
            sys.exit(INTERRUPTED)
        self._sum_up(job, is_mine=is_mine, as_json=options["json"])

    def _sum_up(self, job: Job, *, is_mine: bool, as_json: bool) -> None:
        job.refresh_from_db()
        if not is_mine:
            raise CommandError("A worker has begun the same job. Follow it on the page of jobs.", returncode=ERROR)
        if job.state != Job.State.SUCCEEDED:
            raise CommandError(job.error or "It was cancelled.", returncode=ERROR)
        rows, seconds = int(job.result["rows"]), float(job.result["seconds"])
        megabytes = int(job.result["bytes"]) / 1e6
        self.stdout.write(f"Searches use the new index of {rows:,} templates ({megabytes:.1f} MB, {seconds:.1f} s).")
        if as_json:
            self.stdout.write(json.dumps(job.result))
