"""One decision, explained: what was asked, by whom, with which tau, and who ranked."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from faces.models import Person, SearchEvent
from faces.rate_words import rate_words
from faces.services.decisions import FaceAnswer, Ranked, in_words, recorded
from faces.services.error_rates import Compares, error_rate_of
from faces.views.page import page, render_page


@dataclass(frozen=True)
class Row:
    """Somebody who ranked; `person` is None where they are deleted, or the face is nobody's."""

    ranked: Ranked
    person: Person | None
    is_match: bool


@dataclass(frozen=True)
class FaceShown:
    """What was answered about one face."""

    words: str
    answer: FaceAnswer
    rows: tuple[Row, ...]


@page("faces.view_searchevent", "faces.view_person")
def decision_page(request: HttpRequest, key: UUID) -> HttpResponse:
    """Explain one decision."""
    events = SearchEvent.objects.select_related("gallery", "encoder_version", "threshold__set_by", "user", "api_key")
    event = get_object_or_404(events, key=key)
    answer = recorded(event)
    people = Person.objects.in_bulk(list(answer.people))
    compares = answer.compares or Compares.SEARCH
    return render_page(
        request,
        "faces/decision.html",
        title="Searches",
        heading=f"Decision {event.key}",
        event=event,
        answer=answer,
        about=people.get(answer.about_person or 0),
        faces=[_shown(face, event.tau, people) for face in answer.faces],
        error_rate=rate_words(error_rate_of(event.threshold, compares), compares) if event.threshold else "",
    )


def _shown(face: FaceAnswer, tau: float, people: Mapping[int, Person]) -> FaceShown:
    names = {number: person.name for number, person in people.items()}
    rows = tuple(Row(one, people.get(one.person or 0), one.distance <= tau) for one in face.candidates)
    return FaceShown(in_words(face, tau=tau, names=names), face, rows)
