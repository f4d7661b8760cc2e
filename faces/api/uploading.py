"""What an upload is answered with, and how long an answer waits for the workers."""

import time
from typing import Any

from rest_framework.response import Response

from faces.api.exceptions import UploadRefused, problem_of
from faces.api.serializers.photos import UploadAnswerSerializer
from faces.models import Photo
from faces.querysets import PhotoQuerySet
from faces.services.uploads import Outcome, Upload

LOOK_AGAIN_AFTER = 0.1
"""Seconds between two looks at photos that are being encoded."""


def answer_upload(upload: Upload, *, wait: float, context: dict[str, Any]) -> Response:
    """Answer 201 where a photo is new, 200 where all that were accepted were there before.

    Raises:
        UploadRefused: no file was accepted.
    """
    accepted = [outcome.accepted.photo.pk for outcome in upload.outcomes if outcome.accepted]
    if not accepted:
        raise UploadRefused([(outcome.name, outcome.refusal) for outcome in upload.outcomes if outcome.refusal])
    wait_for(Photo.objects.filter(pk__in=accepted), seconds=wait)
    if upload.job is not None:
        upload.job.refresh_from_db()
    photos = Photo.objects.select_related("gallery").with_face_counts().in_bulk(accepted)
    answer = {
        "person": upload.person,
        "job": upload.job,
        "photos": [_outcome(outcome, photos) for outcome in upload.outcomes],
    }
    status = 201 if upload.new_ids else 200
    return Response(UploadAnswerSerializer(answer, context=context).data, status=status)


def _outcome(outcome: Outcome, photos: dict[int, Photo]) -> dict[str, Any]:
    """Return one file's part of the answer; a photo that was deleted meanwhile is told as it was."""
    if outcome.accepted is None:
        error = problem_of(outcome.refusal) if outcome.refusal else None
        return {"name": outcome.name, "outcome": "refused", "is_new": None, "photo": None, "error": error}
    photo = photos.get(outcome.accepted.photo.pk, outcome.accepted.photo)
    return {
        "name": outcome.name,
        "outcome": "accepted",
        "is_new": outcome.accepted.is_new,
        "photo": photo,
        "error": None,
    }


def wait_for(photos: PhotoQuerySet[Photo], *, seconds: float) -> None:
    """Come back when the workers are done with these photos, or when the time is up."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and photos.unfinished().exists():
        time.sleep(min(LOOK_AGAIN_AFTER, max(end - time.monotonic(), 0)))
