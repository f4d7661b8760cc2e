"""One person: their faces, and what is known of them."""

from django.db.models import Case, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from faces.models import Person, Photo, Template
from faces.services.outliers import faces_left_out
from faces.services.photos import LIMITS
from faces.views.page import page, render_page
from faces.views.paging import listing

FACES_PER_PAGE = 48
PHOTOS_WITHOUT_FACE = 24


@page("faces.view_person")
def person_page(request: HttpRequest, person_id: int) -> HttpResponse:
    """Show all faces of a person, and their portraits that show none; a merged person leads to the one who is left.

    Enrolled faces that are unlike the others come first: they may be somebody else's.
    """
    person = get_object_or_404(Person.objects.select_related("gallery", "merged_into"), pk=person_id)
    if person.merged_into_id is not None:
        return redirect("pages:person", person.merged_into_id)
    template = Template.objects.filter(person=person, encoder_version=person.gallery.encoder_version_id).first()
    unlike = faces_left_out(template) if template is not None else frozenset()
    first = Case(When(pk__in=unlike, then=Value(0)), default=Value(1))
    faces = person.faces.select_related("photo").order_by(first, "-is_enrolled", "-quality", "id")
    waiting = Photo.objects.filter(portrait_of=person).exclude(faces__person=person).order_by("-id")
    return render_page(
        request,
        "faces/people/detail.html",
        title="People",
        heading=person.name,
        person=person,
        listing=listing(request, faces, per_page=FACES_PER_PAGE),
        enrolled=person.faces.filter(is_enrolled=True).count(),
        made_of=template.faces if template is not None else 0,
        unlike=unlike,
        waiting=list(waiting[:PHOTOS_WITHOUT_FACE]),
        merged=list(person.merged_from.order_by("name")),
        max_bytes=LIMITS.max_bytes,
    )
