"""Uploads of photos: one and several, again and again, for people who are there and people who are not."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.utils.crypto import get_random_string
from pytest_django import DjangoCaptureOnCommitCallbacks
from rest_framework.test import APIClient

from faces.models import Gallery, Job, Person, Photo
from faces.services.photos import LIMITS
from faces.tasks import encode_photos
from tests import factories
from tests.faces.api import files
from tests.faces.api.conftest import ClientFor
from tests.faces.photographs import astronaut, grace_hopper, jpeg

pytestmark = pytest.mark.django_db

API = "/api/v1"


def send(client: APIClient, *pictures: bytes, path: str = "photos", **form: Any) -> Any:
    parts = [files.upload(data, f"{index}.png") for index, data in enumerate(pictures)]
    form = form if "people/" in path else {"gallery": "staff"} | form
    return client.post(f"{API}/{path}", form | {"photos": parts}, format="multipart")


def test_a_photo_is_taken_and_waits_for_the_workers(client: APIClient, gallery: Gallery) -> None:
    data = factories.picture()
    answer = send(client, data)
    assert answer.status_code == 201
    told = answer.json()
    [part] = told["photos"]
    assert (told["job"], told["person"]) == (None, None)
    assert (part["outcome"], part["is_new"], part["error"], part["name"]) == ("accepted", True, None, "0.png")
    assert (part["photo"]["state"], part["photo"]["gallery"]) == ("pending", "staff")
    assert client.get(part["photo"]["image"]).getvalue() == data


def test_new_photos_are_sent_to_the_workers_when_they_are_safe(
    client: APIClient, gallery: Gallery, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        send(client, factories.picture(), factories.picture())
    assert not Photo.objects.filter(sent_at=None).exists()


def test_the_same_photo_twice_is_one_photo(client: APIClient, gallery: Gallery) -> None:
    data = factories.picture()
    first, second = send(client, data), send(client, data)
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json()["photos"][0]["is_new"] is False
    assert first.json()["photos"][0]["photo"]["id"] == second.json()["photos"][0]["photo"]["id"]
    assert Photo.objects.count() == 1
    assert sum(path.is_file() for path in Path(settings.MEDIA_ROOT).rglob("*")) == 1


def test_the_same_photo_twice_in_one_upload_is_one_photo(client: APIClient, gallery: Gallery) -> None:
    data = factories.picture()
    told = send(client, data, data).json()
    assert [part["is_new"] for part in told["photos"]] == [True, False]
    assert told["job"]["result"] == {"new": 1, "known": 1, "refused": {}}


def test_the_same_photo_in_two_galleries_is_two(client_for: Any, gallery: Gallery) -> None:
    client = client_for(gallery, factories.gallery(name="Visitors"))
    data = factories.picture()
    assert send(client, data).status_code == send(client, data, gallery="visitors").status_code == 201


def test_several_photos_are_one_job_that_ends_with_the_last(client: APIClient, gallery: Gallery) -> None:
    told = send(client, jpeg(astronaut()), jpeg(grace_hopper())).json()
    assert (told["job"]["state"], told["job"]["done"], told["job"]["total"]) == ("running", 0, 2)
    encode_photos([part["photo"]["id"] for part in told["photos"]])
    job = client.get(f"{API}/jobs/{told['job']['id']}").json()
    assert (job["state"], job["done"], job["percent"]) == ("succeeded", 2, 100)


def test_an_upload_in_which_nothing_is_accepted_leaves_no_job(client: APIClient, gallery: Gallery) -> None:
    answer = send(client, b"text", b"")
    assert (answer.status_code, answer.json()["code"]) == (415, "not_an_image")
    assert [file["code"] for file in answer.json()["params"]["files"]] == ["not_an_image", "empty_file"]
    assert not Job.objects.exists()


def test_a_person_is_made_with_the_first_photo_and_found_by_name_the_next_time(
    client: APIClient, gallery: Gallery
) -> None:
    first = send(client, factories.picture(), person_name=" Ada ").json()
    second = send(client, factories.picture(), person_name="Ada").json()
    assert first["person"]["id"] == second["person"]["id"]
    assert first["person"]["name"] == "Ada"
    assert Person.objects.get().portraits.count() == 2


def test_an_external_id_finds_the_person_whatever_their_name(client: APIClient, gallery: Gallery) -> None:
    first = send(client, factories.picture(), person_name="Ada", external_id="E-1").json()
    second = send(client, factories.picture(), external_id="E-1").json()
    assert first["person"] == second["person"] == {"id": first["person"]["id"], "name": "Ada", "external_id": "E-1"}


def test_an_external_id_of_nobody_needs_a_name(client: APIClient, gallery: Gallery) -> None:
    answer = send(client, factories.picture(), external_id="E-1")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert "name" in answer.json()["detail"]
    assert not Photo.objects.exists()


def test_a_person_is_named_in_one_way_only(client: APIClient, gallery: Gallery) -> None:
    person = factories.person(gallery=gallery)
    assert send(client, factories.picture(), person=person.pk, person_name="Ada").status_code == 400
    assert send(client, factories.picture(), person=person.pk).json()["person"]["id"] == person.pk


def test_a_photo_that_is_somebody_elses_portrait_is_a_conflict(client: APIClient, gallery: Gallery) -> None:
    data = factories.picture()
    send(client, data, person_name="Ada")
    answer = send(client, data, person_name="Bob")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert list(Person.objects.values_list("name", flat=True)) == ["Ada"]


def test_enrolling_adds_portraits_of_a_person(client: APIClient, gallery: Gallery) -> None:
    person = factories.person(gallery=gallery)
    told = send(client, jpeg(astronaut()), path=f"people/{person.pk}/photos").json()
    encode_photos([told["photos"][0]["photo"]["id"]])
    row = client.get(f"{API}/people/{person.pk}").json()
    assert (row["face_count"], row["enrolled_count"]) == (1, 1)
    assert client.get(row["cover"])["Content-Type"] == "image/jpeg"


def test_enrolling_needs_a_person_who_is_there(client: APIClient, gallery: Gallery) -> None:
    answer = send(client, factories.picture(), path="people/1234567/photos")
    assert (answer.status_code, answer.json()["code"]) == (404, "person_not_found")
    assert not Photo.objects.exists()


def test_an_answer_waits_no_longer_than_it_was_asked_to(client: APIClient, gallery: Gallery) -> None:
    assert send(client, factories.picture(), path="photos?wait=0.2").json()["photos"][0]["photo"]["state"] == "pending"
    assert send(client, factories.picture(), path="photos?wait=31").status_code == 400


def test_an_answer_waits_for_the_worker(client: APIClient, gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker comes between two looks."""
    monkeypatch.setattr(
        "faces.api.uploading.time.sleep", lambda _: encode_photos(list(Photo.objects.values_list("pk", flat=True)))
    )
    [part] = send(client, jpeg(astronaut()), path="photos?wait=30").json()["photos"]
    assert (part["photo"]["state"], part["photo"]["face_count"]) == ("ready", 1)


