"""Lists: pages, filters, and no more queries for many rows than for few."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from faces.models import Gallery, Job, Photo, SearchEvent, Threshold
from tests import factories

pytestmark = pytest.mark.django_db

API = "/api/v1"
LISTS = ("galleries", "people", "photos", "faces", "jobs", "thresholds", "searches", "encoder-versions")


def rows(client: APIClient, path: str) -> list[dict[str, Any]]:
    answer = client.get(f"{API}/{path}")
    assert answer.status_code == 200, answer.json()
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def fill(gallery: Gallery, number: int) -> None:
    """Rows of every kind, each with everything that a list tells of it."""
    user = factories.user()
    for index in range(number):
        job = factories.job(gallery=gallery, created_by=user)
        person = factories.person(gallery=gallery)
        photo = factories.photo(gallery=gallery, job=job, portrait_of=person, uploaded_by=user)
        factories.face(photo=photo, person=person, vector=factories.axis(index))
        SearchEvent.objects.create(
            gallery=gallery,
            use=SearchEvent.Use.RECOGNITION,
            channel=SearchEvent.Channel.API,
            encoder_version=gallery.encoder_version,
            tau=0.1,
            probe_sha256="0" * 64,
            answer=[],
            user=user,
            duration_ms=1,
        )
        Threshold.objects.create(
            encoder_version=gallery.encoder_version,
            gallery=gallery,
            use="recognition",
            tau=0.1,
            reason="x",
            set_by=user,
        )
        factories.encoder_version()


@pytest.mark.parametrize("path", LISTS)
def test_a_longer_list_costs_no_more_queries(client: APIClient, gallery: Gallery, path: str) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as context:
            assert rows(client, path)
        return len(context)

    fill(gallery, 2)
    client.get(f"{API}/{path}")
    few = queries()
    fill(gallery, 10)
    assert queries() == few <= 4


def test_pages_follow_each_other_without_gap_or_repetition(client: APIClient, gallery: Gallery) -> None:
    people = [factories.person(gallery=gallery).pk for _ in range(7)]
    seen: list[int] = []
    address = f"{API}/people?page_size=3"
    while address:
        page = client.get(address).json()
        seen += [row["id"] for row in page["results"]]
        if len(seen) == 3:
            factories.person(gallery=gallery)  # what is added meanwhile shifts nothing
        address = page["next"]
    assert seen == people[::-1]
    back = client.get(page["previous"]).json()
    assert [row["id"] for row in back["results"]] == people[::-1][3:6]


@pytest.mark.parametrize("size", ["0", "201", "-1", "x", "1.5", "", "9" * 30])
def test_an_impossible_page_size_is_refused(client: APIClient, size: str) -> None:
    answer = client.get(f"{API}/people?page_size={size}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert "1 to 200" in answer.json()["detail"]


@pytest.mark.parametrize("cursor", ["x", "cD1hYmM=", "bz14", "é", "cj14"])
def test_a_cursor_that_was_not_made_here_is_refused(client: APIClient, cursor: str) -> None:
    """Among them `p=abc`, `o=x` and `r=x`."""
    answer = client.get(f"{API}/people", {"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


@pytest.mark.parametrize("path", LISTS)
def test_a_misspelled_filter_is_refused_instead_of_answered_with_everything(client: APIClient, path: str) -> None:
    answer = client.get(f"{API}/{path}?galery=staff")
    assert (answer.status_code, list(answer.json()["params"]["fields"])) == (400, ["galery"])


@pytest.mark.parametrize(
    "query",
    [
        "photos?state=done",
        "photos?person=x",
        "photos?sha256=abc",
        "jobs?kind=x",
        "faces?is_enrolled=maybe",
        "faces?photo=0",
    ],
)
def test_a_filter_that_no_row_can_match_is_refused(client: APIClient, query: str) -> None:
    assert client.get(f"{API}/{query}").status_code == 400


def test_people_are_found_by_name_and_external_id(client: APIClient, gallery: Gallery) -> None:
    ada = factories.person(gallery=gallery, name="Ada Lovelace", external_id="E-1")
    lucja = factories.person(gallery=gallery, name="ŁUCJA", external_id="E-12")
    merged = factories.person(gallery=gallery, name="Ada again", merged_into=ada)
    assert [row["id"] for row in rows(client, "people?name=LOVE")] == [ada.pk]
    assert [row["id"] for row in rows(client, "people?name=łuc")] == [lucja.pk]
    assert [row["id"] for row in rows(client, "people?external_id=E-1")] == [ada.pk]
    assert [row["id"] for row in rows(client, "people?merged=true")] == [merged.pk]
    assert [row["id"] for row in rows(client, "people")] == [lucja.pk, ada.pk]


def test_photos_are_found_by_state_person_job_and_bytes(client: APIClient, gallery: Gallery) -> None:
    person = factories.person(gallery=gallery)
    shown = factories.face(person=person, photo=factories.photo(gallery=gallery)).photo
    portrait = factories.photo(gallery=gallery, portrait_of=person, state=Photo.State.REJECTED)
    in_job = factories.photo(gallery=gallery, job=factories.job(gallery=gallery), state=Photo.State.PENDING)
    assert {row["id"] for row in rows(client, f"photos?person={person.pk}")} == {shown.pk, portrait.pk}
    assert [row["id"] for row in rows(client, "photos?state=rejected&reason=no_face_found")] == [portrait.pk]
    assert [row["id"] for row in rows(client, f"photos?job={in_job.job_id}")] == [in_job.pk]
    assert [row["id"] for row in rows(client, f"photos?sha256={shown.sha256}")] == [shown.pk]
    assert rows(client, f"photos?sha256={shown.sha256}")[0]["face_count"] == 1


def test_faces_are_found_by_whose_they_are(client: APIClient, gallery: Gallery) -> None:
    person = factories.person(gallery=gallery)
    enrolled = factories.face(person=person)
    withdrawn = factories.face(person=person, is_enrolled=False)
    nobodys = factories.face(photo=factories.photo(gallery=gallery))
    assert {row["id"] for row in rows(client, f"faces?person={person.pk}")} == {enrolled.pk, withdrawn.pk}
    assert [row["id"] for row in rows(client, "faces?is_assigned=false")] == [nobodys.pk]
    assert {row["id"] for row in rows(client, "faces?is_assigned=true")} == {enrolled.pk, withdrawn.pk}
    assert [row["id"] for row in rows(client, "faces?is_enrolled=true")] == [enrolled.pk]
    assert [row["id"] for row in rows(client, f"faces?photo={nobodys.photo_id}")] == [nobodys.pk]


def test_lists_of_one_gallery_leave_the_others_out(client_for: Any, gallery: Gallery) -> None:
    other = factories.gallery(name="Visitors")
    for one in (gallery, other):
        fill(one, 1)
    both = client_for(gallery, other)
    for path in ("people", "photos", "faces", "jobs", "thresholds", "searches"):
        assert {row["gallery"] for row in rows(both, path)} >= {"staff", "visitors"}
        assert {row["gallery"] for row in rows(both, f"{path}?gallery=visitors")} == {"visitors"}


def test_jobs_are_found_by_state(client: APIClient, gallery: Gallery) -> None:
    factories.job(gallery=gallery)
    done = factories.job(gallery=gallery, state=Job.State.SUCCEEDED)
    assert [row["id"] for row in rows(client, "jobs?state=succeeded&kind=upload")] == [done.pk]
