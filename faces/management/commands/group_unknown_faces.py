"""manage.py group_unknown_faces --gallery NAME."""

import json
from argparse import ArgumentParser
from typing import Any

from faces.management.base import FacetCommand, text_argument
from faces.management.working import perform_here
from faces.services.galleries import get_gallery
from faces.services.grouping import group_unknown_faces
from faces.services.probable_people import request_grouping


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
        perform_here(
            self,
            job,
            group_unknown_faces,
            description="Comparing",
            unit="faces",
            interrupted="Interrupted. The groups are as they were.",
            is_shown=options["verbosity"] > 0,
        )
        names = ("faces_compared", "probable_people", "their_faces", "new_probable_people")
        faces, groups, grouped, new = (int(job.result[name]) for name in names)
        self.stdout.write(f"Unknown faces that can be compared: {faces:,}")
        self.stdout.write(f"Probable people: {groups:,}, of which new {new:,}; their faces: {grouped:,}")
        if options["json"]:
            self.stdout.write(json.dumps(job.result))