def test_more_files_than_allowed_are_refused(client: APIClient, gallery: Gallery, settings: Any) -> None:
    assert send(client, *[b"text"] * 201).status_code == 400
    settings.DATA_UPLOAD_MAX_NUMBER_FILES = 2
    answer = send(client, *[b"text"] * 3)
    assert (answer.status_code, answer.json()["code"]) == (413, "request_too_large")


@pytest.mark.django_db(transaction=True)
def test_the_same_photo_sent_by_several_at_once_is_one_photo_of_one_person(
    client_for: ClientFor, gallery: Gallery
) -> None:
    data = jpeg(astronaut())

    def once(client: APIClient) -> int:
        try:
            return int(send(client, data, person_name="Ada").status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        statuses = sorted(pool.map(once, [client_for(gallery) for _ in range(8)]))
    assert statuses == [200] * 7 + [201]
    assert Person.objects.get().portraits.get() == Photo.objects.get()
    assert sum(path.is_file() for path in Path(settings.MEDIA_ROOT).rglob("*")) == 1


def test_a_session_may_upload_through_the_same_door(gallery: Gallery) -> None:
    client = APIClient()
    client.force_login(factories.user(is_staff=True, is_superuser=True))
    told = send(client, factories.picture(), person_name="Ada").json()
    assert Photo.objects.get().uploaded_by is not None
    assert told["person"]["name"] == "Ada"


def test_a_session_that_proves_itself_meets_the_same_limits(gallery: Gallery) -> None:
    """Django's check reads the form before the API does; the limit stands before both."""
    token = get_random_string(32)
    client = APIClient(enforce_csrf_checks=True, headers={"X-CSRFToken": token})
    client.force_login(factories.user(is_staff=True, is_superuser=True))
    client.cookies["csrftoken"] = token
    assert send(client, factories.picture()).status_code == 201
    answer = send(client, bytes(LIMITS.max_bytes + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "file_too_large")
    assert answer.json()["params"]["size_bytes"] == LIMITS.max_bytes + 1
