"""What an admin changes about unknown faces: whose they are, which belong together, that nobody needs to look."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse

from faces.models import Gallery, ProbablePerson
from faces.services.probable_people import (
    Named,
    assign_probable_person,
    dismiss_probable_person,
    merge_probable_people,
    name_probable_person,
    request_grouping,
    restore_probable_person,
    take_out_faces,
)
from faces.tasks import send_jobs
from faces.views.forms.fields import all_errors
from faces.views.forms.probable_people import WhoForm, ticked_faces
from faces.views.page import back, page, signed_in
from faces.views.probable_people import get_probable


@page("faces.add_probableperson", methods=("POST",))
def group(request: HttpRequest, gallery_id: int) -> HttpResponse:
    """Have a worker group the unknown faces of a gallery; `anew` gives the present groups up."""
    gallery = get_object_or_404(Gallery, pk=gallery_id)
    request_grouping(gallery=gallery, user=signed_in(request), anew="anew" in request.POST)
    send_jobs()
    return _to_list(gallery)


@page("faces.change_probableperson", "faces.change_face", methods=("POST",))
def name(request: HttpRequest, probable_id: int) -> HttpResponse:
    """Say who a probable person is: somebody known, or somebody new; ticked faces are left out."""
    probable = get_probable(probable_id)
    form = WhoForm(_with_the_likely(request), gallery=probable.gallery, may_be_new=True)
    if not form.is_valid():
        messages.error(request, all_errors(form))
        return back(request)
    without = ticked_faces(request.POST)
    if form.chosen is not None:
        named = assign_probable_person(probable=probable, person=form.chosen, without=without)
    elif request.user.has_perm("faces.add_person"):
        values = form.cleaned_data
        named = name_probable_person(
            probable=probable, name=values["person_name"], external_id=values["external_id"], without=without
        )
    else:
        raise PermissionDenied
    messages.success(request, _said(named))
    return back(request) if "stay" in request.POST else _to_list(probable.gallery)


def _with_the_likely(request: HttpRequest) -> dict[str, str]:
    """Return the form's values; a button that names the likely person comes before what was typed."""
    values = request.POST.dict()
    if likely := request.POST.get("likely"):
        values |= {"person": likely}
    return {key: str(value) for key, value in values.items()}


def _said(named: Named) -> str:
    faces = "One face is" if named.faces == 1 else f"{named.faces:,} faces are"
    if named.enrolled == named.faces:
        found = "searches find it" if named.faces == 1 else "searches find all of them"
    else:
        found = f"searches find {named.enrolled:,} of them, the others are of too low quality"
    return f"{faces} {named.person.name}'s now, and {found}."


@page("faces.change_probableperson", methods=("POST",))
def take_out(request: HttpRequest, probable_id: int) -> HttpResponse:
    """Take the ticked faces out."""
    probable = get_probable(probable_id)
    faces = ticked_faces(request.POST)
    left = take_out_faces(probable=probable, faces=faces)
    taken = "One face is taken out" if len(faces) == 1 else f"{len(faces):,} faces are taken out"
    messages.success(request, f"{taken}, and will not be put back.")
    return redirect("pages:probable-person", probable.pk) if left else _to_list(probable.gallery)


@page("faces.change_probableperson", methods=("POST",))
def merge(request: HttpRequest, probable_id: int) -> HttpResponse:
    """Make two probable people one; `into` says which one goes on."""
    source = get_probable(probable_id)
    number = request.POST.get("into", "")
    wanted = int(number) if number.isdecimal() and len(number) <= 18 else 0
    target = get_object_or_404(ProbablePerson.objects.select_related("gallery"), pk=wanted, gallery=source.gallery)
    merge_probable_people(source=source, target=target)
    messages.success(request, f"They are one now, with {target.faces.count():,} faces.")
    return redirect("pages:probable-person", target.pk)


@page("faces.change_probableperson", methods=("POST",))
def dismiss(_request: HttpRequest, probable_id: int) -> HttpResponse:
    """Say that nobody needs to look at these faces; the list offers to undo it."""
    probable = dismiss_probable_person(probable=get_probable(probable_id))
    return _to_list(probable.gallery, f"&dismissed={probable.pk}")


@page("faces.change_probableperson", methods=("POST",))
def restore(request: HttpRequest, probable_id: int) -> HttpResponse:
    """Undo a dismissal."""
    probable = restore_probable_person(probable=get_probable(probable_id))
    messages.success(request, "It is back among those to look at.")
    return redirect("pages:probable-person", probable.pk)


def _to_list(gallery: Gallery, more: str = "") -> HttpResponse:
    return redirect(f"{reverse('pages:unknown-faces')}?gallery={gallery.pk}{more}")
