"""What an admin changes about a person."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from faces.exceptions import FacetError
from faces.models import Person
from faces.services.people import delete_person, merge_people, update_person, what_goes_with
from faces.services.uploads import upload_photos
from faces.tasks import send_photos
from faces.views.cards import person_cards
from faces.views.forms.people import PersonChoiceForm, PersonForm
from faces.views.outcomes import count_of, uploaded_photos
from faces.views.page import page, render_page, signed_in


def _get(person_id: int) -> Person:
    return get_object_or_404(Person.objects.present().select_related("gallery"), pk=person_id)


@page("faces.change_person", methods=("GET", "POST"))
def edit(request: HttpRequest, person_id: int) -> HttpResponse:
    """Correct name, external id and consent."""
    person = _get(person_id)
    present = {name: getattr(person, name) for name in PersonForm.base_fields}
    form = PersonForm(request.POST or None, initial=present)
    if request.method == "POST" and form.is_valid():
        try:
            update_person(person=person, **form.cleaned_data)
        except FacetError as error:
            form.refuse(error)
        else:
            messages.success(request, "Saved.")
            return redirect("pages:person", person.pk)
    return render_page(
        request, "faces/people/edit.html", title="People", heading=f"Edit {person.name}", person=person, form=form
    )


@page("faces.change_person", "faces.add_photo", methods=("POST",))
def add_photos(request: HttpRequest, person_id: int) -> HttpResponse:
    """Take in photos of this person."""
    person = _get(person_id)
    files = uploaded_photos(request)
    if not files:
        messages.error(request, "Choose at least one photo.")
        return redirect("pages:person", person.pk)
    taken = upload_photos(
        gallery=person.gallery, files=files, portrait_of=person, user=signed_in(request), send=send_photos
    )
    for outcome in taken.outcomes:
        if outcome.refusal is not None:
            messages.error(request, f"{outcome.name}: {outcome.refusal}")
    tally = count_of(taken.outcomes)
    if tally.new:
        messages.success(request, f"{_photos(tally.new)} taken in. The faces appear here as soon as they are encoded.")
    if tally.known:
        messages.info(request, f"{_photos(tally.known)} already in the gallery; nothing was stored twice.")
    return redirect("pages:person", person.pk)


def _photos(number: int) -> str:
    return "One photo was" if number == 1 else f"{number} photos were"


@page("faces.change_person", methods=("GET", "POST"))
def merge(request: HttpRequest, person_id: int) -> HttpResponse:
    """Make this person and another one the same: the other one's page is where both are found afterwards.

    `?into=` is the number of the other one, where somebody has chosen them already.
    """
    person = _get(person_id)
    into = _chosen(person, request.GET.get("into", ""))
    form = PersonChoiceForm(request.POST or None, gallery=person.gallery)
    if request.method == "POST" and form.is_valid() and form.chosen is not None:
        try:
            target = merge_people(source=person, target=form.chosen)
        except FacetError as error:
            form.refuse(error)
        else:
            messages.success(request, f"{person.name} was merged into {target.name}.")
            return redirect("pages:person", target.pk)
    return render_page(
        request,
        "faces/people/merge.html",
        title="People",
        heading=f"Are {person.name} and {into.name if into else 'somebody else'} the same person?",
        person=person,
        cards=person_cards([person, into] if into else [person]),
        into=into,
        form=form,
    )


def _chosen(person: Person, number: str) -> Person | None:
    """Return another present person of the same gallery by number, or None where it names none."""
    if not number.isdecimal() or len(number) > 18:
        return None
    return Person.objects.of(person.gallery).present().exclude(pk=person.pk).filter(pk=int(number)).first()


@page("faces.delete_person", methods=("GET", "POST"))
def delete(request: HttpRequest, person_id: int) -> HttpResponse:
    """Say what goes with a person, and erase them."""
    person = _get(person_id)
    if request.method == "POST":
        erased = delete_person(person=person)
        messages.success(
            request,
            f"{person.name} is erased: {erased.photos} photos and {erased.faces} faces are gone, "
            f"{erased.shared_photos} photos that show other people stayed.",
        )
        return redirect("pages:people")
    return render_page(
        request,
        "faces/people/delete.html",
        title="People",
        heading=f"Delete {person.name}?",
        person=person,
        card=person_cards([person])[0],
        goes=what_goes_with(person),
    )
