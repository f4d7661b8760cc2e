"""Evaluations in the API: who may read and start them, and what they say."""

import json

import pytest
from django.contrib.auth.models import Permission
from rest_framework.test import APIClient

from faces.models import Gallery, Job
from tests import factories
from tests.faces.api.conftest import ClientFor
from tests.training.measured import enroll, made, report
from tests.training.models.factories import run
from training.metrics.figures import FORMAT, Figures
from training.models import EvaluationReport

pytestmark = pytest.mark.django_db

EVALUATIONS = "/api/v1/evaluations"


def member_of_staff(*permissions: str) -> APIClient:
    user = factories.user(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions, content_type__app_label="training"))
    client = APIClient()
    client.force_login(user)
    return client


def test_evaluations_are_listed_newest_first_without_their_figures(client: APIClient, gallery: Gallery) -> None:
    first, second = report(gallery=gallery), report(gallery=gallery)
    answer = client.get(EVALUATIONS)
    assert answer.status_code == 200
    assert [row["id"] for row in answer.json()["results"]] == [second.pk, first.pk]
    row = answer.json()["results"][0]
    assert "figures" not in row
    assert (row["gallery"], row["people"]) == ("staff", 60)
    assert row["encoder_version"]["weights_sha256"] == gallery.encoder_version.weights_sha256


def test_a_list_goes_on_at_its_cursor(client: APIClient, gallery: Gallery) -> None:
    ids = [report(gallery=gallery).pk for _ in range(3)]
    page = client.get(EVALUATIONS, {"page_size": 2}).json()
    rest = client.get(page["next"]).json()
    assert [row["id"] for row in page["results"] + rest["results"]] == ids[::-1]
    assert rest["next"] is None


