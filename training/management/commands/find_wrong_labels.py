"""manage.py find_wrong_labels --gallery NAME."""

import json
from argparse import ArgumentParser
from typing import Any

from faces.management.base import FacetCommand, text_argument
from faces.management.working import perform_here
from faces.services.galleries import get_gallery
from training.mining.noise_level import FEWEST_PEOPLE
from training.services.name_checks import check_names, request_name_check


class Command(FacetCommand):
    """Look for people under two names and faces under wrong ones."""

    help = (
        "Look for people of a gallery who are probably there under two names, and for faces that are probably under a "
        "wrong one, by the enrolled faces. Each is asked about once, on the page Questions; nothing is changed before "
        "somebody answers. Exit status: 0 compared; 2 an error or cancelled on a page."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what can be said."""
        parser.add_argument("--gallery", required=True, type=text_argument, metavar="NAME", help="Its name or slug.")
        parser.add_argument("--json", action="store_true", help="End with one line that holds the outcome as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask for the job, do it here, sum up."""
        job = request_name_check(gallery=get_gallery(options["gallery"]))
        perform_here(
            self,
            job,
            check_names,
            description="Comparing",
            unit="faces",
            interrupted="Interrupted. Nothing was asked.",
            is_shown=options["verbosity"] > 0,
        )
        told = job.result
        self.stdout.write(f"Compared: {told['people']:,} people with {told['faces']:,} faces")
        if not told["could_judge"]:
            self.stdout.write(
                f"Too little to judge by: at least {FEWEST_PEOPLE} people need two or more enrolled photos."
            )
        self.stdout.write(f"Probably one person under two names: {told['duplicate_people']:,} pairs")
        self.stdout.write(f"Probably under a wrong name: {told['wrong_labels']:,} faces")
        self.stdout.write(f"New questions: {told['new_questions']:,}; open: {told['open_questions']:,}")
        if options["json"]:
            self.stdout.write(json.dumps(told))
