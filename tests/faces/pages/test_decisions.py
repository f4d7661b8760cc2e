"""The page that explains a decision."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from faces.models import Person, SearchEvent, Threshold
from faces.services.events import Asker, record_recognition, record_verification
from faces.services.recognition import recognize
from faces.services.thresholds import set_tau
from faces.services.verification import verify_faces, verify_person
from tests.faces.builders import axis, encoded_face, near
from tests.faces.pages.conftest import Filled


@pytest.fixture
def page_asker(admin: User) -> Asker:
    return Asker(SearchEvent.Channel.PAGE, user=admin)


def recognized(filled: Filled, asker: Asker) -> SearchEvent:
    """Somebody like Grace, and somebody like nobody, were looked for."""
    probes = [encoded_face(near(0, 1, 0.01)), encoded_face(axis(9))]
    answers = recognize(gallery=filled.gallery, probes=probes)
    return record_recognition(
        asker=asker,
        gallery=filled.gallery,
        probe=b"a photo",
        answers=answers,
        tau=answers[0].tau,
        limit=5,
        duration_ms=12,
    )


def shown(client: Client, event: SearchEvent) -> str:
    return client.get(reverse("pages:decision", args=[event.key])).content.decode()


def test_a_recognition_is_explained_face_by_face_with_links_to_who_ranked(
    filled: Filled, client: Client, page_asker: Asker, admin: User
) -> None:
    set_tau(
        gallery=filled.gallery,
        encoder_version=filled.gallery.encoder_version,
        use=Threshold.Use.RECOGNITION,
        tau=0.09,
        reason="The door is no bank",
        user=admin,
    )
    page = shown(client, recognized(filled, page_asker))
    assert "Who is face 1 of 2?" in page
    assert f"Grace Hopper (person {filled.person.pk}), distance 0.0100 &lt;= tau 0.09" in page
    assert "nobody, the nearest at distance 2.0000 &gt; tau 0.09" in page
    assert reverse("pages:person", args=[filled.other.pk]) in page
    assert "by ada: “The door is no bank”" in page
    assert "was not measured" in page
    assert "looking at everybody" in page
    assert "asked by ada" in page
    assert page.count("within tau") == 1


def test_a_deleted_person_is_told_by_number(filled: Filled, client: Client, page_asker: Asker) -> None:
    event = recognized(filled, page_asker)
    number = filled.person.pk
    filled.face.delete()
    Person.objects.filter(pk=number).delete()
    assert f"person {number}, who is deleted" in shown(client, event)


def test_a_verification_says_what_was_compared_and_what_tau_stands_for(
    filled: Filled, client: Client, page_asker: Asker
) -> None:
    verification = verify_person(person=filled.person, probe=encoded_face(axis(2)))
    event = record_verification(
        asker=page_asker,
        gallery=filled.gallery,
        encoder_version=filled.gallery.encoder_version,
        photos=[b"a photo"],
        verification=verification,
        duration_ms=1,
    )
    page = shown(client, event)
    assert f"not Grace Hopper (person {filled.person.pk}), distance 2.0000 &gt; tau 0.1245" in page
    assert "the mean of the person&#x27;s enrolled faces" in page or "the mean of the person's enrolled faces" in page
    assert "1 in 1,004 comparisons of a face with the photos of another person passes as a match, as measured" in page
    assert f"manage.py replay_decision {event.key} PHOTO" in page
    assert event.probe_sha256 in page
    assert "Grace" not in str(event.answer)


def test_two_uploads_without_a_gallery_are_explained_too(filled: Filled, client: Client, page_asker: Asker) -> None:
    verification = verify_faces(first=encoded_face(axis(0)), second=encoded_face(axis(0)))
    event = record_verification(
        asker=page_asker,
        gallery=None,
        encoder_version=filled.gallery.encoder_version,
        photos=[b"a photo", b"another"],
        verification=verification,
        duration_ms=1,
    )
    page = shown(client, event)
    assert "the same person, distance 0.0000 &lt;= tau 0.1245" in page
    assert f"{event.key} PHOTO SECOND_PHOTO" in page
    assert event.second_sha256 in page


def test_a_search_for_similar_people_is_explained(filled: Filled, client: Client) -> None:
    client.get(reverse("pages:person-similar", args=[filled.person.pk]))
    event = SearchEvent.objects.get()
    page = shown(client, event)
    assert "Who looks like Grace Hopper?" in page
    assert reverse("pages:person", args=[filled.other.pk]) in page
    assert "No photo was brought" in page


def test_answers_and_the_list_of_searches_lead_to_the_decision(
    filled: Filled, client: Client, page_asker: Asker
) -> None:
    similar = client.get(reverse("pages:person-similar", args=[filled.person.pk])).content.decode()
    event = SearchEvent.objects.get()
    leads_to = reverse("pages:decision", args=[event.key])
    assert leads_to in similar
    assert leads_to in client.get(reverse("admin:faces_searchevent_change", args=[event.pk])).content.decode()


def test_whoever_may_not_see_searches_is_not_led_there_and_refused(
    filled: Filled, staff_with: Callable[..., Client]
) -> None:
    client = staff_with("faces.add_searchevent", "faces.view_person")
    similar = client.get(reverse("pages:person-similar", args=[filled.person.pk])).content.decode()
    event = SearchEvent.objects.get()
    address = reverse("pages:decision", args=[event.key])
    assert str(event.key) in similar
    assert address not in similar
    assert client.get(address).status_code == 403
