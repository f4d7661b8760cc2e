"""The record of searches: who asked what, and what was answered; no image, no vector."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User

from faces.models import ApiKey, EncoderVersion, Face, Gallery, Person, SearchEvent
from faces.services.probability import Probability
from faces.services.recognition import Candidate, Recognition
from faces.services.similarity import Similarity
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
            "outcome": str(answer.outcome),
            "person": answer.match.face.person_id if answer.match else None,
            "face": answer.match.face.pk if answer.match else None,
            "distance": answer.candidates[0].distance if answer.candidates else None,
            "candidates": _people(answer.candidates),
            "rivals": [rival.face.person_id for rival in answer.rivals],
            **_likely(answer.probability),
        }
        for answer in answers
    ]
    return _record(
        asker, gallery, gallery.encoder_version, SearchEvent.Use.RECOGNITION, probe, answer, tau, duration_ms
    )


def record_similar(*, asker: Asker, about: Person | Face, similarity: Similarity, duration_ms: float) -> SearchEvent:
    """Keep that somebody asked who looks like a person or a face of a gallery: no photo was brought, so none is told.

    It is a comparison of one with all, like a recognition, and is answered for like one.
    """
    answer = {
        "about_person": about.pk if isinstance(about, Person) else about.person_id,
        "about_face": about.pk if isinstance(about, Face) else None,
        "candidates": _people(similarity.people),
    }
    gallery = about.gallery
    tau = similarity.tau.tau
    return _record(asker, gallery, gallery.encoder_version, SearchEvent.Use.SIMILAR, None, answer, tau, duration_ms)


def _people(candidates: Sequence[Candidate]) -> list[dict[str, object]]:
    return [{"person": candidate.face.person_id, "distance": candidate.distance} for candidate in candidates]


def _likely(probability: Probability | None) -> dict[str, object]:
    return {
        "probability": probability.value if probability else None,
        "classifier": probability.classifier if probability else None,
    }


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
        **_likely(verification.probability),
    }
    tau = verification.tau.tau
    return _record(asker, gallery, encoder_version, SearchEvent.Use.VERIFICATION, probe, answer, tau, duration_ms)


def _record(
    asker: Asker,
    gallery: Gallery | None,
    version: EncoderVersion,
    use: SearchEvent.Use,
    probe: bytes | None,
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
        probe_sha256="" if probe is None else hashlib.sha256(probe).hexdigest(),
        answer=answer,
        user=asker.user,
        api_key=asker.api_key,
        request_id=asker.request_id[:64],
        duration_ms=duration_ms,
    )
