"""Who looks like a person, or like a face? Over REST."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from rest_framework.test import APIClient

from faces.models import Gallery, Person, SearchEvent, Threshold
from faces.services.people import merge_people
from faces.services.thresholds import tau_in_force
from tests import factories
from tests.faces.api.conftest import ClientFor

pytestmark = pytest.mark.django_db

API = "/api/v1"


@pytest.fixture
def ada(gallery: Gallery) -> Person:
    """Somebody who is there twice, beside somebody who is only a little like her."""
    ada = factories.person(gallery=gallery, name="Ada")
    factories.face(person=ada, vector=factories.axis(0))
    for name, distance in (("Ada again", 0.02), ("Eve", 0.4)):
        factories.face(person=factories.person(gallery=gallery, name=name), vector=factories.at_distance(distance))
    return ada


def told(client: APIClient, path: str) -> dict[str, Any]:
    answer = client.get(f"{API}/{path}")
    assert answer.status_code == 200, answer.json()
    body: dict[str, Any] = answer.json()
    return body


def test_the_people_who_look_most_like_somebody_are_told_with_their_best_photo(client: APIClient, ada: Person) -> None:
    body = told(client, f"people/{ada.pk}/similar")
    assert [person["person"]["name"] for person in body["people"]] == ["Ada again", "Eve"]
    assert [person["is_match"] for person in body["people"]] == [True, False]
    assert [person["distance"] for person in body["people"]] == pytest.approx([0.02, 0.4], abs=1e-3)
    assert body["people"][0]["face"]["id"] == Person.objects.get(name="Ada again").faces.get().pk
    assert body["face"]["id"] == ada.faces.get().pk
    use = Threshold.Use.RECOGNITION
    in_force = tau_in_force(gallery=ada.gallery, encoder_version=ada.gallery.encoder_version, use=use)
    assert (body["gallery"], body["tau"]) == ("staff", in_force.tau)


def test_a_face_is_compared_with_everybody_but_whose_it_is(client: APIClient, ada: Person) -> None:
    body = told(client, f"faces/{ada.faces.get().pk}/similar?limit=1")
    assert [person["person"]["name"] for person in body["people"]] == ["Ada again"]
    unknown = factories.face(photo=factories.photo(gallery=ada.gallery), vector=factories.axis(0))
    assert told(client, f"faces/{unknown.pk}/similar?limit=1")["people"][0]["person"]["id"] == ada.pk


def test_asking_is_recorded_as_a_search_without_names(client: APIClient, ada: Person) -> None:
    body = told(client, f"people/{ada.pk}/similar")
    event = told(client, f"searches/{body['decision_id']}")
    assert (event["use"], event["channel"], event["probe_sha256"]) == ("similar", "api", "")
    assert event["answer"]["about_person"] == ada.pk
    assert [row["person"] for row in event["answer"]["candidates"]] == [row["person"]["id"] for row in body["people"]]
    assert "Ada" not in str(event["answer"])
    told(client, f"faces/{ada.faces.get().pk}/similar")
    assert told(client, "searches?use=similar")["results"][0]["answer"]["about_face"] == ada.faces.get().pk


def test_a_person_who_was_merged_leads_to_the_one_who_is_left(client: APIClient, ada: Person) -> None:
    merge_people(source=ada, target=Person.objects.get(name="Ada again"))
    assert [row["person"]["name"] for row in told(client, f"people/{ada.pk}/similar")["people"]] == ["Eve"]


@pytest.mark.parametrize("what", ["people", "faces"])
def test_it_needs_the_scope_of_searches(client_for: ClientFor, gallery: Gallery, ada: Person, what: str) -> None:
    number = ada.pk if what == "people" else ada.faces.get().pk
    refused = client_for(gallery, scopes=["read", "write", "admin"]).get(f"{API}/{what}/{number}/similar")
    assert (refused.status_code, "“search”" in refused.json()["detail"]) == (403, True)
    assert client_for(gallery, scopes=["search"]).get(f"{API}/{what}/{number}/similar").status_code == 200
    hidden = client_for(factories.gallery()).get(f"{API}/{what}/{number}/similar")
    assert hidden.status_code == 404
    assert SearchEvent.objects.count() == 1


def test_a_member_of_staff_needs_the_permission_to_search(ada: Person) -> None:
    for permission, status in (("view_person", 403), ("add_searchevent", 200)):
        user = factories.user(is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename=permission))
        client = APIClient()
        client.force_login(user)
        assert client.get(f"{API}/people/{ada.pk}/similar").status_code == status


def test_it_is_throttled_as_searches_are(client: APIClient, ada: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faces.api.throttling.RATES", {"api": "100/min", "search": "1/min"})
    told(client, f"people/{ada.pk}/similar")
    assert client.get(f"{API}/faces/{ada.faces.get().pk}/similar").json()["code"] == "throttled"
    assert client.get(f"{API}/people/{ada.pk}").status_code == 200


@pytest.mark.parametrize(
    ("query", "sentence"), [("limit=0", "limit"), ("limit=101", "limit"), ("limit=x", "limit"), ("of=1", "Unknown")]
)
def test_a_number_of_people_that_cannot_be_is_refused(
    client: APIClient, ada: Person, query: str, sentence: str
) -> None:
    for path in (f"people/{ada.pk}", f"faces/{ada.faces.get().pk}"):
        answer = client.get(f"{API}/{path}/similar?{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
        assert sentence in answer.json()["detail"]


def test_who_has_no_face_that_can_be_compared_is_told_so(client: APIClient, gallery: Gallery) -> None:
    shy = factories.person(gallery=gallery, name="Shy")
    face = factories.face(person=shy)
    for path in (f"people/{shy.pk}", f"faces/{face.pk}"):
        answer = client.get(f"{API}/{path}/similar")
        assert (answer.status_code, answer.json()["code"]) == (422, "nothing_to_compare")
    assert client.get(f"{API}/people/999999/similar").json()["code"] == "person_not_found"
