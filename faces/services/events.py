"""The record of searches: who asked what, and what was answered; no image, no vector, no name.

What an answer rests on is kept with it, so that it can be explained, and asked again with the same photo
(`faces.services.replaying`).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import User

from faces.models import ApiKey, EncoderVersion, Face, Gallery, Person, SearchEvent
from faces.services.nearest import Route
from faces.services.probability import Probability
from faces.services.recognition import Candidate, Recognition
from faces.services.similarity import Similarity
from faces.services.thresholds import TauInForce
from faces.services.verification import Compares, Verification

JsonObject = dict[str, object]


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
    answers: Sequence[Recognition],
    tau: TauInForce,
    limit: int,
    duration_ms: float,
) -> SearchEvent:
    """Keep that somebody asked who is on a photo; `limit` is how many people were to be ranked."""
    answer = answered(answers, limit=limit)
    event = SearchEvent(gallery=gallery, use=SearchEvent.Use.RECOGNITION, duration_ms=duration_ms)
    return _record(event, asker, gallery.encoder_version, tau, answer, [probe])


def answered(answers: Sequence[Recognition], *, limit: int) -> JsonObject:
    """Return what is kept of a recognition."""
    answer: JsonObject = {"faces": [_recognized(answer) for answer in answers], "limit": limit}
    return answer | _found_by(answers[0].route) | {"noise": answers[0].probe_noise} if answers else answer


def _recognized(answer: Recognition) -> JsonObject:
    return {
        "outcome": str(answer.outcome),
        "person": answer.match.face.person_id if answer.match else None,
        "face": answer.match.face.pk if answer.match else None,
        "distance": answer.candidates[0].distance if answer.candidates else None,
        "candidates": _ranked(answer.candidates),
        "rivals": [rival.face.person_id for rival in answer.rivals],
        **_likely(answer.probability),
    }


def record_similar(
    *, asker: Asker, about: Person | Face, similarity: Similarity, limit: int, duration_ms: float
) -> SearchEvent:
    """Keep that somebody asked who looks like a person or a face of a gallery: no photo was brought, so none is told.

    It is a comparison of one with all, like a recognition, and is answered for like one.
    """
    answer = likened(about, similarity, limit=limit)
    event = SearchEvent(gallery=about.gallery, use=SearchEvent.Use.SIMILAR, duration_ms=duration_ms)
    return _record(event, asker, about.gallery.encoder_version, similarity.tau, answer, [])


def likened(about: Person | Face, similarity: Similarity, *, limit: int) -> JsonObject:
    """Return what is kept of a search for similar people."""
    return {
        "about_person": about.pk if isinstance(about, Person) else about.person_id,
        "about_face": about.pk if isinstance(about, Face) else None,
        "candidates": _ranked(similarity.people),
        "limit": limit,
        **_found_by(similarity.route),
    }


def _ranked(candidates: Sequence[Candidate]) -> list[JsonObject]:
    return [
        {
            "person": candidate.face.person_id,
            "distance": candidate.distance,
            "template": candidate.template_id,
            "face": candidate.face.pk,
        }
        for candidate in candidates
    ]


def _found_by(route: Route) -> JsonObject:
    return {"index": route.index_name, "lists": route.lists_searched}


def _likely(probability: Probability | None) -> JsonObject:
    return {
        "probability": probability.value if probability else None,
        "classifier": probability.classifier if probability else None,
    }


def record_verification(
    *,
    asker: Asker,
    gallery: Gallery | None,
    encoder_version: EncoderVersion,
    photos: Sequence[bytes],
    verification: Verification,
    duration_ms: float,
) -> SearchEvent:
    """Keep that somebody asked whether a face is a person's, or another photo's.

    `photos` are the one or two that were brought.
    """
    event = SearchEvent(gallery=gallery, use=SearchEvent.Use.VERIFICATION, duration_ms=duration_ms)
    return _record(event, asker, encoder_version, verification.tau, verified(verification), photos)


def verified(verification: Verification) -> JsonObject:
    """Return what is kept of a comparison."""
    face, template = verification.face, verification.template
    return {
        "compares": str(verification.compares),
        "is_match": verification.is_match,
        "distance": verification.distance,
        "person": verification.person.pk if verification.person else None,
        "photo": face.photo_id if face and verification.compares == Compares.PHOTO else None,
        "face": face.pk if face else None,
        "face_distance": verification.face_distance,
        "template": template.pk if template else None,
        "enrolled": template.faces + template.left_out if template else None,
        **_likely(verification.probability),
    }


def _record(
    event: SearchEvent,
    asker: Asker,
    version: EncoderVersion,
    tau: TauInForce,
    answer: JsonObject,
    photos: Sequence[bytes],
) -> SearchEvent:
    digests = [digest_of(photo) for photo in photos]
    event.channel, event.user, event.api_key = asker.channel, asker.user, asker.api_key
    event.request_id = asker.request_id[:64]
    event.encoder_version, event.tau, event.threshold_id = version, tau.tau, tau.threshold.pk
    event.probe_sha256, event.second_sha256 = [*digests, "", ""][:2]
    event.answer = answer | {"facet": settings.VERSION}
    event.save(force_insert=True)
    return event


def digest_of(photo: bytes) -> str:
    """Return the SHA-256 of a photo's bytes, by which a decision knows it again."""
    return hashlib.sha256(photo).hexdigest()