def test_only_evaluations_of_galleries_are_told_and_only_of_those_the_key_may_see(
    client: APIClient, client_for: ClientFor, gallery: Gallery
) -> None:
    mine, other = report(gallery=gallery), report(gallery=factories.gallery(name="Visitors"))
    EvaluationReport.objects.create(
        kind="pairs",
        encoder_version=gallery.encoder_version,
        measured_on="a file",
        people=1,
        photos=1,
        mated=1,
        non_mated=1,
    )
    assert [row["id"] for row in client.get(EVALUATIONS).json()["results"]] == [mine.pk]
    for path in (f"/{other.pk}", f"/{other.pk}/export/json"):
        answer = client.get(EVALUATIONS + path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert other.gallery is not None
    both = client_for(gallery, other.gallery)
    assert [row["id"] for row in both.get(EVALUATIONS).json()["results"]] == [other.pk, mine.pk]
    only = both.get(EVALUATIONS, {"gallery": "visitors"}).json()
    assert [row["id"] for row in only["results"]] == [other.pk]


def test_an_evaluation_has_all_of_its_figures(client: APIClient, gallery: Gallery) -> None:
    stored = report(gallery=gallery, snapshot={"seed": 7})
    answer = client.get(f"{EVALUATIONS}/{stored.pk}").json()
    assert Figures.from_json(answer["figures"]) == made()
    assert answer["snapshot"] == {"seed": 7}
    assert answer["exports"]["csv"] == f"http://testserver{EVALUATIONS}/{stored.pk}/export/csv"


@pytest.mark.parametrize(
    ("form", "kind", "begins"),
    [
        ("html", "text/html", "<!DOCTYPE html>"),
        ("csv", "text/csv", "series,"),
        ("json", "application/json", "{"),
    ],
)
def test_an_evaluation_is_had_as_a_file(client: APIClient, gallery: Gallery, form: str, kind: str, begins: str) -> None:
    stored = report(gallery=gallery)
    answer = client.get(f"{EVALUATIONS}/{stored.pk}/export/{form}")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith(kind)
    assert answer["Content-Disposition"] == f'attachment; filename="facet-evaluation-{stored.pk}-staff.{form}"'
    assert answer.content.decode().lstrip().startswith(begins)


def test_the_json_file_holds_what_the_api_says(client: APIClient, gallery: Gallery) -> None:
    stored = report(gallery=gallery)
    file = json.loads(client.get(f"{EVALUATIONS}/{stored.pk}/export/json").content)
    assert file["figures"] == client.get(f"{EVALUATIONS}/{stored.pk}").json()["figures"]


def test_a_form_that_there_is_not_is_refused_with_those_there_are(client: APIClient, gallery: Gallery) -> None:
    answer = client.get(f"{EVALUATIONS}/{report(gallery=gallery).pk}/export/pdf")
    assert answer.status_code == 400
    assert "html, json, csv" in answer.json()["detail"]


def test_figures_of_another_format_cannot_be_exported(client: APIClient, gallery: Gallery) -> None:
    stored = report(gallery=gallery)
    EvaluationReport.objects.update(figures={**stored.figures, "format": FORMAT + 1})
    answer = client.get(f"{EVALUATIONS}/{stored.pk}/export/html")
    assert answer.status_code == 409
    assert "Measure the gallery again" in answer.json()["detail"]


def test_a_measurement_is_asked_for_and_answered_with_its_job(client: APIClient, gallery: Gallery) -> None:
    enroll(gallery, 2)
    answer = client.post(EVALUATIONS, {"gallery": "staff", "seed": 5}, format="json")
    assert answer.status_code == 202
    job = Job.objects.get(pk=answer.json()["id"])
    assert (job.kind, job.gallery, job.state) == ("evaluation", gallery, "queued")
    assert job.parameters["seed"] == 5
    again = client.post(EVALUATIONS, {"gallery": "staff"}, format="json")
    assert again.status_code == 409
    assert "under way already" in again.json()["detail"]


def test_a_gallery_with_nobody_in_it_cannot_be_measured(client: APIClient, gallery: Gallery) -> None:
    answer = client.post(EVALUATIONS, {"gallery": "staff"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "too_few_comparisons")
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    "body", [{}, {"gallery": ""}, {"gallery": "staff", "seed": -1}, {"gallery": "staff", "sed": 1}]
)
def test_a_request_that_makes_no_sense_is_refused(client: APIClient, body: dict[str, object]) -> None:
    assert client.post(EVALUATIONS, body, format="json").status_code == 400


def test_a_gallery_that_the_key_may_not_see_cannot_be_measured(client: APIClient) -> None:
    factories.gallery(name="Visitors")
    answer = client.post(EVALUATIONS, {"gallery": "visitors"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (404, "gallery_not_found")


def test_a_key_reads_with_read_and_measures_with_admin(client_for: ClientFor, gallery: Gallery) -> None:
    enroll(gallery, 2)
    stored = report(gallery=gallery)
    reading = client_for(gallery, scopes=["read"])
    for path in ("", f"/{stored.pk}", f"/{stored.pk}/export/csv"):
        assert reading.get(EVALUATIONS + path).status_code == 200
        assert client_for(gallery, scopes=["write", "search"]).get(EVALUATIONS + path).status_code == 403
    refused = client_for(gallery, scopes=["read", "write"]).post(EVALUATIONS, {"gallery": "staff"}, format="json")
    assert refused.status_code == 403
    assert "admin" in refused.json()["detail"]
    measuring = client_for(gallery, scopes=["admin"])
    assert measuring.post(EVALUATIONS, {"gallery": "staff"}, format="json").status_code == 202


def test_staff_read_and_measure_as_their_permissions_say(gallery: Gallery) -> None:
    enroll(gallery, 2)
    stored = report(gallery=gallery)

    def post(who: APIClient) -> int:
        status: int = who.post(EVALUATIONS, {"gallery": "staff"}, format="json").status_code
        return status

    looking = member_of_staff("view_evaluationreport")
    assert looking.get(f"{EVALUATIONS}/{stored.pk}/export/html").status_code == 200
    assert post(looking) == 403
    nobody = member_of_staff()
    answer = nobody.get(EVALUATIONS)
    assert answer.status_code == 403
    assert "training.view_evaluationreport" in answer.json()["detail"]
    assert post(member_of_staff("add_evaluationreport")) == 202


@pytest.mark.parametrize("path", ["", "/1", "/1/export/html"])
def test_without_a_key_nothing_is_told(path: str) -> None:
    assert APIClient().get(EVALUATIONS + path).status_code == 401


def test_what_was_found_of_held_out_people_is_told_by_its_run_and_its_number(
    client: APIClient, gallery: Gallery
) -> None:
    own, training = report(gallery=gallery), run(gallery=gallery)
    parent = report(gallery=gallery, kind="held_out", training_run=training)
    candidate = report(
        gallery=gallery,
        kind="held_out",
        training_run=training,
        encoder_version=factories.encoder_version(),
        compared_with=gallery.encoder_version,
        difference=0.02,
        difference_low=0.01,
        difference_high=0.03,
    )

    assert [row["id"] for row in client.get(EVALUATIONS).json()["results"]] == [own.pk]
    of_run = client.get(EVALUATIONS, {"training_run": training.pk}).json()["results"]
    assert [row["id"] for row in of_run] == [candidate.pk, parent.pk]
    told = client.get(f"{EVALUATIONS}/{candidate.pk}").json()
    assert (told["kind"], told["training_run"]) == ("held_out", training.pk)
    assert told["compared_with"]["id"] == gallery.encoder_version_id
    assert [told[f"difference{end}"] for end in ("", "_low", "_high")] == [0.02, 0.01, 0.03]
    of_gallery = client.get(f"{EVALUATIONS}/{own.pk}").json()
    assert [of_gallery[name] for name in ("kind", "training_run", "compared_with", "difference")] == [
        "gallery",
        None,
        None,
        None,
    ]
