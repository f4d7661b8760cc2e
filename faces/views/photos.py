"""Photos as a contact sheet, and what can be done with several at once."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from faces.exceptions import WrongStateError
from faces.models import Face, Photo
from faces.querysets import PhotoQuerySet
from faces.services.photos import delete_photo, retry_photo
from faces.tasks import send_photos
from faces.views.forms.fields import all_errors
from faces.views.forms.photos import PhotoFilterForm, SelectedPhotosForm
from faces.views.page import back, page, render_page
from faces.views.paging import listing

PER_PAGE = 60


@page("faces.view_photo")
def photo_list(request: HttpRequest) -> HttpResponse:
    """Show photos, newest first; filtered by gallery, state, reason, and whether they show somebody unknown."""
    form = PhotoFilterForm(request.GET)
    rows = listing(request, _filtered(form), per_page=PER_PAGE)
    counts = Face.objects.filter(photo__in=[photo.pk for photo in rows.rows]).order_by().values("photo_id")
    by_photo = {
        row["photo_id"]: row
        for row in counts.annotate(faces=Count("id"), unknown=Count("id", filter=Q(person__isnull=True)))
    }
    return render_page(
        request,
        "faces/photos/list.html",
        title="Photos",
        form=form,
        is_filtered=any(request.GET.get(name) for name in form.fields),
        listing=rows,
        photos=[(photo, by_photo.get(photo.pk)) for photo in rows.rows],
    )


def _filtered(form: PhotoFilterForm) -> PhotoQuerySet[Photo]:
    """Return the photos that a filter leaves; a field that makes no sense filters nothing, and says so on the page."""
    form.is_valid()
    wanted = form.cleaned_data
    photos = Photo.objects.all()
    if wanted.get("gallery"):
        photos = photos.of(wanted["gallery"])
    if wanted.get("state"):
        photos = photos.filter(state=wanted["state"])
    if wanted.get("reason"):
        photos = photos.filter(reason=wanted["reason"])
    if wanted.get("q"):
        photos = photos.filter(name__icontains=wanted["q"])
    if wanted.get("job"):
        photos = photos.filter(job__key=wanted["job"])
    if wanted.get("faces"):
        unknown = Exists(Face.objects.filter(photo=OuterRef("pk"), person__isnull=True))
        photos = photos.filter(unknown if wanted["faces"] == "nobody" else ~unknown, state=Photo.State.READY)
    return photos


@page("faces.view_photo", methods=("POST",))
def change_selected(request: HttpRequest) -> HttpResponse:
    """Delete the ticked photos once that is confirmed, or send those that failed or were refused to a worker again."""
    form = SelectedPhotosForm(request.POST)
    if not form.is_valid():
        messages.error(request, all_errors(form))
        return back(request, "pages:photos")
    chosen: PhotoQuerySet[Photo] = form.cleaned_data["photos"]
    if form.cleaned_data["action"] == SelectedPhotosForm.RETRY:
        return _retry(request, chosen)
    return _delete(request, chosen, is_confirmed=form.cleaned_data["confirmed"])


def _retry(request: HttpRequest, chosen: PhotoQuerySet[Photo]) -> HttpResponse:
    _need(request, "faces.change_photo")
    ids = []
    for photo in chosen:
        try:
            ids.append(retry_photo(photo=photo).pk)
        except WrongStateError:
            continue  # only those that failed or were refused can be tried again; the message says how many were
    send_photos(ids)
    messages.success(request, f"{len(ids)} of {len(chosen)} photos go to a worker again.")
    return back(request, "pages:photos")


def _delete(request: HttpRequest, chosen: PhotoQuerySet[Photo], *, is_confirmed: bool) -> HttpResponse:
    _need(request, "faces.delete_photo")
    if not is_confirmed:
        faces = Face.objects.filter(photo__in=chosen)
        people = faces.filter(person__isnull=False).values("person").distinct().count()
        return render_page(
            request,
            "faces/photos/delete_selected.html",
            title="Photos",
            heading="Delete one photo?" if len(chosen) == 1 else f"Delete {len(chosen)} photos?",
            photos=list(chosen),
            faces=faces.count(),
            people=people,
        )
    number = len(chosen)
    with transaction.atomic():
        for photo in chosen:
            delete_photo(photo=photo)
    messages.success(request, f"{number} photos are deleted, with their files and faces.")
    return redirect("pages:photos")


def _need(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied
