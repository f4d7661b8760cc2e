"""Probable people through the API."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from faces.models import Face, Gallery, Job, Person, ProbablePerson
from tests import factories
from tests.faces.api.conftest import ClientFor

pytestmark = pytest.mark.django_db

ROOT = "/api/v1/probable-people"


def probable(gallery: Gallery, count: int = 3, *, axis: int = 0) -> ProbablePerson:
    row = factories.probable_person(gallery=gallery)
    for number in range(count):
        vector = factories.at_distance(0.02, of=axis, towards=64 + number)
        factories.face(photo=factories.photo(gallery=gallery), vector=vector, probable_person=row)
    return row


def faces_of(row: ProbablePerson) -> list[int]:
    return list(row.faces.order_by("pk").values_list("pk", flat=True))


def test_they_are_listed_with_who_they_probably_are(client: APIClient, gallery: Gallery) -> None:
    ada = factories.person(gallery=gallery, name="Ada", external_id="A-1")
    factories.face(person=ada, vector=factories.axis(0))
    known, nobody = probable(gallery), probable(gallery, 2, axis=7)
    factories.probable_person(gallery=gallery)
    probable(factories.gallery())
    first, second = client.get(ROOT).json()["results"]
    assert (first["id"], first["face_count"], first["likely"], first["is_dismissed"]) == (nobody.pk, 2, None, False)
    assert (second["id"], second["gallery"]) == (known.pk, gallery.slug)
    assert second["likely"]["person"] == {"id": ada.pk, "name": "Ada", "external_id": "A-1"}
    assert second["likely"]["distance"] == pytest.approx(0.0067, abs=0.0005)
    assert second["cover"].endswith(f"/faces/{faces_of(known)[0]}/image")
    assert client.get(f"{ROOT}/{known.pk}").json() == second


def test_a_probable_persons_faces_are_listed_among_the_faces(client: APIClient, gallery: Gallery) -> None:
    row, _ = probable(gallery), probable(gallery)
    found = client.get(f"/api/v1/faces?probable_person={row.pk}").json()["results"]
    assert sorted(face["id"] for face in found) == faces_of(row)
    assert {face["probable_person"] for face in found} == {row.pk}


def test_dismissed_ones_are_listed_when_they_are_asked_for(client: APIClient, gallery: Gallery) -> None:
    row, other = probable(gallery), probable(gallery)
    assert client.post(f"{ROOT}/{row.pk}/dismiss").json()["is_dismissed"]
    assert [found["id"] for found in client.get(ROOT).json()["results"]] == [other.pk]
    listed = client.get(f"{ROOT}?is_dismissed=true&gallery={gallery.slug}").json()["results"]
    assert [found["id"] for found in listed] == [row.pk]
    assert not client.post(f"{ROOT}/{row.pk}/restore").json()["is_dismissed"]
    assert len(client.get(ROOT).json()["results"]) == 2


def test_a_name_makes_a_person(client: APIClient, gallery: Gallery) -> None:
    row = probable(gallery)
    strange = faces_of(row)[0]
    answer = client.post(f"{ROOT}/{row.pk}/name", {"name": "Ada", "external_id": "A-1", "without": [strange]})
    person = Person.objects.get()
    assert answer.json() == {
        "person": {"id": person.pk, "name": "Ada", "external_id": "A-1"},
        "faces": 2,
        "enrolled": 2,
    }
    assert person.faces.count() == 2
    assert client.get(f"{ROOT}/{row.pk}").status_code == 404
    again = client.post(f"{ROOT}/{probable(gallery).pk}/name", {"name": "Grace", "external_id": "A-1"})
    assert (again.status_code, again.json()["code"]) == (409, "duplicate_external_id")


def test_somebody_known_gets_the_faces(client: APIClient, gallery: Gallery) -> None:
    row, person = probable(gallery), factories.person(gallery=gallery)
    answer = client.post(f"{ROOT}/{row.pk}/assign", {"person": person.pk})
    assert (answer.status_code, answer.json()["faces"], person.faces.count()) == (200, 3, 3)
    elsewhere = factories.person()
    refused = client.post(f"{ROOT}/{probable(gallery).pk}/assign", {"person": elsewhere.pk})
    assert (refused.status_code, refused.json()["code"]) == (404, "person_not_found")


def test_two_are_merged_and_faces_taken_out(client: APIClient, gallery: Gallery) -> None:
    source, target = probable(gallery, 2), probable(gallery)
    merged = client.post(f"{ROOT}/{source.pk}/merge", {"into": target.pk})
    assert (merged.json()["id"], merged.json()["face_count"]) == (target.pk, 5)
    first, *others = faces_of(target)
    assert client.post(f"{ROOT}/{target.pk}/take-out", {"faces": [first]}).json()["face_count"] == 4
    assert client.post(f"{ROOT}/{target.pk}/take-out", {"faces": others}).status_code == 204
    assert not ProbablePerson.objects.exists()


@pytest.mark.parametrize(
    ("action", "body", "status"),
    [
        ("name", {}, 400),
        ("name", {"name": ""}, 400),
        ("name", {"name": "Ada", "without": [987_654]}, 400),
        ("name", {"name": "Ada", "nickname": "A"}, 400),
        ("assign", {}, 400),
        ("assign", {"person": 987_654}, 404),
        ("merge", {"into": 987_654}, 404),
        ("merge", {"into": "own"}, 409),
        ("take-out", {"faces": []}, 400),
        ("take-out", {"faces": [987_654]}, 400),
        ("take-out", {"faces": "all"}, 400),
    ],
)
def test_what_makes_no_sense_changes_nothing(
    client: APIClient, gallery: Gallery, action: str, body: dict[str, Any], status: int
) -> None:
    row = probable(gallery)
    body = {key: row.pk if value == "own" else value for key, value in body.items()}
    answer = client.post(f"{ROOT}/{row.pk}/{action}", body)
    assert (answer.status_code, "code" in answer.json()) == (status, True)
    assert (len(faces_of(row)), Person.objects.count()) == (3, 0)


def test_a_grouping_is_begun_once(client: APIClient, gallery: Gallery) -> None:
    answer = client.post(f"{ROOT}/regroup", {"gallery": gallery.slug, "anew": True})
    assert (answer.status_code, answer.json()["kind"], answer.json()["state"]) == (202, "grouping", "queued")
    job = Job.objects.get()
    assert (job.gallery, job.parameters) == (gallery, {"anew": True})
    assert client.post(f"{ROOT}/regroup", {"gallery": gallery.slug}).status_code == 409
    assert client.post(f"{ROOT}/regroup", {"gallery": "nowhere"}).status_code == 404


CHANGES = ("name", "assign", "merge", "take-out", "dismiss", "restore")


def test_a_key_needs_the_scopes_and_the_gallery(client_for: ClientFor, client: APIClient, gallery: Gallery) -> None:
    row, hidden = probable(gallery), probable(factories.gallery())
    reader = client_for(gallery, scopes=["read"])
    assert reader.get(f"{ROOT}/{row.pk}").status_code == 200
    assert [reader.post(f"{ROOT}/{row.pk}/{change}").status_code for change in CHANGES] == [403] * 6
    assert reader.post(f"{ROOT}/regroup").status_code == 403
    assert client_for(gallery, scopes=["write"]).get(ROOT).status_code == 403
    assert client.get(f"{ROOT}/{hidden.pk}").status_code == 404
    assert [client.post(f"{ROOT}/{hidden.pk}/{change}").status_code for change in CHANGES] == [404] * 6
    assert client.post(f"{ROOT}/{row.pk}/merge", {"into": hidden.pk}).status_code == 404
    assert APIClient().get(ROOT).status_code == 401
    assert Face.objects.filter(probable_person__isnull=False).count() == 6
