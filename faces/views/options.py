"""What a picker offers while one types: people or photos with a picture each, as a piece of a page."""

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from faces.exceptions import GalleryNotFoundError
from faces.models import Gallery, Person, Photo
from faces.views.cards import person_cards
from faces.views.page import page

OFFERED = 8


@page("faces.view_person")
def people(request: HttpRequest) -> HttpResponse:
    """Offer people of a gallery whose name or external id contains what was typed; names that begin with it first."""
    text = request.GET.get("q", "").replace("\x00", "").strip()
    found = Person.objects.of(_gallery(request)).present()
    if text:
        found = found.filter(Q(name__icontains=text) | Q(external_id__icontains=text))
    if (leave_out := request.GET.get("without", "")).isdecimal():
        found = found.exclude(pk=int(leave_out))
    begins = list(found.filter(name__istartswith=text).order_by("name", "id")[:OFFERED]) if text else []
    rest = found.exclude(pk__in=[person.pk for person in begins]).order_by("name", "id")
    offered = [*begins, *rest[: OFFERED - len(begins)]]
    may_add = request.GET.get("new") == "yes" and request.user.has_perm("faces.add_person")
    return render(
        request,
        "faces/people/options.html",
        {"cards": person_cards(offered), "text": text, "may_add": may_add and bool(text)},
    )


@page("faces.view_photo")
def photos(request: HttpRequest) -> HttpResponse:
    """Offer ready photos of a gallery by file name, or by the name of somebody on them; newest first."""
    text = request.GET.get("q", "").replace("\x00", "").strip()
    found = Photo.objects.of(_gallery(request)).filter(state=Photo.State.READY)
    if text:
        on_them = Photo.objects.filter(faces__person__name__icontains=text).values("pk")
        found = found.filter(Q(name__icontains=text) | Q(pk__in=on_them))
    return render(request, "faces/photos/options.html", {"photos": list(found[:OFFERED]), "text": text})


def _gallery(request: HttpRequest) -> Gallery:
    number = request.GET.get("gallery", "")
    gallery = Gallery.objects.filter(pk=int(number)).first() if number.isdecimal() and len(number) < 18 else None
    if gallery is None:
        raise GalleryNotFoundError("Choose a gallery first.")
    return gallery
