"""Who looks like a person or a face, on pages."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from faces.models import Face, Person, SearchEvent
from faces.services.people import merge_people
from tests import factories
from tests.faces.pages.conftest import Filled

MERGE = "One person: merge…"


@pytest.fixture
def twin(filled: Filled) -> Person:
    """Grace Hopper once more, under another name; Ada Lovelace is somebody else."""
    twin = factories.person(gallery=filled.gallery, name="G. Hopper")
    factories.face(person=twin, vector=factories.at_distance(0.03))
    return twin


def of_person(person: Person) -> str:
    return reverse("pages:person-similar", args=[person.pk])


def of_face(face: Face) -> str:
    return reverse("pages:face-similar", args=[face.photo.key, face.pk])


def test_probably_the_same_person_is_told_from_who_is_only_alike(client: Client, filled: Filled, twin: Person) -> None:
    answer = client.get(of_person(filled.person))
    likeness = answer.context["likeness"]
    assert [candidate.face.person for candidate in likeness.same] == [twin]
    assert [candidate.face.person for candidate in likeness.alike] == [filled.other]
    page = answer.content.decode()
    assert "Probably the same person" in page
    assert "Alike, but told apart" in page
    assert page.count(MERGE) == 1
    assert f"{reverse('pages:person-merge', args=[twin.pk])}?into={filled.person.pk}" in page
    assert of_person(filled.person) in client.get(reverse("pages:person", args=[filled.person.pk])).content.decode()


def test_where_nobody_is_within_tau_the_page_says_so(client: Client, filled: Filled) -> None:
    page = client.get(of_person(filled.other)).content.decode()
    assert "Nobody is so much like Ada Lovelace that recognition would take one for the other" in page
    assert "Probably the same person" not in page


def test_an_unknown_face_is_given_to_whom_it_looks_like(client: Client, filled: Filled, twin: Person) -> None:
    Face.objects.get(person=twin).delete()
    factories.face(person=twin, vector=factories.at_distance(0.03, of=1, towards=2))
    page = client.get(of_face(filled.unknown)).content.decode()
    assert "A face that is nobody&#x27;s yet" in page or "A face that is nobody's yet" in page
    assert "It is G. Hopper" in page
    assign = reverse("pages:face-assign", args=[filled.photo.key, filled.unknown.pk])
    assert f'action="{assign}"' in page
    client.post(assign, {"suggested": "yes", "person": twin.pk})
    filled.unknown.refresh_from_db()
    assert (filled.unknown.person, filled.unknown.assigned_by) == (twin, Face.AssignedBy.SUGGESTION)


def test_a_persons_face_may_turn_out_to_be_somebody_elses(client: Client, filled: Filled, twin: Person) -> None:
    page = client.get(of_face(filled.face)).content.decode()
    assert "Move the face to G. Hopper" in page
    photo = client.get(reverse("pages:photo", args=[filled.photo.key])).content.decode()
    assert of_face(filled.face) in photo
    assert of_face(filled.unknown) in photo


def test_what_one_may_not_change_or_see_is_not_offered(
    staff_with: Callable[..., Client], filled: Filled, twin: Person
) -> None:
    client = staff_with("faces.add_searchevent", "faces.view_person")
    page = client.get(of_person(filled.person)).content.decode()
    assert "G. Hopper" in page
    assert MERGE not in page
    assert "/crop/" not in page
    assert client.get(of_face(filled.face)).status_code == 403, "it is about a photo"
    client = staff_with("faces.add_searchevent", "faces.view_person", "faces.view_photo")
    assert "Move the face" not in client.get(of_face(filled.face)).content.decode()
    for permissions in (("faces.view_person", "faces.view_photo"), ("faces.add_searchevent", "faces.view_photo")):
        client = staff_with(*permissions)
        assert [client.get(page).status_code for page in (of_person(filled.person), of_face(filled.face))] == [403] * 2
    client = staff_with("faces.view_person", "faces.view_photo")
    for shown in (
        reverse("pages:person", args=[filled.person.pk]),
        reverse("pages:photo", args=[filled.photo.key]),
    ):
        assert "/similar/" not in client.get(shown).content.decode()


def test_asking_is_recorded_and_the_record_names_whom_it_was_about(
    client: Client, filled: Filled, twin: Person
) -> None:
    client.get(of_person(filled.person))
    event = SearchEvent.objects.get()
    assert (event.use, event.channel, str(event.user), event.probe_sha256) == ("similar", "page", "ada", "")
    assert event.answer["candidates"][0]["person"] == twin.pk
    assert "Hopper" not in str(event.answer)
    page = client.get(reverse("admin:faces_searchevent_change", args=[event.pk])).content.decode()
    assert "Who looks like" in page
    assert "G. Hopper</a> at distance 0.030" in page
    client.get(of_face(filled.unknown))
    newest = SearchEvent.objects.all()[0]
    page = client.get(reverse("admin:faces_searchevent_change", args=[newest.pk])).content.decode()
    assert f"face {filled.unknown.pk} of nobody" in page
    assert "3 people" in client.get(reverse("admin:faces_searchevent_changelist")).content.decode()


def test_fifty_people_are_shown_a_page_at_a_time(client: Client, filled: Filled) -> None:
    for number in range(60):
        person = factories.person(gallery=filled.gallery)
        factories.face(person=person, vector=factories.at_distance(0.2 + number / 100, of=0, towards=60))
    sizes = [len(client.get(f"{of_person(filled.person)}?page={n}").context["likeness"].alike) for n in range(1, 6)]
    assert sizes == [12, 12, 12, 12, 2]
    assert client.get(f"{of_person(filled.person)}?page=x").status_code == 200


def test_a_merged_person_leads_to_the_one_who_is_left(client: Client, filled: Filled, twin: Person) -> None:
    merge_people(source=filled.person, target=twin)
    assert client.get(of_person(filled.person))["Location"] == of_person(twin)


def test_without_a_face_to_compare_the_page_says_what_to_do_and_nothing_is_recorded(
    client: Client, filled: Filled
) -> None:
    shy = factories.person(gallery=filled.gallery, name="Shy")
    page = client.get(reverse("pages:person", args=[shy.pk])).content.decode()
    assert of_person(shy) not in page
    assert "Nothing to compare with" in client.get(of_person(shy)).content.decode()
    assert "Nothing to compare with" in client.get(of_face(factories.face(person=shy))).content.decode()
    assert not SearchEvent.objects.exists()


def test_alone_in_a_gallery_one_looks_like_nobody(client: Client, filled: Filled) -> None:
    alone = factories.person(name="Alone")
    factories.face(person=alone, vector=factories.axis(0))
    assert "Nobody else is there" in client.get(of_person(alone)).content.decode()
