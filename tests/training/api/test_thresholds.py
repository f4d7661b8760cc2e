"""Taus by error rate, through the API."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from faces.models import Gallery, Threshold
from tests import factories
from tests.faces.api.conftest import ClientFor
from tests.training import measured as rows
from training.models import EvaluationReport
from training.services.measured import figures_at, newest_measured

pytestmark = pytest.mark.django_db

ADDRESS = "/api/v1/thresholds"
VALUES = {"gallery": "staff", "use": "recognition", "reason": "the door"}


def code_of(answer: Any, status: int) -> str:
    assert answer.status_code == status, answer.content
    return str(answer.json()["code"])


@pytest.fixture
def report(gallery: Gallery) -> EvaluationReport:
    """What was measured in the gallery."""
    return rows.report(gallery=gallery)


def test_a_tau_is_asked_for_by_fpir(client: APIClient, gallery: Gallery, report: EvaluationReport) -> None:
    made = client.post(ADDRESS, VALUES | {"fpir": 0.1})
    assert made.status_code == 201, made.content
    told = made.json()
    assert (told["error_rate_kind"], told["error_rate"], told["gallery_size"]) == ("fpir", 0.1, 60)
    assert told["measured"]["report"] == report.pk
    assert told["measured"]["fpir"]["value"] <= 0.1
    assert client.get(f"{ADDRESS}/current?gallery=staff").json()["recognition"] == told
    assert client.get(f"{ADDRESS}/{told['id']}").json() == told


def test_a_tau_is_asked_for_by_fmr(client: APIClient, report: EvaluationReport) -> None:
    told = client.post(ADDRESS, VALUES | {"use": "verification", "fmr": 0.02}).json()
    assert (told["error_rate_kind"], told["error_rate"], told["gallery_size"]) == ("fmr", 0.02, None)
    assert told["measured"]["fmr"]["value"] <= 0.02


def test_a_tau_by_hand_is_told_with_what_was_measured_at_it(
    client: APIClient, gallery: Gallery, report: EvaluationReport
) -> None:
    told = client.post(ADDRESS, VALUES | {"tau": 0.6}).json()
    measured = newest_measured(gallery=gallery, encoder_version=gallery.encoder_version)
    assert measured is not None
    assert told["measured"]["fpir"]["value"] == figures_at(measured, 0.6)["fpir"].value
    assert (told["error_rate_kind"], told["error_rate"]) == ("", None)


def test_where_nothing_was_measured_measured_is_null(client: APIClient, gallery: Gallery) -> None:
    assert client.post(ADDRESS, VALUES | {"tau": 0.6}).json()["measured"] is None
    assert code_of(client.post(ADDRESS, VALUES | {"fpir": 0.1}), 409) == "not_measured"


def test_a_rate_that_cannot_be_shown_names_the_smallest_that_can(client: APIClient, report: EvaluationReport) -> None:
    before = Threshold.objects.count()
    answer = client.post(ADDRESS, VALUES | {"fpir": 1e-6})
    assert code_of(answer, 409) == "too_few_people"
    smallest = answer.json()["params"]["smallest"]
    assert Threshold.objects.count() == before
    assert client.post(ADDRESS, VALUES | {"fpir": smallest}).status_code == 201


@pytest.mark.parametrize(
    ("way", "code"),
    [
        ({"fmr": 0.01}, "invalid_rate"),
        ({"fpir": 0}, "invalid_rate"),
        ({"fpir": 1.5}, "invalid_rate"),
        ({"fpir": 0.1, "tau": 0.2}, "invalid_request"),
        ({"fpir": 0.1, "fmr": 0.1}, "invalid_request"),
        ({"fpir": None}, "invalid_request"),
        ({}, "invalid_request"),
    ],
)
def test_exactly_one_way_that_fits_the_use_is_asked_for(
    client: APIClient, report: EvaluationReport, way: dict[str, object], code: str
) -> None:
    before = Threshold.objects.count()
    assert code_of(client.post(ADDRESS, VALUES | way), 400) == code
    assert Threshold.objects.count() == before


def test_for_all_galleries_no_rate_is_measured(report: EvaluationReport) -> None:
    client = APIClient(raise_request_exception=False)
    client.force_login(factories.user(is_staff=True, is_superuser=True))
    answer = client.post(ADDRESS, VALUES | {"gallery": None, "fpir": 0.1}, format="json")
    assert code_of(answer, 400) == "invalid_rate"


def test_current_tells_when_growth_undid_what_was_asked_for(
    client: APIClient, gallery: Gallery, report: EvaluationReport
) -> None:
    row = client.post(ADDRESS, VALUES | {"fpir": 0.1}).json()
    assert client.get(f"{ADDRESS}/current?gallery=staff").json()["growth"] is None
    rows.enroll(gallery, 180)
    growth = client.get(f"{ADDRESS}/current?gallery=staff").json()["growth"]
    assert (growth["asked"], growth["asked_for_people"], growth["people"]) == (0.1, 60, 180)
    assert growth["expected"]["low"] <= growth["expected"]["value"] <= growth["expected"]["high"]
    assert growth["expected"]["value"] > 0.125
    assert growth["tau"] < row["tau"]
    assert growth["measure_again"] is True
    client.post(ADDRESS, VALUES | {"fpir": 0.1})
    assert client.get(f"{ADDRESS}/current?gallery=staff").json()["growth"] is None


def test_current_offers_no_tau_where_nothing_can_be_shown(
    client: APIClient, gallery: Gallery, report: EvaluationReport
) -> None:
    client.post(ADDRESS, VALUES | {"fpir": 0.1})
    report.delete()
    rows.enroll(gallery, 180)
    growth = client.get(f"{ADDRESS}/current?gallery=staff").json()["growth"]
    assert (growth["tau"], growth["expected"]["low"], growth["measure_again"]) == (None, None, True)
    assert growth["expected"]["value"] == pytest.approx(1 - 0.9**3)


def test_a_key_sets_no_tau_of_a_gallery_that_it_cannot_see(
    client_for: ClientFor, gallery: Gallery, report: EvaluationReport
) -> None:
    assert code_of(client_for().post(ADDRESS, VALUES | {"fpir": 0.1}), 404) == "gallery_not_found"
    assert code_of(client_for(gallery, scopes=["read"]).post(ADDRESS, VALUES | {"fpir": 0.1}), 403)
