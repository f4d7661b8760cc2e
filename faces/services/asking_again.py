"""The question of a decision asked again: of what is stored now, as it was decided then, and as it is decided now."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from django.conf import settings

from encoder.geometry import EncodedFace, EncodedPhoto
from faces.exceptions import (
    InvalidRequestError,
    NoEmbeddingError,
    PersonNotFoundError,
    PhotoNotFoundError,
)
from faces.models import Embedding, Face, Gallery, Person, Photo, SearchEvent, Template, Threshold
from faces.services.decisions import Answer, FaceAnswer, Use, read_answer
from faces.services.error_rates import Compares
from faces.services.events import JsonObject, answered, likened, verified
from faces.services.nearest import Route
from faces.services.recognition import Candidate, Recognition, recognize, rivals_among
from faces.services.similarity import Similarity, similar_to_face, similar_to_person
from faces.services.thresholds import TauInForce
from faces.services.verification import (
    Verification,
    against_person,
    against_photo,
    between_faces,
    one_face,
    squared_distance,
    verify_faces,
    verify_person,
    verify_photo,
)

Photos = Sequence[EncodedPhoto]
Way = Callable[[SearchEvent, Answer, Photos], JsonObject]


def ask_now(event: SearchEvent, then: Answer, photos: Photos) -> Answer:
    """Ask as anybody would ask now, of whoever a merged person was merged into.

    Args:
        event: the decision.
        then: what it says.
        photos: that were brought then, by the encoder version that serves now.

    Raises:
        FacetError: there is no answer now; the text says why.
    """
    return _told(event, NOW[then.use](event, then, photos))


def ask_as_then(event: SearchEvent, then: Answer, photos: Photos) -> Answer:
    """Ask by the tau of then about the people of then, as far as they are there, exactly.

    Args:
        event: the decision.
        then: what it says.
        photos: that were brought then, by the encoder version of then.

    Raises:
        FacetError: what it was compared with is gone; the text says what.
    """
    return _told(event, THEN[then.use](event, then, photos))


def _told(event: SearchEvent, answer: Mapping[str, object]) -> Answer:
    return read_answer(Use(event.use), {**answer, "facet": settings.VERSION})


def _gallery(event: SearchEvent) -> Gallery:
    if event.gallery is None:
        raise InvalidRequestError("The decision names no gallery.")
    return event.gallery


def _recognize_now(event: SearchEvent, then: Answer, photos: Photos) -> JsonObject:
    limit = then.limit or max((len(face.candidates) for face in then.faces), default=0) or 1
    return answered(recognize(gallery=_gallery(event), probes=photos[0].faces, limit=limit), limit=limit)


def _recognize_then(event: SearchEvent, then: Answer, photos: Photos) -> JsonObject:
    probes = photos[0].faces
    told: list[FaceAnswer | None] = [*then.faces, *(None for _ in probes)]
    answers = [_recognized(event, then, probe, face) for probe, face in zip(probes, told, strict=False)]
    return answered(answers, limit=then.limit or 1)


def _recognized(event: SearchEvent, then: Answer, probe: EncodedFace, told: FaceAnswer | None) -> Recognition:
    people = [one.person for one in told.candidates] + list(told.rivals) if told else []
    candidates = _ranked_among(event, probe.embedding, people)
    return Recognition(
        probe=probe,
        candidates=tuple(candidates[: then.limit or len(candidates)]),
        tau=_tau(event),
        gap=None,
        resolvable_gap=None,
        rivals=rivals_among(candidates, then.noise),
        route=Route.exact(_gallery(event), event.encoder_version),
        probe_noise=then.noise,
    )


def _ranked_among(event: SearchEvent, vector: npt.ArrayLike, people: Sequence[int | None]) -> list[Candidate]:
    """Compare a vector (D,) with the templates that these people have now, by the encoder version of then."""
    rows = Template.objects.searchable(_gallery(event), event.encoder_version).filter(
        person_id__in=[person for person in people if person]
    )
    probe = np.asarray(vector, dtype=np.float16).astype(np.float32)  # as the database compares it
    found = []
    for row in rows:
        template = np.asarray(row.vector, dtype=np.float32)
        found.append((squared_distance(probe, template), row.person_id, template, row))
    found.sort(key=lambda one: one[:2])
    return [
        Candidate(
            face=Face(person_id=person),
            distance=distance,
            is_match=distance <= event.tau,
            apart=float(np.linalg.norm(template - found[0][2])),
            template_id=row.pk,
        )
        for distance, person, template, row in found
    ]


def _tau(event: SearchEvent) -> TauInForce:
    return TauInForce(event.tau, event.threshold or Threshold(tau=event.tau))


def _similar_now(event: SearchEvent, then: Answer, _: Photos) -> JsonObject:
    limit = then.limit or max(len(then.faces[0].candidates), 1)
    about = _about(event, then)
    if isinstance(about, Person):
        return likened(about, similar_to_person(person=about, limit=limit), limit=limit)
    return likened(about, similar_to_face(face=about, limit=limit), limit=limit)


def _similar_then(event: SearchEvent, then: Answer, _: Photos) -> JsonObject:
    about = _about(event, then)
    if isinstance(about, Person):
        own: object = Template.objects.filter(person=about, encoder_version=event.encoder_version).first()
        face = about.faces.first()
    else:
        own = Embedding.objects.filter(face=about, encoder_version=event.encoder_version).first()
        face = about
    if not isinstance(own, Template | Embedding) or face is None:
        raise NoEmbeddingError("Who others were to be like has no embedding by the encoder version of then any more.")
    people = _ranked_among(event, own.vector, [one.person for one in then.faces[0].candidates])
    route = Route.exact(_gallery(event), event.encoder_version)
    return likened(about, Similarity(face, tuple(people), _tau(event), route), limit=then.limit or len(people))


def _about(event: SearchEvent, then: Answer) -> Person | Face:
    if then.about_face is None:
        return _person(event, then.about_person)
    face = Face.objects.filter(pk=then.about_face, gallery=event.gallery).select_related("gallery").first()
    if face is None:
        raise NoEmbeddingError(f"Face {then.about_face}, which others were to be like, is deleted.")
    return face


def _verify_now(event: SearchEvent, then: Answer, photos: Photos) -> JsonObject:
    probe, *others = _one_face_each(photos)
    if others:
        return verified(verify_faces(first=probe, second=others[0], gallery=event.gallery))
    if then.compares == Compares.PERSON:
        return verified(verify_person(person=_person(event, then.faces[0].person), probe=probe))
    return verified(verify_photo(photo=_photo(event, then), probe=probe))


def _verify_then(event: SearchEvent, then: Answer, photos: Photos) -> JsonObject:
    return verified(_verified_then(event, then, _one_face_each(photos)))


def _verified_then(event: SearchEvent, then: Answer, probes: Sequence[EncodedFace]) -> Verification:
    version, tau = event.encoder_version, _tau(event)
    if len(probes) > 1:
        return between_faces(probes[0], probes[1], event.gallery, version, tau)
    if then.compares == Compares.PERSON:
        return against_person(_person(event, then.faces[0].person), probes[0], version, tau)
    return against_photo(_photo(event, then), probes[0], version, tau)


def _one_face_each(photos: Photos) -> list[EncodedFace]:
    names = ("the photo", "the second photo")
    return [one_face(photo, which=name) for photo, name in zip(photos, names, strict=False)]


def _person(event: SearchEvent, number: int | None) -> Person:
    """Return who was claimed, or whom they were merged into."""
    people = Person.objects.of(_gallery(event)).select_related("gallery__encoder_version")
    person = people.filter(pk=number or 0).first()
    while person is not None and person.merged_into_id is not None:
        person = people.filter(pk=person.merged_into_id).first()
    if person is None:
        raise PersonNotFoundError(f"Person {number}, whom the decision was about, is deleted.")
    return person


def _photo(event: SearchEvent, then: Answer) -> Photo:
    photos = Photo.objects.of(_gallery(event)).select_related("gallery__encoder_version")
    photo = photos.filter(pk=then.photo or 0).first()
    if photo is None:
        raise PhotoNotFoundError(f"Photo {then.photo}, which the probe was compared with, is deleted.")
    return photo


NOW: Mapping[Use, Way] = {Use.RECOGNITION: _recognize_now, Use.VERIFICATION: _verify_now, Use.SIMILAR: _similar_now}
THEN: Mapping[Use, Way] = {
    Use.RECOGNITION: _recognize_then,
    Use.VERIFICATION: _verify_then,
    Use.SIMILAR: _similar_then,
}
