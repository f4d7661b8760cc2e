"""The page Search: how each gallery is searched, how well, and what an admin may change."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from faces.models import Gallery, Job, RecallCount, SearchEvent, SearchPlan
from faces.services.comparing import Tally
from faces.services.nearest import Route
from faces.services.recall import count_recall
from faces.services.search_status import search_status, search_statuses
from tests import factories
from tests.faces.indexed import clustered, fill, index
from tests.faces.pages.test_people import said


@pytest.fixture
def gallery(db: None) -> Gallery:
    gallery = factories.gallery(name="Staff")
    fill(gallery, clustered(30))
    return gallery


@pytest.fixture
def plan(gallery: Gallery) -> SearchPlan:
    """An index of the 30, and three people who came later."""
    plan = index(gallery, lists=1000, lists_searched=100, index_built_at=timezone.now() - timedelta(hours=3))
    fill(gallery, clustered(3, seed=9))
    return plan


def page_of(client: Client) -> str:
    return " ".join(client.get(reverse("pages:search-status")).content.decode().split())


def count(plan: SearchPlan, asked: int, agreed: int, wrong_nobody: int = 0) -> None:
    plan.refresh_from_db()
    route = Route.of(plan, plan.gallery, plan.encoder_version)
    count_recall(route=route, source=RecallCount.Source.NIGHT, tally=Tally(asked, agreed, wrong_nobody))
    plan.refresh_from_db()


def searched(gallery: Gallery, *milliseconds: float, ago: timedelta = timedelta(0), use: str = "recognition") -> None:
    for duration in milliseconds:
        event = SearchEvent.objects.create(
            gallery=gallery,
            use=use,
            channel="api",
            encoder_version=gallery.encoder_version,
            tau=0.1,
            probe_sha256="0" * 64,
            answer=[],
            duration_ms=duration,
        )
        SearchEvent.objects.filter(pk=event.pk).update(created_at=timezone.now() - ago)


def test_a_small_gallery_is_scanned_exactly_and_the_page_says_why(client: Client, gallery: Gallery) -> None:
    page = page_of(client)
    assert "Each face is compared with all 30 people. Nobody is missed." in page
    assert "an index is faster" in page
    assert "Rebuild" not in page
    assert "Recall" not in page


def test_an_empty_gallery_has_nobody_to_be_found(client: Client, db: None) -> None:
    factories.gallery(name="Nobody yet")
    assert "There is nobody to be found yet." in page_of(client)


def test_an_index_is_told_with_its_tail_size_and_age(client: Client, plan: SearchPlan) -> None:
    page = page_of(client)
    assert "Through an index of 30 people, and 3 people beside it exactly." in page
    assert "built 3" in page
    assert "Nothing was measured with the present index yet." in page
    status = search_status(plan.gallery)
    assert (status.counts.people, status.counts.tail, status.dead) == (33, 3, 0)
    assert status.counts.index_bytes > 0


def test_people_who_are_gone_are_counted_as_gone_of_the_index(client: Client, plan: SearchPlan) -> None:
    for person in plan.gallery.people.order_by("id")[:4]:
        person.faces.all().delete()
    status = search_status(plan.gallery)
    assert (status.counts.people, status.dead) == (29, 4)
    assert "3 newer, 4 of it gone" in page_of(client)


def test_recall_is_shown_with_its_interval_against_the_goal(client: Client, plan: SearchPlan) -> None:
    count(plan, 4000, 4000)
    page = page_of(client)
    assert "100 % of 4,000 answers were the exact ones; 95 % interval 99.92 % to 100 %." in page
    assert "reaches the goal" in page
    assert "goal 99.9 %" in page


def test_a_rise_of_the_lists_searched_is_told_in_plain_words(client: Client, plan: SearchPlan) -> None:
    count(plan, 1000, 900, wrong_nobody=20)
    page = page_of(client)
    assert (
        "a search looks through 150 of the index's 1,000 lists instead of 100. Facet decided so by itself, just now."
        in page
    )
    assert "Nothing was measured with the present index yet." in page
    count(plan, 10, 9, wrong_nobody=1)
    assert "1 time the answer was “nobody” where somebody should have been found." in page_of(client)


def test_the_goal_is_set_and_holds_at_once(client: Client, plan: SearchPlan) -> None:
    count(plan, 10_000, 9_993)
    answer = client.post(reverse("pages:search-goal", args=[plan.gallery_id]), {"goal": "0.9995"})
    assert "is 99.95 % now" in said(answer)
    plan.refresh_from_db()
    assert (plan.recall_goal, plan.lists_searched) == (0.9995, 100)
    count(plan, 90_000, 89_937)
    assert plan.lists_searched == 150


@pytest.mark.parametrize("goal", ["", "1", "0.5", "nan", "x"])
def test_a_goal_that_is_not_offered_is_refused(client: Client, plan: SearchPlan, goal: str) -> None:
    answer = client.post(reverse("pages:search-goal", args=[plan.gallery_id]), {"goal": goal})
    assert "Choose one of 99 %, 99.9 %, 99.95 % as the goal." in said(answer)
    plan.refresh_from_db()
    assert plan.recall_goal == 0.999


def test_whoever_may_only_look_is_offered_no_change(plan: SearchPlan, staff_with: Callable[..., Client]) -> None:
    client = staff_with("faces.view_gallery")
    page = page_of(client)
    assert "Recall" in page
    assert "Rebuild" not in page
    assert client.post(reverse("pages:search-goal", args=[plan.gallery_id]), {"goal": "0.99"}).status_code == 403
    assert client.post(reverse("pages:search-rebuild", args=[plan.gallery_id])).status_code == 403


def test_an_index_that_would_be_slower_than_a_scan_is_not_built(client: Client, plan: SearchPlan) -> None:
    answer = client.post(reverse("pages:search-rebuild", args=[plan.gallery_id]))
    assert "33 people" in said(answer)
    assert not Job.objects.exists()


def test_a_build_under_way_is_shown_and_the_card_asks_again(client: Client, plan: SearchPlan) -> None:
    job = factories.job(gallery=plan.gallery, kind=Job.Kind.INDEX, title="Index", done=1, total=4, note="Arranges")
    address = reverse("pages:search-card", args=[plan.gallery_id])
    page = page_of(client)
    assert f'hx-get="{address}"' in page
    assert 'aria-valuenow="25"' in page
    assert "Arranges" in page
    assert "Rebuild the index" not in page
    Job.objects.filter(pk=job.pk).update(state="succeeded", finished_at=timezone.now())
    card = client.get(address).content.decode()
    assert "hx-get" not in card
    assert "Rebuild the index" in card


def test_answers_of_the_last_day_are_told_with_their_times(client: Client, gallery: Gallery) -> None:
    assert '<dd class="f-num">none</dd>' in page_of(client)
    searched(gallery, *range(1, 101))
    searched(gallery, 5000, ago=timedelta(hours=25))
    searched(gallery, 5000, use="verification")
    latency = search_status(gallery).latency
    assert (latency.searches, latency.p50_ms) == (100, 50.5)
    assert latency.p95_ms == pytest.approx(95.05)
    assert "100; half within 51 ms, 95 % within 95 ms" in page_of(client)


def test_a_gallery_s_page_says_in_a_line_how_it_is_searched(client: Client, gallery: Gallery) -> None:
    address = reverse("pages:gallery", args=[gallery.pk])
    assert "Exact scan of 30 people" in client.get(address).content.decode()
    plan = index(gallery)
    assert "Index; recall not measured yet" in client.get(address).content.decode()
    count(plan, 10_000, 9_997)
    assert "Index; recall 99.97 %" in client.get(address).content.decode()


def test_only_the_plan_of_the_version_that_serves_counts(gallery: Gallery, plan: SearchPlan) -> None:
    other = factories.encoder_version()
    SearchPlan.objects.create(
        gallery=gallery, encoder_version=other, index_name="of_another_version", lists=1, lists_searched=1
    )
    Gallery.objects.filter(pk=gallery.pk).update(encoder_version=other)
    gallery.refresh_from_db()
    status = search_status(gallery)
    assert (status.plan.index_name, status.counts.people, status.counts.index_bytes) == ("of_another_version", 0, 0)


def test_many_galleries_cost_as_many_queries_as_one(
    gallery: Gallery, plan: SearchPlan, django_assert_num_queries: Callable[..., object]
) -> None:
    others = [factories.gallery() for _ in range(5)]
    with django_assert_num_queries(5):  # type: ignore[attr-defined]
        statuses = search_statuses([gallery, *others])
    assert [status.counts.people for status in statuses] == [33, 0, 0, 0, 0, 0]
