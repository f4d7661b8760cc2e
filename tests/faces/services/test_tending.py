"""The platform looks after its indexes by itself."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from faces.models import Job, Person, SearchPlan, Template
from faces.services.index_decision import Action
from faces.services.indexing import request_index
from faces.services.tending import AFTER_CANCEL, AFTER_FAILURE, index_state, tend, wanted
from tests import factories
from tests.faces.services.index_gallery import (
    SIZES,
    add_templates,
    build,
    do,
    found,
    gallery_of,
    indexes,
    plan_of,
    unit_vectors,
)
from tests.factories import axis

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_index_left")]


def finished(job: Job, *, ago: timedelta) -> None:
    Job.objects.filter(pk=job.pk).update(
        started_at=timezone.now() - ago, finished_at=timezone.now() - ago + timedelta(seconds=1)
    )


def test_a_gallery_that_grows_crosses_over_by_itself_and_back() -> None:
    gallery, _ = gallery_of(999)
    assert tend(sizes=SIZES).requested is None
    (person,) = add_templates(gallery, axis(0)[None])
    requested = tend(sizes=SIZES).requested
    assert requested is not None
    assert (requested.gallery, requested.created_by) == (gallery, None)
    assert do(requested)
    assert plan_of(gallery).index_rows == 1000
    assert tend(sizes=SIZES, is_thorough=True).requested is None

    people = list(Person.objects.order_by("pk").values_list("pk", flat=True))
    Template.objects.filter(person__in=people[:500]).delete()
    assert tend(sizes=SIZES, is_thorough=True).given_up == 0  # 500 are left
    Template.objects.filter(person__in=people[:501]).delete()
    tended = tend(sizes=SIZES, is_thorough=True)
    assert (tended.given_up, tended.dropped) == (1, 1)
    assert (plan_of(gallery).is_indexed, plan_of(gallery).index_up_to, indexes()) == (False, 0, {})
    assert found(gallery, axis(0)).person_id == person


def test_a_small_gallery_beside_a_large_one_stays_exact() -> None:
    large, _ = gallery_of(1000, seed=1)
    small, _ = gallery_of(10, seed=2)
    requested = tend(sizes=SIZES).requested
    assert requested is not None
    assert requested.gallery == large
    do(requested)
    assert tend(sizes=SIZES, is_thorough=True).requested is None
    assert index_state(small, sizes=SIZES).is_exact


def test_a_long_tail_brings_a_new_index() -> None:
    gallery, _ = gallery_of(1000)
    finished(build(gallery), ago=timedelta(hours=1))
    add_templates(gallery, unit_vectors(200, seed=2))
    assert tend(sizes=SIZES).requested is None
    add_templates(gallery, unit_vectors(1, seed=3))
    requested = tend(sizes=SIZES).requested
    assert requested is not None
    do(requested)
    assert (plan_of(gallery).index_rows, index_state(gallery, sizes=SIZES).tail) == (1201, 0)


def test_many_dead_templates_bring_a_new_index_in_a_thorough_round() -> None:
    gallery, _ = gallery_of(1000)
    finished(build(gallery), ago=timedelta(hours=1))
    ids = list(Template.objects.order_by("pk").values_list("pk", flat=True))
    Template.objects.filter(pk__in=ids[:201]).delete()
    assert tend(sizes=SIZES).requested is None
    state = index_state(gallery, sizes=SIZES)
    assert (state.rows, state.dead, state.dead_share, state.decision.action) == (799, 201, 0.201, Action.BUILD)
    requested = tend(sizes=SIZES, is_thorough=True).requested
    assert requested is not None
    do(requested)
    assert index_state(gallery, sizes=SIZES).dead == 0


@pytest.mark.parametrize(
    "how", ["DROP INDEX {name}", "UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{name}'::regclass"]
)
def test_an_index_that_is_gone_or_broken_is_noticed_and_searches_stay_right(how: str) -> None:
    gallery, vectors = gallery_of(1000)
    finished(build(gallery), ago=timedelta(hours=1))
    (person,) = add_templates(gallery, axis(0)[None])
    with connection.cursor() as cursor:
        cursor.execute(how.format(name=plan_of(gallery).index_name))
    assert plan_of(gallery).is_indexed  # nobody has noticed yet
    people = list(Template.objects.order_by("pk").values_list("person_id", flat=True))
    assert [found(gallery, vectors[i]).person_id for i in range(20)] == people[:20]
    assert found(gallery, axis(0)).person_id == person
    assert index_state(gallery, sizes=SIZES).is_exact

    tended = tend(sizes=SIZES)
    assert tended.forgotten == 1
    assert tended.requested is not None
    assert indexes() == {}
    do(tended.requested)
    assert indexes() == {plan_of(gallery).index_name: True}


def test_the_index_of_a_deleted_gallery_is_dropped() -> None:
    gallery, _ = gallery_of(1000)
    build(gallery)
    gallery.delete()
    assert len(indexes()) == 1
    assert tend(sizes=SIZES).dropped == 1
    assert indexes() == {}


def test_one_build_is_asked_for_at_a_time() -> None:
    gallery_of(1000, seed=1)
    gallery_of(1000, seed=2)
    assert tend(sizes=SIZES).requested is not None
    assert tend(sizes=SIZES).requested is None
    assert Job.objects.count() == 1


def test_a_version_that_is_being_prepared_gets_its_index_before_it_serves() -> None:
    gallery, _ = gallery_of(10)
    version = factories.encoder_version()
    gallery.encoder_version = version  # not saved: the factory's goes on to serve
    add_templates(gallery, unit_vectors(1000, seed=2))
    requested = tend(sizes=SIZES).requested
    assert requested is not None
    assert requested.parameters == {"encoder_version": version.pk}
    do(requested)
    assert SearchPlan.objects.get(encoder_version=version).index_rows == 1000


@pytest.mark.parametrize(("state", "pause"), [(Job.State.FAILED, AFTER_FAILURE), (Job.State.CANCELLED, AFTER_CANCEL)])
def test_a_build_that_failed_or_was_cancelled_is_not_begun_again_at_once(state: Job.State, pause: timedelta) -> None:
    gallery, _ = gallery_of(1000)
    job = request_index(gallery=gallery, sizes=SIZES)
    Job.objects.filter(pk=job.pk).update(state=state, finished_at=timezone.now())
    assert tend(sizes=SIZES).requested is None
    assert index_state(gallery, sizes=SIZES).not_before is not None
    finished(job, ago=pause + timedelta(seconds=2))
    assert index_state(gallery, sizes=SIZES).not_before is None
    assert tend(sizes=SIZES).requested is not None


def test_building_takes_a_third_of_the_time_at_most() -> None:
    gallery, _ = gallery_of(1000)
    job = build(gallery)
    add_templates(gallery, unit_vectors(300, seed=2))
    now = timezone.now()
    for rested, may_begin in ((19, False), (21, True)):
        Job.objects.filter(pk=job.pk).update(
            started_at=now - timedelta(minutes=10 + rested), finished_at=now - timedelta(minutes=rested)
        )
        assert (tend(sizes=SIZES).requested is not None) is may_begin


def test_the_state_of_an_index_is_told_for_a_page() -> None:
    gallery, _ = gallery_of(1000)
    before = index_state(gallery, sizes=SIZES)
    assert (before.is_exact, before.rows, before.size_bytes, before.built_at) == (True, 1000, 0, None)
    assert before.decision.action is Action.BUILD
    build(gallery)
    add_templates(gallery, unit_vectors(3, seed=2))
    request_index(gallery=gallery, sizes=SIZES)
    state = index_state(gallery, sizes=SIZES)
    assert (state.is_exact, state.rows, state.tail, state.index_rows, state.dead) == (False, 1003, 3, 1000, 0)
    assert state.size_bytes > 1000 * 128 * 2
    assert state.built_at is not None
    assert state.job is not None
    assert wanted(plan_of(gallery), sizes=SIZES) == state.decision
    assert state.decision.action is Action.KEEP
