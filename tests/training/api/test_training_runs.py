"""Training runs in the API: asked for, watched, stopped, gone on with, deleted, and by whom."""

import json
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from faces.models import ApiKey, EncoderVersion, Gallery, Job
from tests import factories
from tests.faces.api.conftest import ClientFor
from tests.training.pages.runs import epoch, judged_run, run_with_job
from training.configuration import TrainingConfiguration
from training.models import EvaluationReport, TrainingRun
from training.services.run_words import SETTINGS

pytestmark = pytest.mark.django_db

RUNS = "/api/v1/training-runs"
State = TrainingRun.State


def learnable(gallery: Gallery, people: int = 24) -> Gallery:
    """The gallery with so many people of two photos."""
    for _ in range(people):
        person = factories.person(gallery=gallery)
        for _ in range(2):
            factories.face(person=person)
    return gallery


def asked(client: APIClient, **settings: object) -> tuple[int, dict[str, object]]:
    """The status and body of an answer to asking for a run."""
    answer = client.post(RUNS, {"gallery": "staff", "configuration": settings}, format="json")
    body: dict[str, object] = answer.json()
    return answer.status_code, body


def test_a_run_is_asked_for_and_answered_with_its_job(client: APIClient, gallery: Gallery) -> None:
    learnable(gallery)
    answer = client.post(RUNS, {"gallery": "staff", "configuration": {"epochs": 3, "minutes": 2}}, format="json")
    assert answer.status_code == 202
    run = TrainingRun.objects.get()
    body = answer.json()
    assert (body["id"], body["gallery"], body["state"]) == (run.pk, "staff", "queued")
    assert body["job"]["id"] == run.job_id
    assert (body["job"]["kind"], body["job"]["state"], body["job"]["percent"]) == ("training", "queued", 0)
    assert body["parent"]["weights_sha256"] == gallery.encoder_version.weights_sha256
    assert body["configuration"]["epochs"] == 3
    assert body["configuration"]["minutes"] == 2
    assert set(body["configuration"]) == set(SETTINGS)
    assert (body["candidate"], body["report"], body["comparison"], body["epochs"]) == (None, None, None, [])


