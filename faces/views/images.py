"""Pictures for the pages: only for people who are signed in and may see photos; browsers keep them privately."""

from collections.abc import Callable
from uuid import UUID

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag

from encoder.exceptions import ImageError
from faces.exceptions import PhotoNotFoundError
from faces.models import Face, Photo
from faces.services.pictures import MEDIA_TYPE, face_crop, photo_thumbnail
from faces.views.page import page

THUMBNAIL_SIZES = (160, 320, 1280)
CROP_SIZES = (96, 160, 320)

KEEP_FOR = 600
"""Seconds a browser may show its copy without asking again: short, as a photo can be deleted."""


@page("faces.view_photo")
def thumbnail(request: HttpRequest, key: UUID, size: int) -> HttpResponse:
    """Send a photo made smaller."""
    if size not in THUMBNAIL_SIZES:
        raise Http404
    photo = get_object_or_404(Photo, key=key)
    return _picture(request, f"{photo.sha256}-{size}", lambda: photo_thumbnail(photo, size=size))


@page("faces.view_photo")
def crop(request: HttpRequest, key: UUID, face_id: int, size: int) -> HttpResponse:
    """Send one face of a photo, cut out."""
    if size not in CROP_SIZES:
        raise Http404
    face = get_object_or_404(Face.objects.select_related("photo"), pk=face_id, photo__key=key)
    return _picture(request, f"{face.photo.sha256}-{face.pk}-{size}", lambda: face_crop(face, size=size))


def _picture(request: HttpRequest, tag: str, make: Callable[[], bytes]) -> HttpResponse:
    etag = quote_etag(tag)
    response = get_conditional_response(request, etag=etag)
    if not isinstance(response, HttpResponse) or response.status_code != 304:
        try:
            response = HttpResponse(make(), content_type=MEDIA_TYPE)
        except (PhotoNotFoundError, ImageError):
            return HttpResponse("The picture cannot be shown.", status=404, content_type="text/plain")
    response["ETag"] = etag
    _guard(response)
    return response


def _guard(response: HttpResponseBase) -> None:
    """Keep a picture in the browser that asked, and let nothing in it run."""
    response["Cache-Control"] = f"private, max-age={KEEP_FOR}"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"


@page("faces.view_photo")
def original(_request: HttpRequest, key: UUID) -> FileResponse:
    """Send a photo's own bytes as a download, under the name it came with."""
    photo = get_object_or_404(Photo, key=key)
    try:
        file = photo.file.open("rb")
    except FileNotFoundError as error:
        raise PhotoNotFoundError(
            f"The file of photo {photo.pk} is gone from the storage. Restore it, or delete the photo."
        ) from error
    response = FileResponse(file, as_attachment=True, filename=photo.name or f"photo-{photo.pk}")
    response["Content-Type"] = photo.media_type
    _guard(response)
    return response
