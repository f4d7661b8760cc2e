"""Galleries: the list, adding, changing, deleting."""

from dataclasses import dataclass

from django.conf import settings
from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse

from faces.exceptions import FacetError
from faces.models import Face, Gallery, Person, Photo, Threshold
from faces.services.galleries import create_gallery, delete_gallery, rename_gallery
from faces.services.licences import terms_of
from faces.services.search_status import search_status
from faces.services.thresholds import tau_or_none
from faces.views.cards import covers_of_galleries
from faces.views.forms.galleries import AddGalleryForm, ConfirmForm, GalleryForm
from faces.views.page import page, render_page
from faces.views.search_status import search_line

COVERS = 8


@dataclass(frozen=True)
class GalleryCounts:
    """What a gallery holds, and what in it waits for an admin."""

    people: int
    people_not_found: int
    photos: int
    photos_unfinished: int
    photos_refused: int
    photos_failed: int
    faces: int
    faces_unassigned: int


def counts_of(gallery: Gallery) -> GalleryCounts:
    """Count what a gallery holds, in three queries."""
    people = Person.objects.of(gallery).present()
    enrolled = Face.objects.of(gallery).enrolled().values("person_id")
    photos = Photo.objects.of(gallery).aggregate(
        all=Count("id"),
        unfinished=Count("id", filter=Q(state__in=("pending", "encoding"))),
        refused=Count("id", filter=Q(state=Photo.State.REJECTED)),
        failed=Count("id", filter=Q(state=Photo.State.FAILED)),
    )
    faces = Face.objects.of(gallery).aggregate(all=Count("id"), nobody=Count("id", filter=Q(person__isnull=True)))
    return GalleryCounts(
        people=people.count(),
        people_not_found=people.exclude(pk__in=enrolled).count(),
        photos=photos["all"],
        photos_unfinished=photos["unfinished"],
        photos_refused=photos["refused"],
        photos_failed=photos["failed"],
        faces=faces["all"],
        faces_unassigned=faces["nobody"],
    )


@page("faces.view_gallery")
def gallery_list(request: HttpRequest) -> HttpResponse:
    """Show all galleries with what is in them and some of their faces."""
    galleries = list(Gallery.objects.with_counts().select_related("encoder_version"))
    covers = covers_of_galleries([gallery.pk for gallery in galleries], count=COVERS)
    return render_page(
        request,
        "faces/galleries/list.html",
        title="Galleries",
        galleries=[(gallery, covers.get(gallery.pk, [])) for gallery in galleries],
    )


@page("faces.add_gallery", methods=("GET", "POST"))
def add_gallery(request: HttpRequest) -> HttpResponse:
    """Make an empty gallery."""
    form = AddGalleryForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            gallery = create_gallery(**form.cleaned_data)
        except FacetError as error:
            form.refuse(error, "name")
        else:
            messages.success(request, f"Gallery “{gallery.name}” is there. Add its first photos.")
            return redirect("pages:gallery", gallery.pk)
    return render_page(request, "faces/galleries/add.html", title="Galleries", heading="Add a gallery", form=form)


@page("faces.view_gallery", methods=("GET", "POST"))
def gallery_page(request: HttpRequest, gallery_id: int) -> HttpResponse:
    """Show one gallery: what is in it, by what it is searched, and what needs an admin; POST renames it."""
    gallery = get_object_or_404(Gallery.objects.select_related("encoder_version"), pk=gallery_id)
    may_change = request.user.has_perm("faces.change_gallery")
    form = GalleryForm(request.POST if request.method == "POST" else None, initial={"name": gallery.name})
    if request.method == "POST" and may_change and form.is_valid():
        try:
            rename_gallery(gallery=gallery, name=form.cleaned_data["name"])
        except FacetError as error:
            form.refuse(error, "name")
        else:
            messages.success(request, f"The gallery is called “{gallery.name}” now.")
            return redirect("pages:gallery", gallery.pk)
    return render_page(
        request,
        "faces/galleries/detail.html",
        title="Galleries",
        heading=gallery.name,
        gallery=gallery,
        form=form if may_change else None,
        counts=counts_of(gallery),
        taus=[
            (use, tau_or_none(gallery=gallery, encoder_version=gallery.encoder_version, use=use))
            for use in Threshold.Use
        ],
        terms=terms_of(gallery.encoder_version.licence),
        search=search_line(search_status(gallery)),
        covers=covers_of_galleries([gallery.pk], count=2 * COVERS).get(gallery.pk, []),
        more=_more_pages(request, gallery),
    )


def _more_pages(request: HttpRequest, gallery: Gallery) -> list[tuple[str, str]]:
    """Return words and addresses of what else there is to see of a gallery, as far as it may be seen."""
    return [
        (words, f"{reverse(name)}?gallery={gallery.pk}")
        for words, name, permission in settings.GALLERY_PAGES
        if request.user.has_perm(permission)
    ]


@page("faces.delete_gallery", methods=("GET", "POST"))
def delete(request: HttpRequest, gallery_id: int) -> HttpResponse:
    """Say what goes with a gallery, and remove it when its name is typed."""
    gallery = get_object_or_404(Gallery, pk=gallery_id)
    form = ConfirmForm(request.POST or None, expected=gallery.name)
    if request.method == "POST" and form.is_valid():
        delete_gallery(gallery=gallery)
        messages.success(request, f"Gallery “{gallery.name}” and everything in it is gone.")
        return redirect("pages:galleries")
    return render_page(
        request,
        "faces/galleries/delete.html",
        title="Galleries",
        heading=f"Delete gallery “{gallery.name}”?",
        gallery=gallery,
        form=form,
        counts=counts_of(gallery),
        searches=gallery.search_events.count(),
    )
