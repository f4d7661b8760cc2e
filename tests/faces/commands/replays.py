"""Decisions made by the command line and made again, with the real encoder on real photographs."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from django.utils import timezone

from encoder.geometry import EncodedPhoto
from faces.encoding import encode_probe
from faces.models import Gallery, Person, Photo
from faces.services.encoders import default_encoder_version
from faces.services.enrollment import store_encoded_photo
from faces.services.photos import accept_photo
from faces.services.queueing import LEASE
from tests import factories
from tests.faces.commands.running import run
from tests.faces.photographs import astronaut, grace_hopper, jpeg

PORTRAITS = {"Eileen": astronaut, "Grace": grace_hopper}


@cache
def encoded(name: str) -> tuple[bytes, EncodedPhoto]:
    """Somebody's portrait, and what the real encoder finds in it, found once for all tests."""
    data = jpeg(PORTRAITS[name]())
    return data, encode_probe(data, default_encoder_version())


def enroll(gallery: Gallery, name: str, portrait: str) -> Person:
    person = factories.person(gallery=gallery, name=name)
    data, faces = encoded(portrait)
    photo = accept_photo(gallery=gallery, data=data, name=f"{name}.jpg", portrait_of=person).photo
    _, (claimed,) = Photo.claim_batch([photo.pk], until=timezone.now() + LEASE)
    assert store_encoded_photo(photo=claimed, encoded=faces, encoder_version=gallery.encoder_version)
    return person


def decided(*words: object) -> str:
    """Ask something; the number of the decision."""
    told = json.loads(run(*map(str, words), "--json").out)
    return str(told["decision_id"])


def replayed(decision: str, *photos: Path) -> tuple[int, dict[str, Any]]:
    """The exit status, and what is told to a program."""
    ended = run("replay_decision", decision, *photos, "--json")
    assert ended.err == ""
    return ended.status, json.loads(ended.out)


def changes(told: dict[str, Any]) -> dict[str, str]:
    """The sentences by what they are about."""
    return {change["what"]: change["sentence"] for change in told["changed"]}


def recognized(photo: Path) -> str:
    return decided("recognize", photo, "--gallery", "Staff")
