"""manage.py replay_decision ID [PHOTO [SECOND_PHOTO]]."""

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any
from uuid import UUID

from faces.encoding import encode_probe
from faces.management.base import NO, FacetCommand, read_photo
from faces.management.replays import replay_json, replay_lines
from faces.services.replaying import find_decision, replay


class Command(FacetCommand):
    """Make a decision again with the same photo, and say what has changed since."""

    help = (
        "Make a decision again with the very photo that it was made with (none for a search of similar people), as it "
        "was then and as it is now, and say what has changed since. Nothing is stored. Exit status: 0 the answer is "
        "the same now; 1 it is another one, or there is none; 2 an error, as with another photo."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what can be said."""
        parser.add_argument("decision", type=_number, metavar="ID", help="The decision_id that came with the answer.")
        parser.add_argument("photos", nargs="*", type=Path, metavar="PHOTO", help="What was sent, in the same order.")
        parser.add_argument("--json", action="store_true", help="Print one JSON object instead of lines.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Find, read, make again, tell."""
        event = find_decision(options["decision"])
        photos = [read_photo(path) for path in options["photos"]]
        made = replay(event, photos, encode_probe)
        if options["json"]:
            self.stdout.write(json.dumps(replay_json(made), ensure_ascii=False))
        else:
            self.stdout.write("\n".join(replay_lines(made)))
        if not made.is_same:
            sys.exit(NO)


def _number(value: str) -> UUID:
    """Return a decision's number.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    try:
        return UUID(value)
    except ValueError as error:
        raise ArgumentTypeError(
            f"{value!r} is no decision_id, which looks like 018bf01f-7a3c-4c1b-9a55-0d2f6a1e8b11"
        ) from error
