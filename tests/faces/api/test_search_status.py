"""How galleries are searched, for programs and for monitoring."""

from datetime import datetime
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from rest_framework.test import APIClient

from faces.models import ApiKey, Gallery, Job, Photo, RecallCount, SearchPlan
from faces.services.comparing import Tally
from faces.services.nearest import Route
from faces.services.recall import count_recall
from tests import factories
from tests.faces.api.conftest import ClientFor
from tests.faces.indexed import clustered, fill, index

API = "/api/v1/galleries/staff"
STATUS = f"{API}/search-status"


@pytest.fixture
def plan(gallery: Gallery) -> SearchPlan:
    """An index of 30 people, whom two came after."""
    fill(gallery, clustered(30))
    plan = index(gallery, lists=200, lists_searched=120, raised_from=80)
    fill(gallery, clustered(2, seed=8))
    return plan


def count(plan: SearchPlan, tally: Tally) -> None:
    plan.refresh_from_db()
    count_recall(route=Route.of(plan, plan.gallery, plan.encoder_version), source=RecallCount.Source.LIVE, tally=tally)


class TestStatus:
    def test_an_exact_scan_is_told_with_its_reason(self, client: APIClient, gallery: Gallery) -> None:
        factories.face(person=factories.person(gallery=gallery), vector=factories.axis(0))
        told = client.get(STATUS).json()
        assert (told["gallery"], told["is_exact"], told["people"], told["index"]) == ("staff", True, 1, None)
        assert "scanned exactly" in told["reason"]
        assert told["recall"]["value"] is None
        assert told["latency"] == {"searches": 0, "p50_ms": None, "p95_ms": None}
        assert told["job"] is None

    def test_an_index_is_told_with_its_tail_and_recall(self, client: APIClient, plan: SearchPlan) -> None:
        count(plan, Tally(1000, 999, 1))
        job = factories.job(gallery=plan.gallery, kind=Job.Kind.INDEX)
        told = client.get(STATUS).json()
        assert (told["is_exact"], told["people"], told["recall_goal"], told["job"]) == (False, 32, 0.999, job.pk)
        assert told["index"]["bytes"] > 0
        assert {
            name: told["index"][name] for name in ("people", "gone", "tail", "lists", "lists_searched", "raised_from")
        } == {
            "people": 30,
            "gone": 0,
            "tail": 2,
            "lists": 200,
            "lists_searched": 120,
            "raised_from": 80,
        }
        recall = told["recall"]
        assert (recall["value"], recall["compared"], recall["live"], recall["night"], recall["wrong_nobody"]) == (
            (0.999, 1000, 1000, 0, 1)
        )
        assert recall["low"] == pytest.approx(0.99435, abs=1e-4)
        assert recall["high"] == pytest.approx(0.99982, abs=1e-4)

    def test_a_rise_of_the_lists_searched_is_told_with_its_time(self, client: APIClient, plan: SearchPlan) -> None:
        count(plan, Tally(1000, 900, 0))
        told = client.get(STATUS).json()["index"]
        assert (told["lists_searched"], told["raised_from"]) == (180, 120)
        assert datetime.fromisoformat(told["raised_at"]).tzinfo is not None

    def test_the_goal_is_set(self, client: APIClient, plan: SearchPlan) -> None:
        told = client.patch(STATUS, {"recall_goal": 0.99})
        assert (told.status_code, told.json()["recall_goal"]) == (200, 0.99)
        plan.refresh_from_db()
        assert plan.recall_goal == 0.99

    def test_a_goal_can_be_set_before_anything_is_planned(self, client: APIClient, gallery: Gallery) -> None:
        assert client.patch(STATUS, {"recall_goal": 0.9995}).json()["recall_goal"] == 0.9995

    @pytest.mark.parametrize("goal", [1, 0.5, "x", None, -1, "nan"])
    def test_a_goal_that_is_not_offered_is_refused(self, client: APIClient, gallery: Gallery, goal: Any) -> None:
        answer = client.patch(STATUS, {"recall_goal": goal})
        assert (answer.status_code, list(answer.json()["params"]["fields"])) == (400, ["recall_goal"])

    def test_an_index_that_would_be_slower_than_a_scan_is_not_built(self, client: APIClient, plan: SearchPlan) -> None:
        answer = client.post(f"{API}/search-index")
        assert (answer.status_code, answer.json()["params"]) == (400, {"rows": 32})

    def test_what_is_not_visible_is_not_there(self, client_for: ClientFor, gallery: Gallery) -> None:
        stranger = client_for(factories.gallery(name="Visitors"))
        for answer in (stranger.get(STATUS), stranger.patch(STATUS, {"recall_goal": 0.99})):
            assert (answer.status_code, answer.json()["code"]) == (404, "gallery_not_found")

    def test_to_look_takes_the_scope_read_and_to_change_the_scope_admin(
        self, client_for: ClientFor, gallery: Gallery
    ) -> None:
        reader = client_for(gallery, scopes=["read"])
        assert reader.get(STATUS).status_code == 200
        assert reader.patch(STATUS, {"recall_goal": 0.99}).status_code == 403
        assert reader.post(f"{API}/search-index").status_code == 403
        assert client_for(gallery, scopes=["search"]).get(STATUS).status_code == 403


