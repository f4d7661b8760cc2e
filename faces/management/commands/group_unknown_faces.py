"""manage.py group_unknown_faces --gallery NAME."""

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
from faces.services.grouping import group_unknown_faces
from faces.services.probable_people import request_grouping
from faces.services.working import perform


class Command(FacetCommand):
    """Group the unknown faces of a gallery into probable people."""

    help = (
        "Group the faces of a gallery that belong to nobody yet into probable people, who wait on the page Unknown "
        "faces to be named. Run again, it adds new faces to the groups that are there. Ctrl-C stops it and leaves "
        "everything as it was. Exit status: 0 grouped; 2 an error or cancelled on a page."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what can be said."""
        parser.add_argument("--gallery", required=True, type=text_argument, metavar="NAME", help="Its name or slug.")
        parser.add_argument(
            "--anew",
            action="store_true",
            help="Take the present groups apart first, those that were merged by hand too; not what was dismissed.",
        )
        parser.add_argument("--json", action="store_true", help="End with one line that holds the outcome as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask for the job, do it here, sum up."""
        job = request_grouping(gallery=get_gallery(options["gallery"]), anew=options["anew"])
        is_interrupted = False
        with progress_bar(total=0, description="Comparing", unit="faces", is_shown=options["verbosity"] > 0) as bar:

            def show(done: int, total: int, _note: str) -> None:
                bar.total = total
                bar.update(done - bar.n)

            def work(job: Job) -> Mapping[str, object]:
                nonlocal is_interrupted
                try:
                    return group_unknown_faces(job, show=show)
                except KeyboardInterrupt:
                    is_interrupted = True
                    raise JobCancelledError("It was interrupted.") from None

            is_mine = perform(job=job, work=work)
        if is_interrupted:
            self.stderr.write("Interrupted. The groups are as they were.")
            sys.exit(INTERRUPTED)
        self._sum_up(job, is_mine=is_mine, as_json=options["json"])

    def _sum_up(self, job: Job, *, is_mine: bool, as_json: bool) -> None:
        job.refresh_from_db()
        if not is_mine:
            raise CommandError("A worker has begun the same job. Follow it on the page of jobs.", returncode=ERROR)
        if job.state != Job.State.SUCCEEDED:
            raise CommandError(job.error or "It was cancelled.", returncode=ERROR)
        names = ("faces_compared", "probable_people", "their_faces", "new_probable_people")
        faces, groups, grouped, new = (int(job.result[name]) for name in names)
        self.stdout.write(f"Unknown faces that can be compared: {faces:,}")
        self.stdout.write(f"Probable people: {groups:,}, of which new {new:,}; their faces: {grouped:,}")
        if as_json:
            self.stdout.write(json.dumps(job.result))