def test_all_settings_have_defaults_and_a_batch_fits_the_gallery(client: APIClient, gallery: Gallery) -> None:
    learnable(gallery, people=16)
    answer = client.post(RUNS, {"gallery": "staff"}, format="json")
    assert answer.status_code == 202
    usual = TrainingConfiguration().as_json()
    taken = answer.json()["configuration"]
    assert {name for name in usual if taken[name] != usual[name]} == {"people_per_batch"}
    assert taken["people_per_batch"] < usual["people_per_batch"]


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        ({"alpha": 5}, "alpha", "from 0.005 to 1, not 5"),
        ({"alpha": 0}, "alpha", "from 0.005 to 1, not 0"),
        ({"alpha": "0.1"}, "alpha", "a number"),
        ({"epochs": 1.5}, "epochs", "a whole number"),
        ({"layers": "some"}, "layers", "all, last, head"),
        ({"layers": ["all"]}, "layers", "all, last, head"),
        ({"uses_guard": 1}, "uses_guard", "true or false"),
        ({"hard_share": 0.9}, "hard_share", "1 together"),
        ({"margin": 0.1}, "margin", "no such setting"),
        ({"people_per_batch": 200, "photos_per_person": 32}, "people_per_batch", "at most 1,024 faces"),
        ({"people_per_batch": 100}, "people_per_batch", "does not fit"),
    ],
)
def test_a_wrong_setting_is_named_with_what_would_be_right(
    client: APIClient, gallery: Gallery, wrong: dict[str, object], field: str, words: str
) -> None:
    learnable(gallery)
    status, body = asked(client, **wrong)
    assert (status, body["code"]) == (400, "invalid_configuration")
    fields = body["params"]["fields"]  # type: ignore[index]
    assert list(fields) == [field]
    assert words in fields[field]
    assert not TrainingRun.objects.exists()
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    "body",
    [{}, {"gallery": ""}, {"gallery": "staff", "configuration": 3}, {"gallery": "staff", "configuration": None},
     {"gallery": "staff", "alpha": 0.1}],
)  # fmt: skip
def test_a_request_that_makes_no_sense_is_refused(client: APIClient, gallery: Gallery, body: dict[str, object]) -> None:
    answer = client.post(RUNS, body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


def test_a_gallery_with_too_little_to_learn_from_is_refused(client: APIClient, gallery: Gallery) -> None:
    status, body = asked(client)
    assert (status, body["code"]) == (409, "too_little_to_learn")
    factories.face(person=factories.person(gallery=gallery))
    status, body = asked(client, people_per_batch=2)
    assert (status, body["code"]) == (409, "too_little_to_learn")
    assert not TrainingRun.objects.exists()


def test_a_second_run_at_once_is_a_conflict(client: APIClient, gallery: Gallery) -> None:
    learnable(gallery)
    first = run_with_job(gallery)
    status, body = asked(client)
    assert (status, body["code"], body["params"]) == (409, "conflict", {"run": first.pk})


def test_runs_are_listed_newest_first_and_filtered(client: APIClient, gallery: Gallery) -> None:
    ended = run_with_job(gallery, State.CANCELLED)
    running = run_with_job(gallery, epochs=2)
    rows = client.get(RUNS).json()["results"]
    assert [row["id"] for row in rows] == [running.pk, ended.pk]
    assert "epochs" not in rows[0]
    assert (rows[0]["state"], rows[0]["job"]["percent"], rows[0]["best_epoch"]) == ("training", 40, 2)
    assert [row["id"] for row in client.get(RUNS, {"state": "cancelled"}).json()["results"]] == [ended.pk]
    assert client.get(RUNS, {"state": "odd"}).status_code == 400
    page = client.get(RUNS, {"page_size": "1", "gallery": "staff"}).json()
    assert [row["id"] for row in client.get(page["next"]).json()["results"]] == [ended.pk]


def test_a_list_costs_the_same_number_of_queries_however_long_it_is(client: APIClient, gallery: Gallery) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(RUNS).status_code == 200
        return len(captured)

    run_with_job(gallery, State.CANCELLED)
    queries()
    few = queries()
    for _ in range(5):
        run_with_job(gallery, State.CANCELLED)
    assert queries() == few


def test_a_run_tells_its_epochs(client: APIClient, gallery: Gallery) -> None:
    run = run_with_job(gallery)
    for number in (2, 0, 1):
        epoch(run, number)
    epochs = client.get(f"{RUNS}/{run.pk}").json()["epochs"]
    assert [row["number"] for row in epochs] == [0, 1, 2]
    assert (epochs[0]["loss"], epochs[0]["held_out_eer"], epochs[0]["held_out_fmr"]) == (None, 0.1, 0.001)
    assert (epochs[2]["active"], epochs[2]["triplets"], epochs[2]["suspects"]) == (400, 1000, 3)


def test_a_finished_run_tells_what_came_of_it(client_for: ClientFor) -> None:
    run, made = judged_run(after=0.4)
    body = client_for(made.gallery).get(f"{RUNS}/{run.pk}").json()
    assert body["candidate"]["name"] == made.candidate.name
    report = EvaluationReport.objects.get(pk=body["report"])
    parent = EvaluationReport.objects.get(pk=body["parent_report"])
    assert (report.encoder_version, parent.encoder_version) == (made.candidate, run.parent)
    assert body["comparison"]["outcome"] == "better"
    tar = body["comparison"]["plain"]["tar"]
    assert tar["difference"] == pytest.approx(report.difference)
    assert tar["low"] <= tar["difference"] <= tar["high"]


def test_a_running_run_is_told_to_finish_or_to_stop(client: APIClient, gallery: Gallery) -> None:
    run = run_with_job(gallery)
    answer = client.post(f"{RUNS}/{run.pk}/finish")
    assert answer.status_code == 202
    assert answer.json()["finish_requested_at"] is not None
    answer = client.post(f"{RUNS}/{run.pk}/cancel")
    assert answer.status_code == 202
    assert answer.json()["job"]["cancel_requested_at"] is not None


def test_a_waiting_run_is_cancelled_and_tried_again(client: APIClient, gallery: Gallery) -> None:
    run = run_with_job(gallery, State.QUEUED)
    assert client.post(f"{RUNS}/{run.pk}/cancel").json()["state"] == "cancelled"
    body = client.post(f"{RUNS}/{run.pk}/retry").json()
    assert (body["state"], body["job"]["state"]) == ("queued", "queued")


@pytest.mark.parametrize(
    ("state", "what"),
    [
        (State.CANCELLED, "cancel"),
        (State.CANCELLED, "finish"),
        (State.TRAINING, "retry"),
        (State.EVALUATING, "finish"),
    ],
)
def test_what_the_state_forbids_is_a_conflict(
    client: APIClient, gallery: Gallery, state: TrainingRun.State, what: str
) -> None:
    run = run_with_job(gallery, state)
    answer = client.post(f"{RUNS}/{run.pk}/{what}")
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")


def test_a_finished_run_is_deleted_and_a_running_one_is_not(client_for: ClientFor) -> None:
    run, made = judged_run(people=8)
    admin = client_for(made.gallery)
    running = run_with_job(made.gallery)
    assert admin.delete(f"{RUNS}/{running.pk}").status_code == 409
    assert admin.delete(f"{RUNS}/{run.pk}").status_code == 204
    assert admin.get(f"{RUNS}/{run.pk}").status_code == 404
    assert not EvaluationReport.objects.filter(training_run=run.pk).exists()
    assert EncoderVersion.objects.filter(pk=made.candidate.pk).exists()


def operations(run: TrainingRun) -> Iterator[tuple[str, str, bool]]:
    """Each operation, and whether it only looks."""
    one = f"{RUNS}/{run.pk}"
    yield from (("GET", RUNS, True), ("GET", one, True), ("POST", RUNS, False), ("DELETE", one, False))
    yield from (("POST", f"{one}/{what}", False) for what in ("cancel", "finish", "retry"))


def test_a_key_needs_read_to_look_and_admin_for_the_rest(client_for: ClientFor, gallery: Gallery) -> None:
    run = run_with_job(gallery)
    for scopes, may_look in (([ApiKey.Scope.READ, ApiKey.Scope.WRITE], True), ([ApiKey.Scope.ADMIN], False)):
        asking = client_for(gallery, scopes=scopes)
        for method, path, is_look in operations(run):
            body = {"gallery": "staff"} if path == RUNS else {}
            answer = asking.generic(method, path, json.dumps(body), content_type="application/json")
            assert (method, path, answer.status_code == 403) == (method, path, is_look != may_look)


def test_a_key_of_another_gallery_sees_no_run(client_for: ClientFor, gallery: Gallery) -> None:
    run = run_with_job(gallery)
    other = client_for(factories.gallery())
    assert other.get(RUNS).json()["results"] == []
    for method, path, _ in operations(run):
        if path != RUNS:
            assert (path, other.generic(method, path).status_code) == (path, 404)
    answer = other.post(RUNS, {"gallery": gallery.slug}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (404, "gallery_not_found")


def test_a_member_of_staff_needs_the_permission_of_what_is_done(gallery: Gallery) -> None:
    run = run_with_job(gallery)
    user = factories.user(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_trainingrun"))
    looking = APIClient()
    looking.force_login(user)
    for method, path, is_look in operations(run):
        assert (method, path, looking.generic(method, path).status_code == 403) == (method, path, not is_look)


def test_an_evaluation_of_held_out_people_is_found_by_its_run(client_for: ClientFor) -> None:
    run, made = judged_run(people=8)
    asking = client_for(made.gallery)
    assert asking.get("/api/v1/evaluations").json()["results"] == []
    rows = asking.get("/api/v1/evaluations", {"training_run": run.pk}).json()["results"]
    assert {row["training_run"] for row in rows} == {run.pk}
    assert len(rows) == 2
    assert asking.get(f"/api/v1/evaluations/{rows[0]['id']}").status_code == 200
