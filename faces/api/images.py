"""Answers that are pictures: private to whoever may ask, never changing, and never anything a browser would run."""

from collections.abc import Callable

from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase, HttpResponseNotModified
from rest_framework.request import Request

from faces.exceptions import PhotoNotFoundError
from faces.models import Photo
from faces.services.pictures import MEDIA_TYPE

CACHE_CONTROL = "private, max-age=3600"
CONTENT_SECURITY_POLICY = "default-src 'none'; sandbox"


def picture(request: Request, tag: str, draw: Callable[[], bytes]) -> HttpResponseBase:
    """Answer with a JPEG, drawn only if the asker does not have the one of this tag already."""
    return _not_modified(request, tag) or _private(HttpResponse(draw(), content_type=MEDIA_TYPE), tag)


def original(request: Request, photo: Photo) -> HttpResponseBase:
    """Answer with the bytes of a photo, as they were sent.

    Raises:
        PhotoNotFoundError: its file is gone from the storage.
    """
    known = _not_modified(request, photo.sha256)
    if known is not None:
        return known
    try:
        file = photo.file.open("rb")
    except FileNotFoundError as error:
        raise PhotoNotFoundError(
            f"The file of photo {photo.pk} is gone from the storage. Restore it, or delete the photo.", photo=photo.pk
        ) from error
    return _private(FileResponse(file, content_type=photo.media_type, filename=f"photo-{photo.pk}"), photo.sha256)


def _not_modified(request: Request, tag: str) -> HttpResponseBase | None:
    if request.headers.get("If-None-Match") != f'"{tag}"':
        return None
    return _private(HttpResponseNotModified(), tag)


def _private(response: HttpResponseBase, tag: str) -> HttpResponseBase:
    response["Cache-Control"] = CACHE_CONTROL
    response["ETag"] = f'"{tag}"'
    response["Vary"] = "Authorization, Cookie"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    return response
