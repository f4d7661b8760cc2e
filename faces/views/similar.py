"""Who looks like a person of the gallery, or like one face?"""

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from faces.exceptions import NoEmbeddingError
from faces.models import Face, Person, SearchEvent
from faces.services.events import record_similar
from faces.services.recognition import Candidate
from faces.services.similarity import Similarity, similar_to_face, similar_to_person
from faces.views.page import page, render_page
from faces.views.paging import Listing, listing_of_found
from faces.views.probes import Stopwatch, asker_of

SEARCHED = 50
PER_PAGE = 12


@dataclass(frozen=True)
class Likeness:
    """Who looks alike, for the page."""

    event: SearchEvent
    similarity: Similarity
    listing: Listing[Candidate]

    @property
    def same(self) -> list[Candidate]:
        """Of this page's people those who are probably the same person."""
        return [candidate for candidate in self.listing.rows if candidate.is_match]

    @property
    def alike(self) -> list[Candidate]:
        """Of this page's people those who are told apart."""
        return [candidate for candidate in self.listing.rows if not candidate.is_match]


@page("faces.add_searchevent", "faces.view_person")
def person_similar(request: HttpRequest, person_id: int) -> HttpResponse:
    """Show the people who look most like a person; a merged one leads to the one who is left."""
    people = Person.objects.select_related("gallery__encoder_version")
    person = get_object_or_404(people, pk=person_id)
    if person.merged_into_id is not None:
        return redirect("pages:person-similar", person.merged_into_id)
    return render_page(
        request,
        "faces/similar/person.html",
        title="People",
        heading=f"Who looks like {person.name}?",
        person=person,
        likeness=_ask(request, person),
    )


@page("faces.add_searchevent", "faces.view_person", "faces.view_photo")
def face_similar(request: HttpRequest, key: UUID, face_id: int) -> HttpResponse:
    """Show the people who look most like one face of a photo, whosever it is."""
    faces = Face.objects.select_related("photo", "person", "gallery__encoder_version")
    face = get_object_or_404(faces, pk=face_id, photo__key=key)
    return render_page(
        request,
        "faces/similar/face.html",
        title="Photos",
        heading="Who looks like this?",
        face=face,
        photo=face.photo,
        likeness=_ask(request, face),
    )


def _ask(request: HttpRequest, about: Person | Face) -> Likeness | None:
    """Search, and record that somebody asked; None where there is nothing to compare with."""
    watch = Stopwatch()
    try:
        if isinstance(about, Person):
            similarity = similar_to_person(person=about, limit=SEARCHED)
        else:
            similarity = similar_to_face(face=about, limit=SEARCHED)
    except NoEmbeddingError:
        return None
    event = record_similar(
        asker=asker_of(request),
        about=about,
        similarity=similarity,
        limit=SEARCHED,
        duration_ms=watch.milliseconds,
    )
    return Likeness(event, similarity, listing_of_found(request, similarity.people, per_page=PER_PAGE))
