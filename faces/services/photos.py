"""Photos: accepted, retried and deleted. What is accepted is readable, stored, and will be encoded exactly once."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.utils import timezone

from encoder.exceptions import EmptyFile, FileTooLarge
from encoder.images import ImageLimits, check_image
from faces.exceptions import ConflictError, WrongStateError
from faces.models import Gallery, Job, Person, Photo
from faces.services.enrollment import assign_main_face

LIMITS = ImageLimits()
"""The same limits on every path into Facet."""


@dataclass(frozen=True)
class Accepted:
    """A photo that is in the gallery; `is_new` is false where the same bytes were there before."""

    photo: Photo
    is_new: bool


def accept_photo(
    *,
    gallery: Gallery,
    data: bytes,
    name: str = "",
    portrait_of: Person | None = None,
    user: User | None = None,
    job: Job | None = None,
    looked_up: bool = False,
) -> Accepted:
    """Store a photo for the workers, unless the gallery has the same bytes already.

    It is read to its last pixel here, so that whoever sends it hears at once of a file that no worker could read.
    The caller sends the task after the commit.

    Args:
        gallery: where it belongs.
        data: the file's bytes.
        name: the file's name where it came from.
        portrait_of: the person whom its main face belongs to. A photo that is known already is given to the
            person too, if it was nobody's portrait.
        user: who sent it.
        job: the upload or import that it is a part of.
        looked_up: whether the caller has found out that the gallery does not have these bytes. Where somebody brought
            them since, that is noticed all the same.

    Raises:
        encoder.exceptions.ImageError: the bytes are no usable image; nothing is stored.
        ConflictError: the gallery has this photo as the portrait of somebody else.
    """
    if not data:
        raise EmptyFile
    if len(data) > LIMITS.max_bytes:
        raise FileTooLarge(size_bytes=len(data), max_bytes=LIMITS.max_bytes)
    digest = hashlib.sha256(data).hexdigest()
    known = None if looked_up else Photo.objects.of(gallery).filter(sha256=digest).first()
    if known is not None:
        return Accepted(photo=_give_known_photo(known, portrait_of), is_new=False)
    image = check_image(data, limits=LIMITS)
    photo = Photo(
        gallery=gallery,
        name=name.replace("\x00", "")[-300:],
        sha256=digest,
        media_type=image.media_type,
        size_bytes=len(data),
        width=image.width,
        height=image.height,
        portrait_of=portrait_of,
        uploaded_by=user,
        job=job,
    )
    photo.file.save(f"photo.{image.format.lower()}", ContentFile(data), save=False)
    try:
        winner = _insert(photo)
    except BaseException:
        photo.file.storage.delete(str(photo.file.name))
        raise
    if winner is photo:
        return Accepted(photo=photo, is_new=True)
    photo.file.storage.delete(str(photo.file.name))
    return Accepted(photo=_give_known_photo(winner, portrait_of), is_new=False)


def _insert(photo: Photo) -> Photo:
    """Write the row; returns it, or the one that somebody else wrote for the same bytes at the same moment."""
    try:
        with transaction.atomic():
            photo.save(force_insert=True)
    except IntegrityError as error:
        winner = Photo.objects.filter(gallery=photo.gallery_id, sha256=photo.sha256).first()
        if winner is None or "photo_once_per_gallery" not in str(error):
            raise
        return winner
    return photo


@transaction.atomic
def _give_known_photo(known: Photo, person: Person | None) -> Photo:
    """Make a photo that is there already a person's portrait, too."""
    from_db = Photo.objects.select_for_update().get(pk=known.pk)
    if person is None or from_db.portrait_of_id == person.pk:
        return from_db
    if from_db.portrait_of_id is not None:
        raise ConflictError(
            f"The gallery has this very photo as a portrait of “{from_db.portrait_of}”. "
            "Correct that photo, or send another one.",
            photo=from_db.pk,
            person=from_db.portrait_of_id,
        )
    from_db.portrait_of = person
    from_db.save(update_fields=["portrait_of"])
    if from_db.state == Photo.State.READY:
        assign_main_face(photo=from_db, person=person)
    return from_db


def retry_photo(*, photo: Photo) -> Photo:
    """Put a refused or failed photo back in the queue; the caller sends the task after the commit.

    Raises:
        WrongStateError: it is waiting, being encoded, or ready.
    """
    moved = Photo.objects.filter(pk=photo.pk, state__in=Photo.RETRYABLE).update(
        state=Photo.State.PENDING, reason="", error="", attempts=0, sent_at=None, finished_at=None
    )
    photo.refresh_from_db()
    if not moved:
        raise WrongStateError(
            f"The photo is {photo.get_state_display().lower()}; only a refused or failed one can be tried again.",
            state=photo.state,
        )
    return photo


@transaction.atomic
def delete_photo(*, photo: Photo) -> None:
    """Remove a photo with its file, faces and embeddings; the people in it stay."""
    photo.delete()


def remove_orphan_files(*, older_than: timedelta) -> int:
    """Delete stored files that no photo owns and that are older than this; returns how many."""
    storage = Photo._meta.get_field("file").storage
    removed = 0
    folders = storage.listdir("photos")[0] if storage.exists("photos") else []
    for folder in folders:
        paths = {f"photos/{folder}/{name}" for name in storage.listdir(f"photos/{folder}")[1]}
        owned = set(Photo.objects.filter(file__in=paths).values_list("file", flat=True))
        for path in paths - owned:
            if storage.get_modified_time(path) < timezone.now() - older_than:
                storage.delete(path)
                removed += 1
    return removed
