"""Who may call the API, what they may do, and what they can see."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone
from rest_framework.test import APIClient

from faces.models import ApiKey, Gallery, Person
from faces.services.api_keys import create_api_key, revoke_api_key
from tests import factories
from tests.faces.api.conftest import ClientFor

pytestmark = pytest.mark.django_db

API = "/api/v1"


def with_header(value: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=value)
    return client


def member_of_staff(*permissions: str) -> APIClient:
    user = factories.user(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = APIClient()
    client.force_login(user)
    return client


def test_without_a_key_nothing_is_told() -> None:
    for path in (
        "galleries",
        "people",
        "photos",
        "faces",
        "jobs",
        "probable-people",
        "searches",
        "thresholds",
        "encoder-versions",
        "nothing",
    ):
        answer = APIClient().get(f"{API}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
        assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer facet_",
        "Bearer facet_0011aabb_",
        "Bearer facet_0011aabb_secret",
        "Bearer \xe9_\xe9_\xe9",
    ],
)
def test_a_key_that_nobody_made_is_refused(header: str) -> None:
    answer = with_header(header).get(f"{API}/galleries")
    assert (answer.status_code, answer.json()["code"]) == (401, "authentication_failed")


def test_a_key_with_another_secret_is_refused(gallery: Gallery) -> None:
    api_key, plain = create_api_key(name="x", scopes=["read"], galleries=[gallery], user=factories.user())
    assert with_header(f"Bearer {plain}").get(f"{API}/galleries").status_code == 200
    assert with_header(f"Bearer facet_{api_key.prefix}_{'A' * 43}").get(f"{API}/galleries").status_code == 401


@pytest.mark.parametrize(
    "values",
    [{"expires_at": timezone.now() - timedelta(seconds=1)}, {"revoked_at": timezone.now()}],
    ids=["expired", "revoked"],
)
def test_a_key_past_its_end_is_refused(client_for: ClientFor, gallery: Gallery, values: dict[str, Any]) -> None:
    assert client_for(gallery, **values).get(f"{API}/galleries").status_code == 401


def test_a_key_stops_with_its_revocation_and_with_the_account_that_answers_for_it(gallery: Gallery) -> None:
    user = factories.user()
    first, plain = create_api_key(name="x", scopes=["read"], galleries=[gallery], user=user)
    client = with_header(f"Bearer {plain}")
    assert client.get(f"{API}/galleries").status_code == 200
    revoke_api_key(api_key=first)
    assert client.get(f"{API}/galleries").status_code == 401
    _, plain = create_api_key(name="y", scopes=["read"], galleries=[gallery], user=user)
    client = with_header(f"Bearer {plain}")
    assert client.get(f"{API}/galleries").status_code == 200
    user.is_active = False
    user.save()
    assert client.get(f"{API}/galleries").status_code == 401


def test_the_use_of_a_key_is_noted_once_a_minute(client: APIClient) -> None:
    client.get(f"{API}/galleries")
    first = ApiKey.objects.get().last_used_at
    assert first is not None
    client.get(f"{API}/galleries")
    assert ApiKey.objects.get().last_used_at == first
    ApiKey.objects.update(last_used_at=first - timedelta(seconds=61))
    client.get(f"{API}/galleries")
    noted = ApiKey.objects.get().last_used_at
    assert noted is not None
    assert noted > first - timedelta(seconds=61)


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("get", "people", "read"),
        ("get", "photos", "read"),
        ("get", "searches", "read"),
        ("post", "people", "write"),
        ("post", "photos", "write"),
        ("post", "recognize", "search"),
        ("post", "verify", "search"),
        ("post", "galleries", "admin"),
        ("post", "thresholds", "admin"),
        ("delete", "galleries/staff", "admin"),
    ],
)
def test_a_key_may_do_only_what_its_scopes_allow(
    client_for: ClientFor, gallery: Gallery, method: str, path: str, scope: str
) -> None:
    others = [other for other in ApiKey.Scope.values if other != scope]
    refused = getattr(client_for(gallery, scopes=others), method)(f"{API}/{path}")
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    assert f"“{scope}”" in refused.json()["detail"]
    allowed = getattr(client_for(gallery, scopes=[scope]), method)(f"{API}/{path}")
    assert allowed.status_code not in (401, 403)


def test_a_gallery_outside_the_keys_answers_as_one_that_is_not_there(client: APIClient) -> None:
    hidden = factories.gallery(name="Hidden")
    for path in (
        "galleries/{}",
        "people?gallery={}",
        "photos?gallery={}",
        "faces?gallery={}",
        "thresholds/current?gallery={}",
    ):
        of_hidden, of_none = (client.get(f"{API}/{path}".format(slug)) for slug in (hidden.slug, "nowhere"))
        assert of_hidden.status_code == of_none.status_code == 404
        told = [answer.json() | {"request_id": ""} for answer in (of_hidden, of_none)]
        assert told[0]["code"] == "gallery_not_found"
        assert str(told[0]).replace(hidden.slug, "nowhere") == str(told[1])


def test_rows_of_a_gallery_outside_the_keys_are_not_there(client: APIClient, gallery: Gallery) -> None:
    person = factories.person(gallery=factories.gallery())
    face = factories.face(person=person, vector=factories.axis(0))
    job = factories.job(gallery=person.gallery)
    own = factories.person(gallery=gallery)
    for path, code in (
        (f"people/{person.pk}", "person_not_found"),
        (f"photos/{face.photo_id}", "photo_not_found"),
        (f"photos/{face.photo_id}/image", "photo_not_found"),
        (f"faces/{face.pk}", "not_found"),
        (f"faces/{face.pk}/image", "not_found"),
        (f"jobs/{job.pk}", "not_found"),
    ):
        answer = client.get(f"{API}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, code)
    assert client.delete(f"{API}/people/{person.pk}").status_code == 404
    assert client.post(f"{API}/people/{own.pk}/merge", {"into": person.pk}).status_code == 404
    assert [client.get(f"{API}/{path}").json()["results"] for path in ("photos", "faces", "jobs")] == [[], [], []]
    assert [row["id"] for row in client.get(f"{API}/people").json()["results"]] == [own.pk]
    assert Person.objects.filter(pk=person.pk).exists()


def test_a_key_without_galleries_sees_none(client_for: ClientFor, gallery: Gallery) -> None:
    assert client_for().get(f"{API}/galleries").json()["results"] == []


def test_a_key_sees_the_gallery_that_it_makes(client_for: ClientFor) -> None:
    client = client_for()
    made = client.post(f"{API}/galleries", {"name": "Visitors"})
    assert made.status_code == 201
    assert client.get(f"{API}/galleries/visitors").status_code == 200
    assert client_for().get(f"{API}/galleries/visitors").status_code == 404


def test_a_member_of_staff_may_do_what_their_permissions_allow(gallery: Gallery) -> None:
    client = member_of_staff("view_person")
    assert client.get(f"{API}/people").status_code == 200
    assert client.get(f"{API}/photos").status_code == 403
    refused = client.post(f"{API}/people", {"gallery": "staff", "name": "Ada"})
    assert (refused.status_code, refused.json()["detail"]) == (
        403,
        "Your account lacks the permission “faces.add_person”.",
    )
    assert member_of_staff("add_person").post(f"{API}/people", {"gallery": "staff", "name": "Ada"}).status_code == 201


def test_an_account_that_is_not_staff_may_do_nothing(gallery: Gallery) -> None:
    user = factories.user()
    user.user_permissions.set(Permission.objects.filter(codename="view_person"))
    client = APIClient()
    client.force_login(user)
    assert client.get(f"{API}/people").status_code == 403


def test_a_session_needs_the_token_against_forged_requests(gallery: Gallery) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(factories.user(is_superuser=True, is_staff=True))
    answer = client.post(f"{API}/people", {"gallery": "staff", "name": "Ada"})
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert not Person.objects.exists()


def test_only_a_person_sets_the_tau_of_all_galleries(client: APIClient) -> None:
    values = {"gallery": None, "use": "recognition", "tau": 0.1, "reason": "a try"}
    assert client.post(f"{API}/thresholds", values).status_code == 403
    assert member_of_staff("add_threshold").post(f"{API}/thresholds", values).status_code == 201


def test_too_many_requests_are_throttled_with_a_time_to_wait(
    client: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faces.api.throttling.RATES", {"api": "2/min", "search": "1/min"})
    assert [client.get(f"{API}/galleries").status_code for _ in range(2)] == [200, 200]
    answer = client.get(f"{API}/galleries")
    assert (answer.status_code, answer.json()["code"]) == (429, "throttled")
    assert int(answer["Retry-After"]) == answer.json()["params"]["retry_after"] > 0
