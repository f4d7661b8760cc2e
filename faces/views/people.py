"""People: the list, and adding one."""

from django.contrib import messages
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from faces.exceptions import FacetError
from faces.models import Face, Gallery, Person, Template
from faces.querysets import PersonQuerySet
from faces.services.people import create_person
from faces.views.cards import person_cards
from faces.views.forms.people import NewPersonForm, PersonFilterForm
from faces.views.page import page, render_page
from faces.views.paging import listing

PER_PAGE = 60


@page("faces.view_person")
def person_list(request: HttpRequest) -> HttpResponse:
    """Show people with their faces; searched by name or external id, filtered by gallery and consent."""
    form = PersonFilterForm(request.GET)
    people = _filtered(form)
    rows = listing(request, people.select_related("gallery"), per_page=PER_PAGE)
    return render_page(
        request,
        "faces/people/list.html",
        title="People",
        form=form,
        is_filtered=any(request.GET.get(name) for name in form.fields),
        listing=rows,
        cards=person_cards(rows.rows),
        several_galleries=Gallery.objects.count() > 1,
    )


def _filtered(form: PersonFilterForm) -> PersonQuerySet[Person]:
    """Return the people that a filter leaves; a field that makes no sense filters nothing, and says so on the page."""
    form.is_valid()
    wanted = form.cleaned_data
    people = Person.objects.present()
    if text := wanted.get("q"):
        people = people.filter(Q(name__icontains=text) | Q(external_id__icontains=text))
    if wanted.get("gallery"):
        people = people.of(wanted["gallery"])
    if wanted.get("consent"):
        people = people.filter(consent=wanted["consent"])
    if wanted.get("faces"):
        people = people.filter(_about_faces(wanted["faces"]))
    return people


def _about_faces(wanted: str) -> Q:
    if wanted == "unlike":
        serving = {"person": OuterRef("pk"), "encoder_version": OuterRef("gallery__encoder_version")}
        return Q(Exists(Template.objects.filter(left_out__gt=0, **serving)))
    enrolled = Q(Exists(Face.objects.filter(person=OuterRef("pk"), is_enrolled=True)))
    return enrolled if wanted == "yes" else ~enrolled


@page("faces.add_person", methods=("GET", "POST"))
def add_person(request: HttpRequest) -> HttpResponse:
    """Make a person; their photos are added on their page."""
    form = NewPersonForm(request.POST or None, initial={"gallery": request.GET.get("gallery")})
    if request.method == "POST" and form.is_valid():
        try:
            person = create_person(**form.cleaned_data)
        except FacetError as error:
            form.refuse(error)
        else:
            messages.success(request, f"{person.name} is there. Add a photo, so that searches can find them.")
            return redirect("pages:person", person.pk)
    return render_page(
        request,
        "faces/people/add.html",
        title="People",
        heading="Add a person",
        form=form,
        has_gallery=Gallery.objects.exists(),
    )
