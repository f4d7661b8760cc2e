"""Jobs followed, cancelled and tried again; taus set and given up."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from faces.models import Gallery, Job, Photo, Threshold
from tests import factories

pytestmark = pytest.mark.django_db

API = "/api/v1"


def code_of(answer: Any, status: int) -> str:
    assert answer.status_code == status, answer.content
    return str(answer.json()["code"])


class TestJobs:
    def test_a_job_tells_how_far_it_is(self, client: APIClient, gallery: Gallery) -> None:
        job = factories.job(gallery=gallery, done=1, total=3)
        told = client.get(f"{API}/jobs/{job.pk}").json()
        assert (told["state"], told["done"], told["total"], told["percent"]) == ("running", 1, 3, 33)

    def test_a_cancelled_job_sets_waiting_photos_aside_and_retry_brings_them_back(
        self, client: APIClient, gallery: Gallery
    ) -> None:
        job = factories.job(gallery=gallery, total=1)
        photo = factories.photo(gallery=gallery, state=Photo.State.PENDING, job=job)
        cancelled = client.post(f"{API}/jobs/{job.pk}/cancel")
        assert (cancelled.status_code, cancelled.json()["state"]) == (202, "cancelled")
        photo.refresh_from_db()
        assert (photo.state, photo.reason) == ("rejected", "cancelled")
        again = client.post(f"{API}/jobs/{job.pk}/retry")
        assert (again.status_code, again.json()["state"]) == (202, "running")
        photo.refresh_from_db()
        assert photo.state == "pending"

    def test_a_finished_job_is_neither_cancelled_nor_without_need_retried(
        self, client: APIClient, gallery: Gallery
    ) -> None:
        job = factories.job(gallery=gallery, state=Job.State.SUCCEEDED)
        assert code_of(client.post(f"{API}/jobs/{job.pk}/cancel"), 409) == "wrong_state"
        assert code_of(client.post(f"{API}/jobs/{job.pk}/retry"), 409) == "wrong_state"


class TestThresholds:
    def test_what_is_in_force_is_the_gallerys_own_or_else_the_general_value(
        self, client: APIClient, gallery: Gallery
    ) -> None:
        general = Threshold.objects.get(use="recognition", gallery=None)
        before = client.get(f"{API}/thresholds/current?gallery=staff").json()
        assert before["recognition"]["tau"] == general.tau
        assert before["recognition"]["gallery"] is None
        values = {"gallery": "staff", "use": "recognition", "tau": 0.2, "reason": "dim light"}
        made = client.post(f"{API}/thresholds", values)
        assert (made.status_code, made.json()["tau"], made.json()["reason"]) == (201, 0.2, "dim light")
        after = client.get(f"{API}/thresholds/current?gallery=staff").json()
        assert (after["recognition"]["tau"], after["recognition"]["gallery"]) == (0.2, "staff")
        assert after["verification"] == before["verification"]
        assert client.get(f"{API}/thresholds/current").json()["recognition"]["tau"] == general.tau
        client.post(f"{API}/thresholds", values | {"tau": None})
        assert client.get(f"{API}/thresholds/current?gallery=staff").json()["recognition"]["tau"] == general.tau
        history = client.get(f"{API}/thresholds?gallery=staff").json()["results"]
        assert [row["tau"] for row in history] == [None, 0.2]

    @pytest.mark.parametrize(
        ("tau", "code"),
        [(-0.001, "invalid_tau"), (4.001, "invalid_tau"), ("nan", "invalid_request"), ("much", "invalid_request")],
    )
    def test_a_tau_that_no_distance_can_have_is_refused(
        self, client: APIClient, gallery: Gallery, tau: object, code: str
    ) -> None:
        before = Threshold.objects.count()
        values = {"gallery": "staff", "use": "recognition", "tau": tau, "reason": "a try"}
        assert code_of(client.post(f"{API}/thresholds", values), 400) == code
        assert Threshold.objects.count() == before

    @pytest.mark.parametrize("left_out", ["gallery", "use", "tau", "reason"])
    def test_a_decision_says_everything(self, client: APIClient, gallery: Gallery, left_out: str) -> None:
        values = {"gallery": "staff", "use": "recognition", "tau": 0.1, "reason": "a try"}
        del values[left_out]
        answer = client.post(f"{API}/thresholds", values)
        assert code_of(answer, 400) == "invalid_request"
        assert list(answer.json()["params"]["fields"]) == [left_out]
