"""manage.py verify PHOTO PHOTO, and manage.py verify PHOTO --person NAME --gallery NAME."""

import json
import sys
import time
from argparse import ArgumentParser
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from encoder.geometry import EncodedFace
from faces.encoding import encode_probe
from faces.management.answers import verification_json, verification_lines
from faces.management.base import ERROR, NO, FacetCommand, read_photo, text_argument
from faces.models import EncoderVersion, Gallery, Person, SearchEvent
from faces.services.encoders import default_encoder_version
from faces.services.events import Asker, record_verification
from faces.services.galleries import get_gallery
from faces.services.people import find_person
from faces.services.verification import Verification, one_face, verify_faces, verify_person


class Command(FacetCommand):
    """Say whether two photos show the same person, or a photo shows the person it is said to show."""

    help = (
        "Say whether two photos show the same person, or whether a photo shows a person of a gallery. The photos are "
        "not stored; that it was asked is recorded. Exit status: 0 the same person; 1 not the same person; 2 an error."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what can be said."""
        parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO", help="Two photos, or one with --person.")
        parser.add_argument("--person", type=text_argument, metavar="PERSON", help="A person's name or number.")
        parser.add_argument(
            "--gallery",
            type=text_argument,
            metavar="NAME",
            help="Where the person is; between two photos, whose tau decides.",
        )
        parser.add_argument("--json", action="store_true", help="Print one JSON object instead of lines.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Find what is claimed, encode, compare, record, answer."""
        claim = _claim(options["photos"], options["person"], options["gallery"])
        data = [read_photo(path) for path in claim.paths]
        started = time.perf_counter()
        verification, probes = claim.verify(data)
        event = record_verification(
            asker=Asker(channel=SearchEvent.Channel.COMMAND),
            gallery=claim.gallery,
            encoder_version=claim.encoder_version,
            photos=data,
            verification=verification,
            duration_ms=(time.perf_counter() - started) * 1000,
        )
        first, second = probes[0], probes[1] if len(probes) > 1 else None
        if options["json"]:
            answer = verification_json(event, verification, first, second)
            self.stdout.write(json.dumps(answer, ensure_ascii=False))
        else:
            self.stdout.write("\n".join(verification_lines(event, verification, first, second)))
        if not verification.is_match:
            sys.exit(NO)


@dataclass(frozen=True)
class _Claim:
    """What is to be verified: one photo against a person, or two photos against each other."""

    paths: list[Path]
    gallery: Gallery | None
    person: Person | None

    @property
    def encoder_version(self) -> EncoderVersion:
        return self.gallery.encoder_version if self.gallery else default_encoder_version()

    def verify(self, data: list[bytes]) -> tuple[Verification, list[EncodedFace]]:
        """Return the answer and the faces that were compared, one a photo."""
        probes = [
            one_face(encode_probe(photo, self.encoder_version), which=str(path))
            for photo, path in zip(data, self.paths, strict=True)
        ]
        if self.person is not None:
            return verify_person(person=self.person, probe=probes[0]), probes
        return verify_faces(first=probes[0], second=probes[1], gallery=self.gallery), probes


def _claim(paths: list[Path], person: str | None, gallery_name: str | None) -> _Claim:
    if person is None and len(paths) != 2:
        raise CommandError(f"Give two photos, or one and --person; there are {len(paths)} photos.", returncode=ERROR)
    if person is not None and len(paths) != 1:
        raise CommandError(f"With --person give one photo; there are {len(paths)}.", returncode=ERROR)
    if person is not None and gallery_name is None:
        raise CommandError("Say with --gallery in which gallery the person is.", returncode=ERROR)
    gallery = get_gallery(gallery_name) if gallery_name is not None else None
    found = find_person(gallery, person) if gallery is not None and person is not None else None
    return _Claim(paths, gallery, found)
