"""The record of searches: who asked what, and what was answered; no image, no vector."""

import hashlib
from dataclasses import dataclass

from django.contrib.auth.models import User

from faces.models import ApiKey, EncoderVersion, Gallery, SearchEvent
from faces.services.recognition import Recognition
from faces.services.verification import Verification


@dataclass(frozen=True)
class Asker:
    """Who asks, and where; `request_id` ties the event to the log."""

    channel: SearchEvent.Channel
    user: User | None = None
    api_key: ApiKey | None = None
    request_id: str = ""


def record_recognition(
    *,
    asker: Asker,
    gallery: Gallery,
    probe: bytes,
    answers: list[Recognition],
    tau: float,
    duration_ms: float,
) -> SearchEvent:
    """Keep that somebody asked who is on a photo."""
    answer = [
        {
            "person": answer.match.face.person_id if answer.match else None,
            "face": answer.match.face.pk if answer.match else None,
            "distance": answer.candidates[0].distance if answer.candidates else None,
            "candidates": [
                {"person": candidate.face.person_id, "distance": candidate.distance} for candidate in answer.candidates
            ],
        }
        for answer in answers
    ]
    return _record(
        asker, gallery, gallery.encoder_version, SearchEvent.Use.RECOGNITION, probe, answer, tau, duration_ms
    )


def record_verification(
    *,
    asker: Asker,
    gallery: Gallery | None,
    encoder_version: EncoderVersion,
    probe: bytes,
    verification: Verification,
    duration_ms: float,
) -> SearchEvent:
    """Keep that somebody asked whether a face is a person's, or another photo's."""
    answer = {
        "is_match": verification.is_match,
        "distance": verification.distance,
        "face": verification.face.pk if verification.face else None,
        "person": verification.face.person_id if verification.face else None,
    }
    tau = verification.tau.tau
    return _record(asker, gallery, encoder_version, SearchEvent.Use.VERIFICATION, probe, answer, tau, duration_ms)


def _record(
    asker: Asker,
    gallery: Gallery | None,
    version: EncoderVersion,
    use: SearchEvent.Use,
    probe: bytes,
    answer: object,
    tau: float,
    duration_ms: float,
) -> SearchEvent:
    return SearchEvent.objects.create(
        gallery=gallery,
        use=use,
        channel=asker.channel,
        encoder_version=version,
        tau=tau,
        probe_sha256=hashlib.sha256(probe).hexdigest(),
        answer=answer,
        user=asker.user,
        api_key=asker.api_key,
        request_id=asker.request_id[:64],
        duration_ms=duration_ms,
    )
