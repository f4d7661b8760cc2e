"""Answers about people, as lines for a terminal and as an object for a program (with the names the REST API has)."""

from collections.abc import Iterator
from dataclasses import asdict

from encoder.geometry import BoundingBox, EncodedFace, EncodedPhoto
from encoder.quality import quality_problems
from faces.models import Face, Person, SearchEvent
from faces.probability_words import percent
from faces.quality_words import explain
from faces.rate_words import rate_words
from faces.services.probability import Probability
from faces.services.recognition import Candidate, Outcome, Recognition
from faces.services.verification import Verification

JsonObject = dict[str, object]


def recognition_lines(event: SearchEvent, photo: EncodedPhoto, answers: list[Recognition]) -> Iterator[str]:
    """Yield who is on a photo, face by face, and by which number the decision can be replayed."""
    yield f"{photo.width} x {photo.height} pixels, faces: {len(answers)}, the largest first"
    for number, answer in enumerate(answers, start=1):
        yield f"Face {number} of {len(answers)}, {box_text(answer.probe.box)}: {_who(answer)}"
        if answer.probability is not None:
            yield f"  {percent(answer.probability.value)} likely that the nearest person is the right one"
        for rank, candidate in enumerate(answer.candidates, start=1):
            sign = "equally likely" if candidate in answer.rivals else "match" if candidate.is_match else ""
            yield f"  {rank:>3}. {candidate.distance:.4f}  {photo_text(candidate.face)}  {sign}".rstrip()
        yield from _warnings(answer.probe)
    yield f"Decision {event.key}"


def _warnings(probe: EncodedFace) -> Iterator[str]:
    """Yield why an answer about a face is less sure than others."""
    for sentence in explain(probe.quality):
        yield f"  less sure than others: {sentence}"


def _who(answer: Recognition) -> str:
    if answer.match is not None:
        return f"{_person(answer.match.face)}, distance {answer.match.distance:.4f} <= tau {answer.tau.tau:g}"
    if answer.outcome == Outcome.AMBIGUOUS:
        return f"ambiguous: {' or '.join(_person(rival.face) for rival in answer.rivals)}; {_doubt(answer)}"
    if not answer.candidates:
        return "nobody; the gallery has no enrolled face"
    return (
        f"nobody of this gallery; the nearest distance is {answer.candidates[0].distance:.4f} > tau {answer.tau.tau:g}"
    )


def _doubt(answer: Recognition) -> str:
    """Return why nobody can say which of the rivals it is."""
    within = f"distances from {answer.rivals[0].distance:.4f} to {answer.rivals[-1].distance:.4f} <= tau"
    if answer.resolvable_gap is None:
        return f"{within} {answer.tau.tau:g}, and how well this encoder tells people apart was not measured"
    return f"{within} {answer.tau.tau:g} are too close to each other to tell who it is"


def verification_lines(
    event: SearchEvent, verification: Verification, first: EncodedFace, second: EncodedFace | None
) -> Iterator[str]:
    """Yield whether it is the same person, what was compared, and by which number the decision can be replayed."""
    sign = "<=" if verification.is_match else ">"
    verdict = "the same person" if verification.is_match else "not the same person"
    yield f"{verdict}: distance {verification.distance:.4f} {sign} tau {verification.tau.tau:g}"
    yield f"  {rate_words(verification.error_rate, verification.compares)}"
    if verification.probability is not None:
        yield f"  {percent(verification.probability.value)} likely to be the same person"
    yield f"  face of the photo: {box_text(first.box)}"
    yield from _warnings(first)
    if second is not None:
        yield f"  face of the second photo: {box_text(second.box)}"
        yield from _warnings(second)
    if verification.face is not None:
        yield f"  nearest stored face: {photo_text(verification.face)}, distance {verification.face_distance:.4f}"
    yield f"Decision {event.key}"


def box_text(box: BoundingBox) -> str:
    """Return where a face is, in whole pixels of the turned photo."""
    return f"{box.width:.0f} x {box.height:.0f} pixels at left {box.left:.0f}, top {box.top:.0f}"


def photo_text(face: Face) -> str:
    """Return whose face on which photo it is."""
    name = f" “{face.photo.name}”" if face.photo.name else ""
    return f"{_person(face)}, photo {face.photo_id}{name}"


def _person(face: Face) -> str:
    return f"{face.person} (person {face.person_id})" if face.person else "a face that is nobody's yet"


def recognition_json(event: SearchEvent, photo: EncodedPhoto, answers: list[Recognition]) -> JsonObject:
    """Return who is on a photo, for a program."""
    return _about(event) | {
        "width": photo.width,
        "height": photo.height,
        "faces": [_recognized(answer) for answer in answers],
    }


def verification_json(
    event: SearchEvent, verification: Verification, first: EncodedFace, second: EncodedFace | None
) -> JsonObject:
    """Return whether it is the same person, for a program."""
    return _about(event) | {
        "is_match": verification.is_match,
        "compares": str(verification.compares),
        "distance": verification.distance,
        "error_rate": asdict(verification.error_rate) if verification.error_rate else None,
        **_likely(verification.probability),
        "probe": _probe(first),
        "second_probe": _probe(second) if second else None,
        "person": _person_json(verification.person),
        "face": _face(verification.face) if verification.face else None,
        "face_distance": verification.face_distance,
    }


def _about(event: SearchEvent) -> JsonObject:
    version = event.encoder_version
    return {
        "decision_id": str(event.key),
        "gallery": event.gallery.slug if event.gallery else None,
        "encoder_version": {"id": version.pk, "name": version.name},
        "tau": event.tau,
        "duration_ms": event.duration_ms,
    }


def _recognized(answer: Recognition) -> JsonObject:
    match = answer.match
    return {
        "probe": _probe(answer.probe),
        "outcome": str(answer.outcome),
        "person": _person_json(match.face.person) if match else None,
        "distance": answer.candidates[0].distance if answer.candidates else None,
        "face": _face(match.face) if match else None,
        "candidates": [_candidate(candidate) for candidate in answer.candidates],
        "rivals": [_candidate(rival) for rival in answer.rivals],
        "gap": answer.gap,
        "resolvable_gap": answer.resolvable_gap,
        "tau": answer.tau.tau,
        **_likely(answer.probability),
    }


def _likely(probability: Probability | None) -> JsonObject:
    return {
        "probability": probability.value if probability else None,
        "classifier": probability.classifier if probability else None,
    }


def _candidate(candidate: Candidate) -> JsonObject:
    return {
        "person": _person_json(candidate.face.person),
        "distance": candidate.distance,
        "is_match": candidate.is_match,
        "face": _face(candidate.face),
    }


def _probe(face: EncodedFace) -> JsonObject:
    return {
        "box": asdict(face.box),
        "landmarks": face.landmarks.as_array().tolist(),
        "detection_score": face.detection_score,
        "quality": asdict(face.quality)
        | {"warnings": list(quality_problems(face.quality)), "explanations": explain(face.quality)},
    }


def _person_json(person: Person | None) -> JsonObject | None:
    return {"id": person.pk, "name": person.name, "external_id": person.external_id} if person else None


def _face(face: Face) -> JsonObject:
    return {"id": face.pk, "photo": face.photo_id}