def read(client: APIClient) -> dict[tuple[str, ...], float]:
    """Every sample by its name and its labels' values."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain")
    families = text_string_to_metric_families(answer.content.decode())
    return {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}


class TestMetrics:
    def test_a_monitoring_system_reads_recall_sizes_and_what_waits(
        self, client_for: ClientFor, plan: SearchPlan, gallery: Gallery
    ) -> None:
        count(plan, Tally(1000, 999, 1))
        factories.job(gallery=gallery)
        factories.job(gallery=gallery, state=Job.State.FAILED)
        factories.photo(gallery=gallery, state=Photo.State.PENDING)
        told = read(client_for(gallery, scopes=["admin"]))
        low, high = told.pop(("facet_search_recall_low", "staff")), told.pop(("facet_search_recall_high", "staff"))
        assert low < 0.999 < high
        assert told.pop(("facet_index_bytes", "staff")) > 0
        assert told == {
            ("facet_search_recall", "staff"): 0.999,
            ("facet_search_recall_goal", "staff"): 0.999,
            ("facet_search_compared", "staff"): 1000,
            ("facet_search_exact", "staff"): 0,
            ("facet_search_lists", "staff"): 120,
            ("facet_index_lists", "staff"): 200,
            ("facet_templates", "staff"): 32,
            ("facet_index_tail", "staff"): 2,
            ("facet_jobs", "upload", "running"): 1,
            ("facet_jobs", "upload", "failed"): 1,
            ("facet_photos", "ready"): 2,
            ("facet_photos", "pending"): 1,
        }

    def test_an_exact_scan_has_no_recall_to_measure(self, client_for: ClientFor, gallery: Gallery) -> None:
        told = read(client_for(gallery, scopes=["admin"]))
        assert told["facet_search_exact", "staff"] == 1
        assert ("facet_search_recall", "staff") not in told
        assert ("facet_search_lists", "staff") not in told

    def test_nothing_about_a_person_is_in_it(self, client_for: ClientFor, gallery: Gallery) -> None:
        person = factories.person(gallery=gallery, name="Grace Hopper", external_id="G-1")
        factories.face(person=person, vector=factories.axis(0))
        text = client_for(gallery, scopes=["admin"]).get("/metrics").content.decode()
        assert "facet_templates" in text
        assert "Grace" not in text
        assert "G-1" not in text

    def test_a_key_reads_of_its_own_galleries_and_an_admin_of_all(
        self, client_for: ClientFor, gallery: Gallery
    ) -> None:
        factories.photo(gallery=factories.gallery(name="Visitors"))
        key = read(client_for(gallery, scopes=["admin"]))
        assert ("facet_templates", "staff") in key
        assert ("facet_templates", "visitors") not in key
        assert ("facet_photos", "ready") not in key
        admin = APIClient()
        admin.force_login(factories.user(is_staff=True, is_superuser=True))
        told = read(admin)
        assert told["facet_templates", "visitors"] == 0
        assert told["facet_photos", "ready"] == 1

    def test_it_is_never_open(self, client_for: ClientFor, gallery: Gallery) -> None:
        assert APIClient().get("/metrics").status_code == 401
        for scope in set(ApiKey.Scope.values) - {"admin"}:
            assert client_for(gallery, scopes=[scope]).get("/metrics").status_code == 403
        for is_staff in (False, True):
            client = APIClient()
            client.force_login(factories.user(is_staff=is_staff))
            assert client.get("/metrics").status_code == 403
