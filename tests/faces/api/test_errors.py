"""Every error has one shape, and says no more than it should."""

import logging
from typing import TypeVar

import pytest
from django.db import OperationalError
from rest_framework.test import APIClient

from encoder import exceptions as encoder_errors
from faces import exceptions as facts
from faces.api.exceptions import problem_of
from faces.models import Gallery
from tests import factories
from tests.faces.api.conftest import ClientFor

pytestmark = pytest.mark.django_db

API = "/api/v1"
E = TypeVar("E", bound=Exception)
BODY = {"code", "detail", "params", "request_id"}


def kinds_of(base: type[E]) -> set[type[E]]:
    return {base}.union(*(kinds_of(kind) for kind in base.__subclasses__()))


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("get", "nothing", 404, "not_found"),
        ("get", "people/", 404, "not_found"),
        ("get", "people/ada", 404, "not_found"),
        ("get", "people/999999999999", 404, "person_not_found"),
        ("get", f"people/{'9' * 19}", 404, "person_not_found"),
        ("get", "photos/1234567", 404, "photo_not_found"),
        ("get", "faces/1234567", 404, "not_found"),
        ("get", "searches/00000000-0000-0000-0000-000000000000", 404, "not_found"),
        ("get", "galleries/%00", 404, "gallery_not_found"),
        ("get", "galleries/%FF", 404, "gallery_not_found"),
        ("get", "photos?gallery=%00", 400, "invalid_request"),
        ("get", "people?name=%00", 400, "invalid_request"),
        ("put", "people/1", 405, "method_not_allowed"),
        ("options", "people", 405, "method_not_allowed"),
        ("get", "recognize", 405, "method_not_allowed"),
    ],
)
def test_errors_have_one_shape(client: APIClient, method: str, path: str, status: int, code: str) -> None:
    answer = getattr(client, method)(f"{API}/{path}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert set(answer.json()) == BODY
    assert answer.json()["request_id"] == answer["X-Request-ID"] != ""


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("{", 400, "parse_error"),
        ("[]", 400, "parse_error"),
        ('"text"', 400, "parse_error"),
        ('{"name": NaN}', 400, "parse_error"),
        ("[" * 200_000, 400, "parse_error"),
        ('{"name": "' + "x" * 6_000_000 + '"}', 413, "request_too_large"),
    ],
    ids=["broken", "a list", "a text", "not a number", "nested deeply", "huge"],
)
def test_a_body_that_is_no_object_is_refused(
    client: APIClient, gallery: Gallery, body: str, status: int, code: str
) -> None:
    answer = client.post(f"{API}/people", body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_body_of_the_wrong_kind_is_refused(client: APIClient, gallery: Gallery) -> None:
    for path, kind in (("people", "multipart"), ("recognize", "json")):
        answer = client.post(f"{API}/{path}", {"gallery": "staff"}, format=kind)
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_a_form_that_is_broken_is_refused(client: APIClient, gallery: Gallery) -> None:
    for kind in ("multipart/form-data", "multipart/form-data; boundary=\xff"):
        answer = client.post(f"{API}/recognize", b"--x\r\nnonsense", content_type=kind)
        assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")


def test_a_photo_that_is_text_is_refused(client: APIClient, gallery: Gallery) -> None:
    answer = client.post(f"{API}/recognize", {"gallery": "staff", "photo": "text"}, format="multipart")
    assert (answer.status_code, list(answer.json()["params"]["fields"])) == (400, ["photo"])


def test_an_upload_without_a_file_is_refused(client: APIClient, gallery: Gallery) -> None:
    answer = client.post(f"{API}/photos", {"gallery": "staff"}, format="multipart")
    assert (answer.status_code, list(answer.json()["params"]["fields"])) == (400, ["photos"])


def test_what_nobody_expected_tells_the_request_id_and_nothing_else(
    client: APIClient, gallery: Gallery, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError("the inside")

    monkeypatch.setattr("faces.api.views.people.create_person", fail)
    with caplog.at_level(logging.ERROR):
        answer = client.post(f"{API}/people", {"gallery": "staff", "name": "Ada Lovelace"})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "inside" not in str(answer.json())
    [record] = [record for record in caplog.records if record.name == "faces.api.exceptions"]
    assert record.exc_info is not None
    assert "Ada" not in caplog.text


def test_a_database_that_is_away_is_a_passing_state(
    client: APIClient, gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise OperationalError("server closed the connection; user=postgres")

    monkeypatch.setattr("faces.api.views.people.create_person", fail)
    answer = client.post(f"{API}/people", {"gallery": "staff", "name": "Ada"})
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert "postgres" not in answer.json()["detail"]
    assert int(answer["Retry-After"]) > 0


def test_every_fact_has_its_status() -> None:
    expected: dict[type[facts.FacetError], int] = {
        facts.NotFoundError: 404,
        facts.ConflictError: 409,
        facts.UnusablePhotoError: 422,
        facts.InvalidRequestError: 400,
        facts.UnavailableError: 503,
    }
    for base, status in expected.items():
        for kind in kinds_of(base):
            assert problem_of(kind("A fact.")).status == status
    codes = [kind.code for kind in kinds_of(facts.FacetError)]
    assert len(codes) == len(set(codes))


def test_every_reason_against_a_file_has_its_status() -> None:
    facts_of_all: dict[str, str | int] = {
        "size_bytes": 2,
        "max_bytes": 1,
        "format": "GIF",
        "width": 1,
        "height": 1,
        "min_side": 2,
    }
    facts_of_all |= {"pixels": 1, "max_pixels": 1}
    kinds = kinds_of(encoder_errors.ImageError)
    statuses = {kind.code: problem_of(kind(**facts_of_all)).status for kind in kinds}
    assert statuses == {
        "image_error": 422,
        "empty_file": 422,
        "truncated_image": 422,
        "image_too_small": 422,
        "not_an_image": 415,
        "unsupported_image_format": 415,
        "animated_image": 415,
        "file_too_large": 413,
        "image_too_large": 413,
    }


def test_nested_faults_are_named_by_their_place(client_for: ClientFor, gallery: Gallery) -> None:
    answer = client_for(gallery).post(
        f"{API}/photos", {"gallery": "staff", "photos": ["text", "text"]}, format="multipart"
    )
    assert list(answer.json()["params"]["fields"]) == ["photos.0", "photos.1"]


def test_messages_about_people_name_numbers_that_programs_can_read(client: APIClient, gallery: Gallery) -> None:
    person = factories.person(gallery=gallery)
    answer = client.post(f"{API}/people/{person.pk}/merge", {"into": 7_654_321})
    assert answer.json()["params"] == {"person": 7_654_321}
