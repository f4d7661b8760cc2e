"""From an encoded photo to faces that searches can find, and whose they are."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db import transaction
from django.db.models import Q
from pgvector import HalfVector

from encoder.geometry import BoundingBox, EncodedFace, EncodedPhoto, FaceQuality
from encoder.quality import quality_problems
from faces.exceptions import ConflictError, InvalidRequestError
from faces.models import Embedding, EncoderVersion, Face, Person, Photo
from faces.services.portraits import main_face_index


@dataclass(frozen=True)
class _Outcome:
    """What becomes of a photo: its state and reason, and its faces with what the encoder says of each."""

    state: Photo.State
    reason: str = ""
    faces: tuple[tuple[Face, EncodedFace], ...] = ()


def store_encoded_photo(*, photo: Photo, encoded: EncodedPhoto, encoder_version: EncoderVersion) -> bool:
    """Do what `store_encoded_photos` does for one photo; returns whether its claim still held."""
    return bool(store_encoded_photos(results=[(photo, encoded)], encoder_version=encoder_version))


@transaction.atomic
def store_encoded_photos(*, results: Sequence[tuple[Photo, EncodedPhoto]], encoder_version: EncoderVersion) -> int:
    """Write what a worker found in photos that it holds the claims of, all of it or nothing.

    A portrait's main face becomes its person's, and is enrolled unless its quality forbids. Takes five statements,
    however many photos there are.

    Returns:
        How many were written; of the others the claim was lost in the meantime: another worker has them.
    """
    photos = [photo for photo, _ in results]
    # Locked in one order by everybody, and read after the lock: a person who was deleted meanwhile is gone from there.
    held = Photo.objects.held(photos).select_for_update().order_by("pk").values_list("pk", "portrait_of")
    portrait_of = dict(held)
    outcomes = {
        photo.pk: _outcome(photo, encoded, portrait_of[photo.pk])
        for photo, encoded in results
        if photo.pk in portrait_of
    }
    for state, reason in sorted({(outcome.state, outcome.reason) for outcome in outcomes.values()}):
        alike = [pk for pk, outcome in outcomes.items() if (outcome.state, outcome.reason) == (state, reason)]
        Photo.objects.filter(pk__in=alike).finish(state, reason=reason)
    found = [pair for outcome in outcomes.values() for pair in outcome.faces]
    Face.objects.bulk_create([face for face, _ in found])
    Embedding.objects.bulk_create(
        Embedding(
            face=face,
            encoder_version=encoder_version,
            gallery_id=face.gallery_id,
            person_id=face.person_id,
            is_enrolled=face.is_enrolled,
            vector=HalfVector(np.asarray(seen.embedding, dtype=np.float32)),
        )
        for face, seen in found
    )
    return len(outcomes)


def _outcome(photo: Photo, encoded: EncodedPhoto, portrait_of: int | None) -> _Outcome:
    if not encoded.faces:
        return _Outcome(Photo.State.REJECTED, "no_face_found")
    main = main_face_index([face.box for face in encoded.faces], encoded.width, encoded.height)
    reason = ""
    if portrait_of is not None:
        if main is None:
            reason = "several_faces_found"
        elif quality_problems(encoded.faces[main].quality):
            reason = "low_quality"
    faces = (
        (_face(photo, face, portrait_of if index == main else None), face) for index, face in enumerate(encoded.faces)
    )
    return _Outcome(Photo.State.READY, reason, tuple(faces))


def _face(photo: Photo, found: EncodedFace, person: int | None) -> Face:
    return Face(
        gallery_id=photo.gallery_id,
        photo=photo,
        person_id=person,
        assigned_by=Face.AssignedBy.NOBODY if person is None else Face.AssignedBy.IMPORT,
        is_enrolled=person is not None and not quality_problems(found.quality),
        left=found.box.left,
        top=found.box.top,
        right=found.box.right,
        bottom=found.box.bottom,
        landmarks=found.landmarks.as_array().tolist(),
        detection_score=min(max(found.detection_score, 0.0), 1.0),
        size=found.quality.size,
        sharpness=found.quality.sharpness,
        brightness=found.quality.brightness,
        yaw=found.quality.yaw,
        pitch=found.quality.pitch,
        roll=found.quality.roll,
        quality=found.quality.score,
    )


def quality_of(face: Face) -> FaceQuality:
    """Return the stored quality as the encoder's own value."""
    return FaceQuality(
        size=face.size,
        sharpness=face.sharpness,
        brightness=face.brightness,
        yaw=face.yaw,
        pitch=face.pitch,
        roll=face.roll,
        score=face.quality,
    )


