"""Whether searches through an index answer as they should: counted, and held to the goal."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from faces.exceptions import InvalidRequestError
from faces.models import Gallery, RecallCount, SearchPlan
from faces.services.comparing import Tally
from faces.services.nearest import Route
from faces.services.recall import (
    count_recall,
    forget_old_counts,
    hold_to_goal,
    recall_of,
    recalls_of,
    set_recall_goal,
)
from tests import factories

LIVE, NIGHT = RecallCount.Source.LIVE, RecallCount.Source.NIGHT


@pytest.fixture
def plan(db: None) -> SearchPlan:
    """A plan that says that there is an index; nobody asks it here."""
    gallery = factories.gallery(name="Staff")
    return SearchPlan.objects.create(
        gallery=gallery, encoder_version=gallery.encoder_version, index_name="an_index", lists=1000, lists_searched=100
    )


def route_of(plan: SearchPlan) -> Route:
    return Route.of(plan, plan.gallery, plan.encoder_version)


def count(plan: SearchPlan, asked: int, agreed: int, source: RecallCount.Source = NIGHT) -> SearchPlan:
    found = count_recall(route=route_of(plan), source=source, tally=Tally(asked, agreed, 0))
    assert found is not None
    return found


def test_answers_are_counted_in_one_row_a_day_and_source(plan: SearchPlan) -> None:
    for _ in range(3):
        count_recall(route=route_of(plan), source=LIVE, tally=Tally(10, 9, 1))
    count_recall(route=route_of(plan), source=NIGHT, tally=Tally(100, 100, 0))
    rows = RecallCount.objects.order_by("source").values_list("source", "asked", "agreed", "wrong_nobody", "day")
    today = timezone.localdate()
    assert list(rows) == [("live", 30, 27, 3, today), ("night", 100, 100, 0, today)]
    recall = recall_of(plan)
    assert (recall.share.count, recall.share.total, recall.live, recall.night, recall.wrong_nobody) == (
        (127, 130, 30, 100, 3)
    )


def test_what_was_counted_for_another_index_or_other_lists_is_not_the_present_recall(plan: SearchPlan) -> None:
    count(plan, 10, 10)
    for changed in ({"lists_searched": 200}, {"index_name": "a_newer_index"}):
        SearchPlan.objects.filter(pk=plan.pk).update(**changed)
        plan.refresh_from_db()
        assert recall_of(plan).share.total == 0


def test_the_recall_of_many_plans_is_read_in_one_query(plan: SearchPlan, django_assert_num_queries: object) -> None:
    other = factories.gallery()
    second = SearchPlan.objects.create(
        gallery=other, encoder_version=other.encoder_version, index_name="second", lists=9, lists_searched=9
    )
    count(plan, 10, 10)
    count(second, 20, 20)
    with django_assert_num_queries(1):  # type: ignore[operator]
        recalls = recalls_of([plan, second])
    assert [recalls[row.pk].share.total for row in (plan, second)] == [10, 20]


def test_a_plan_that_is_gone_is_not_counted_for(plan: SearchPlan) -> None:
    route = route_of(plan)
    plan.delete()
    assert count_recall(route=route, source=LIVE, tally=Tally(1, 1, 0)) is None
    assert not RecallCount.objects.exists()


@pytest.mark.parametrize(
    ("asked", "agreed", "raised"),
    [
        (1000, 990, True),
        (1000, 995, True),  # upper end 0.9979
        (1000, 996, False),  # below the goal, but four misses may be chance
        (6000, 5994, False),  # exactly the goal
        (6000, 5990, False),  # 0.99833; the upper end 0.99909 lies above the goal
        (10_000, 9_980, True),  # 0.998; the upper end is 0.9987
        (5, 0, True),
        (4, 0, False),
        (0, 0, False),
    ],
)
def test_more_lists_are_searched_where_the_whole_interval_lies_below_the_goal(
    plan: SearchPlan, asked: int, agreed: int, raised: bool
) -> None:
    found = count(plan, asked, agreed)
    assert (found.lists_searched, found.raised_from) == ((150, 100) if raised else (100, None))
    assert (found.raised_at is not None) == raised


def test_counting_starts_anew_when_more_lists_are_searched(plan: SearchPlan) -> None:
    found = count(plan, 1000, 900)
    assert recall_of(found).share.total == 0
    assert hold_to_goal(plan_id=plan.pk) == found
    found.refresh_from_db()
    assert found.lists_searched == 150


def test_the_lists_searched_rise_to_all_there_are_which_is_an_exact_answer(plan: SearchPlan) -> None:
    steps = []
    for _ in range(8):
        plan = count(plan, 100, 50)
        steps.append(plan.lists_searched)
    assert steps == [150, 225, 338, 507, 761, 1000, 1000, 1000]
    assert plan.is_indexed


def test_a_higher_goal_holds_at_once_for_what_was_counted(plan: SearchPlan) -> None:
    SearchPlan.objects.filter(pk=plan.pk).update(recall_goal=0.99)
    plan.refresh_from_db()
    assert count(plan, 10_000, 9_950).lists_searched == 100
    assert set_recall_goal(gallery=plan.gallery, goal=0.999).lists_searched == 150


@pytest.mark.parametrize("goal", [0.0, 0.5, 0.98, 1.0, 1.5, float("nan")])
def test_a_goal_that_is_not_offered_is_refused(plan: SearchPlan, goal: float) -> None:
    with pytest.raises(InvalidRequestError, match=r"0\.99, 0\.999, 0\.9995"):
        set_recall_goal(gallery=plan.gallery, goal=goal)


def test_counts_are_kept_for_ninety_days(plan: SearchPlan) -> None:
    today = timezone.localdate()
    for age in (0, 90, 91, 400):
        RecallCount.objects.create(
            plan=plan,
            index_name="x",
            lists_searched=1,
            source=NIGHT,
            day=today - timedelta(days=age),
            asked=1,
            agreed=1,
        )
    assert forget_old_counts() == 2
    assert sorted(today - day for day in RecallCount.objects.values_list("day", flat=True)) == [
        timedelta(0),
        timedelta(days=90),
    ]


@pytest.mark.django_db(transaction=True)
def test_two_that_come_to_the_same_verdict_raise_once_and_lose_no_count() -> None:
    gallery: Gallery = factories.gallery()
    plan = SearchPlan.objects.create(
        gallery=gallery, encoder_version=gallery.encoder_version, index_name="an_index", lists=1000, lists_searched=100
    )
    route = route_of(plan)

    def count_some(_: int) -> None:
        for _ in range(5):
            count_recall(route=route, source=LIVE, tally=Tally(10, 5, 2))
        connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count_some, range(8)))
    row = RecallCount.objects.get()
    assert (row.asked, row.agreed, row.wrong_nobody) == (400, 200, 80)
    plan.refresh_from_db()
    assert (plan.lists_searched, plan.raised_from) == (150, 100)
