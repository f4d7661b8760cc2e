"""What an admin changes about one face: whose it is, whether searches find it, that it goes."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from faces.models import Face, Person
from faces.quality_words import explain
from faces.services.enrollment import assign_face, delete_face, quality_of, release_face, set_enrolled
from faces.services.people import create_person
from faces.services.suggestions import suggest_person
from faces.views.forms.fields import all_errors
from faces.views.forms.people import PersonChoiceForm
from faces.views.page import back, page


def _get(key: UUID, face_id: int) -> Face:
    return get_object_or_404(Face.objects.select_related("photo", "gallery", "person"), pk=face_id, photo__key=key)


@page("faces.change_face", "faces.view_person")
def suggestion(request: HttpRequest, key: UUID, face_id: int) -> HttpResponse:
    """Answer HTMX with who an unknown face probably is, and a button that says so; nothing where nobody is near."""
    face = _get(key, face_id)
    candidate = suggest_person(face=face) if face.person_id is None else None
    return render(request, "faces/photos/suggestion.html", {"face": face, "photo": face.photo, "candidate": candidate})


@page("faces.change_face", methods=("POST",))
def assign(request: HttpRequest, key: UUID, face_id: int) -> HttpResponse:
    """Give a face to a person who is there, or to a new one of the typed name; `suggested` where Facet named them."""
    face = _get(key, face_id)
    form = PersonChoiceForm(request.POST, gallery=face.gallery, may_be_new=True)
    if not form.is_valid():
        messages.error(request, all_errors(form))
        return back(request)
    by = Face.AssignedBy.SUGGESTION if "suggested" in request.POST else Face.AssignedBy.ADMIN
    with transaction.atomic():
        person = form.chosen or _new_person(request, face, form.cleaned_data["person_name"])
        face = assign_face(face=face, person=person, by=by)
    if face.is_enrolled:
        messages.success(request, f"The face is {person.name}'s now, and searches find it.")
    else:
        messages.warning(
            request,
            f"The face is {person.name}'s now. {' '.join(explain(quality_of(face)))} "
            "So searches do not use it; enroll it if they shall.",
        )
    return back(request)


def _new_person(request: HttpRequest, face: Face, name: str) -> Person:
    if not request.user.has_perm("faces.add_person"):
        raise PermissionDenied
    return create_person(gallery=face.gallery, name=name)


@page("faces.change_face", methods=("POST",))
def release(request: HttpRequest, key: UUID, face_id: int) -> HttpResponse:
    """Take a face from its person; it is nobody's then."""
    release_face(face=_get(key, face_id))
    messages.success(request, "The face belongs to nobody now.")
    return back(request)


@page("faces.change_face", methods=("POST",))
def enroll(request: HttpRequest, key: UUID, face_id: int) -> HttpResponse:
    """Let searches find a face, or keep it from them; `enroll` is yes or no."""
    is_enrolled = request.POST.get("enroll") == "yes"
    set_enrolled(face=_get(key, face_id), is_enrolled=is_enrolled)
    messages.success(request, "Searches find the face now." if is_enrolled else "Searches no longer find the face.")
    return back(request)


@page("faces.delete_face", methods=("POST",))
def delete(request: HttpRequest, key: UUID, face_id: int) -> HttpResponse:
    """Remove a face; its photo stays."""
    delete_face(face=_get(key, face_id))
    messages.success(request, "The face is deleted; the photo stays.")
    return back(request)