def box_of(face: Face) -> BoundingBox:
    """Return the stored box as the encoder's own value."""
    return BoundingBox(face.left, face.top, face.right, face.bottom)


@transaction.atomic
def assign_face(
    *, face: Face, person: Person, by: Face.AssignedBy = Face.AssignedBy.ADMIN, enroll: bool | None = None
) -> Face:
    """Give a face to a person, whoever's it was before.

    Args:
        face: a face of the person's own gallery.
        person: who it shows.
        by: who says so.
        enroll: whether searches shall find it; None leaves that to its quality.

    Raises:
        ConflictError: the two belong to different galleries.
        InvalidRequestError: `by` is nobody.
    """
    if face.gallery_id != person.gallery_id:
        raise ConflictError("A face can only belong to a person of its own gallery.")
    if by == Face.AssignedBy.NOBODY:
        raise InvalidRequestError("Say who assigns the face.")
    if person.merged_into_id is not None:
        raise ConflictError("This person was merged into another one; assign the face to that person.")
    face = Face.objects.select_for_update().get(pk=face.pk)
    face.person = person
    face.assigned_by = by
    face.is_enrolled = not quality_problems(quality_of(face)) if enroll is None else enroll
    face.save(update_fields=["person", "assigned_by", "is_enrolled"])
    Photo.objects.filter(pk=face.photo_id, reason="several_faces_found").update(reason="")
    return face


@transaction.atomic
def assign_faces(*, faces: Sequence[Face], person: Person, by: Face.AssignedBy) -> int:
    """Do what `assign_face` does for many faces, in six statements; returns how many of them searches find.

    Raises: what `assign_face` raises.
    """
    if by == Face.AssignedBy.NOBODY:
        raise InvalidRequestError("Say who assigns the faces.")
    if any(face.gallery_id != person.gallery_id for face in faces):
        raise ConflictError("A face can only belong to a person of its own gallery.")
    if Person.objects.select_for_update(no_key=True).get(pk=person.pk).merged_into_id is not None:
        raise ConflictError("This person was merged into another one; assign the faces to that person.")
    ids = [face.pk for face in faces]
    locked = Face.objects.select_for_update().filter(pk__in=ids).order_by("pk")
    usable = [face.pk for face in locked if not quality_problems(quality_of(face))]
    rows = Face.objects.filter(pk__in=ids)
    rows.update(person=person, assigned_by=by, is_enrolled=Q(pk__in=usable))
    Photo.objects.filter(faces__in=ids, reason="several_faces_found").update(reason="")
    return len(usable)


@transaction.atomic
def assign_main_face(*, photo: Photo, person: Person) -> Face | None:
    """Give the main face of a ready photo to a person, as an upload does, unless it belongs to somebody.

    Returns:
        The face; None where none is clearly the main one, or it is somebody's already. `photo.reason` then says why.
    """
    faces = list(photo.faces.order_by("id"))
    main = main_face_index([box_of(face) for face in faces], photo.width, photo.height)
    if main is None or faces[main].person_id not in (None, person.pk):
        Photo.objects.filter(pk=photo.pk).update(reason="several_faces_found")
        return None
    face = assign_face(face=faces[main], person=person, by=Face.AssignedBy.IMPORT)
    Photo.objects.filter(pk=photo.pk).update(reason="" if face.is_enrolled else "low_quality")
    return face


@transaction.atomic
def release_face(*, face: Face) -> Face:
    """Take a face from the person it was given to: it belongs to nobody, and no search finds it."""
    face = Face.objects.select_for_update().get(pk=face.pk)
    face.person = None
    face.assigned_by = Face.AssignedBy.NOBODY
    face.is_enrolled = False
    face.save(update_fields=["person", "assigned_by", "is_enrolled"])
    return face


@transaction.atomic
def set_enrolled(*, face: Face, is_enrolled: bool) -> Face:
    """Let searches find a person's face, or keep it from them.

    Raises:
        ConflictError: the face belongs to nobody.
    """
    face = Face.objects.select_for_update().get(pk=face.pk)
    if is_enrolled and face.person_id is None:
        raise ConflictError("Only a face that belongs to a person can be enrolled. Assign it first.")
    face.is_enrolled = is_enrolled
    face.save(update_fields=["is_enrolled"])
    return face


@transaction.atomic
def delete_face(*, face: Face) -> None:
    """Remove a face and its embeddings; the photo stays."""
    face.delete()
