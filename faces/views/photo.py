"""One photo: its faces, whose they are, and what can be done with it."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from faces.models import Photo
from faces.services.photos import delete_photo, retry_photo
from faces.tasks import send_photos
from faces.views.boxes import overlay
from faces.views.page import page, render_page
from faces.words import words_for


@page("faces.view_photo")
def photo_page(request: HttpRequest, key: UUID) -> HttpResponse:
    """Show a photo with a box around each face, and each face with whose it is."""
    photo = get_object_or_404(Photo.objects.select_related("gallery", "portrait_of", "job", "uploaded_by"), key=key)
    faces = list(photo.faces.select_related("person").order_by("id"))
    return render_page(
        request,
        "faces/photos/detail.html",
        title="Photos",
        heading=str(photo),
        photo=photo,
        reason=words_for(photo.reason) if photo.reason else None,
        faces=[(overlay(n, face, photo.width, photo.height), face) for n, face in enumerate(faces, start=1)],
        newer=Photo.objects.filter(gallery=photo.gallery, pk__gt=photo.pk).order_by("pk").first(),
        older=Photo.objects.filter(gallery=photo.gallery, pk__lt=photo.pk).order_by("-pk").first(),
    )


@page("faces.change_photo", methods=("POST",))
def retry(request: HttpRequest, key: UUID) -> HttpResponse:
    """Send a refused or failed photo to a worker again."""
    photo = retry_photo(photo=get_object_or_404(Photo, key=key))
    send_photos([photo.pk])
    messages.success(request, "The photo goes to a worker again.")
    return redirect("pages:photo", photo.key)


@page("faces.delete_photo", methods=("GET", "POST"))
def delete(request: HttpRequest, key: UUID) -> HttpResponse:
    """Say what goes with a photo, and delete it."""
    photo = get_object_or_404(Photo.objects.select_related("gallery"), key=key)
    faces = list(photo.faces.select_related("person", "photo"))
    if request.method == "POST":
        delete_photo(photo=photo)
        messages.success(request, "The photo is deleted, with its file and faces.")
        return redirect("pages:photos")
    return render_page(
        request, "faces/photos/delete.html", title="Photos", heading="Delete this photo?", photo=photo, faces=faces
    )
