"""manage.py recognize PHOTO --gallery NAME."""

import json
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from faces.encoding import encode_probe
from faces.exceptions import NoFaceFoundError
from faces.live_recall import before_exit
from faces.management.answers import recognition_json, recognition_lines
from faces.management.base import NO, FacetCommand, count_argument, read_photo, text_argument
from faces.models import SearchEvent
from faces.services.events import Asker, record_recognition
from faces.services.galleries import get_gallery
from faces.services.recognition import recognize


class Command(FacetCommand):
    """Say who of a gallery is on a photo, face by face, or that it is nobody."""

    help = (
        "Say who of a gallery is on a photo, face by face, or that it is nobody. The photo is not stored; that it was "
        "asked is recorded. Exit status: 0 somebody was recognized; 1 nobody was, or it is ambiguous; 2 an error."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what can be said."""
        parser.add_argument("photo", type=Path, metavar="PHOTO", help="A photo with one or more faces.")
        parser.add_argument("--gallery", required=True, type=text_argument, metavar="NAME", help="Its name or slug.")
        parser.add_argument("--candidates", type=count_argument, default=5, metavar="N", help="People to rank (5).")
        parser.add_argument("--json", action="store_true", help="Print one JSON object instead of lines.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Encode, search, record, answer."""
        gallery = get_gallery(options["gallery"])
        data = read_photo(options["photo"])
        started = time.perf_counter()
        photo = encode_probe(data, gallery.encoder_version)
        if not photo.faces:
            raise NoFaceFoundError(
                "No face was found in the photo. A face must be at least 40 pixels wide to be found."
            )
        answers = recognize(gallery=gallery, probes=photo.faces, limit=options["candidates"])
        event = record_recognition(
            asker=Asker(channel=SearchEvent.Channel.COMMAND),
            gallery=gallery,
            probe=data,
            answers=answers,
            tau=answers[0].tau,
            limit=options["candidates"],
            duration_ms=(time.perf_counter() - started) * 1000,
        )
        if options["json"]:
            self.stdout.write(json.dumps(recognition_json(event, photo, answers), ensure_ascii=False))
        else:
            self.stdout.write("\n".join(recognition_lines(event, photo, answers)))
        self.stdout.flush()
        before_exit(answers)
        if all(answer.match is None for answer in answers):
            sys.exit(NO)
