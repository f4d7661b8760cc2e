"""An index is built while others search, write, cancel, kill and delete."""

from concurrent.futures import Future
from functools import partial
from typing import Any

import pytest
from django.db import OperationalError, connection

from faces.models import Gallery, Job, SearchPlan, Template
from faces.services.indexing import build_index, request_index
from faces.services.jobs import cancel_job
from faces.services.tending import tend
from faces.services.working import perform, retry_work
from tests import factories
from tests.faces.services.index_gallery import (
    PATIENCE_SECONDS,
    SIZES,
    add_templates,
    beside,
    build,
    builders,
    do,
    found,
    gallery_of,
    indexes,
    knows,
    old_snapshot,
    other_session,
    plan_of,
    wait_for,
    wait_until_it_waits,
)
from tests.factories import axis

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_index_left")]

INSERT = """
    INSERT INTO faces_template (id, gallery_id, person_id, encoder_version_id, faces, left_out, vector)
    VALUES (coalesce(%s, nextval(pg_get_serial_sequence('faces_template', 'id'))), %s, %s, %s, 1, 0, %s::halfvec)
    RETURNING id
"""


def begun(gallery: Gallery) -> tuple[Job, "Future[Any]"]:
    """A build under way in another thread."""
    job = request_index(gallery=gallery, sizes=SIZES)
    return job, beside(lambda: do(Job.objects.get(pk=job.pk)))


def row(gallery: Gallery, index: int, pk: int | None = None) -> list[int | str | None]:
    """Values for `INSERT`: a new person's template along an axis."""
    person = factories.person(gallery=gallery)
    return [pk, gallery.pk, person.pk, gallery.encoder_version_id, str(axis(index).tolist())]


def test_a_template_that_was_written_before_the_build_and_is_committed_later_is_in_the_index() -> None:
    gallery, _ = gallery_of(1000)
    values = row(gallery, 5)
    with other_session() as writer:
        writer.execute("BEGIN")
        writer.execute(INSERT, values)
        (pk,) = writer.fetchone()
        job, building = begun(gallery)
        wait_until_it_waits(job)
        add_templates(gallery, axis(6)[None])  # a later id is committed before the earlier one
        writer.execute("COMMIT")
    building.result(PATIENCE_SECONDS)
    plan = plan_of(gallery)
    assert pk <= plan.index_up_to
    assert plan.index_rows == 1001
    assert (knows(gallery, axis(5)), knows(gallery, axis(6))) == (True, False)
    assert [found(gallery, axis(index)).distance for index in (5, 6)] == [0, 0]


def test_a_template_with_an_early_id_that_is_written_late_goes_into_the_index_by_itself() -> None:
    gallery, _ = gallery_of(1000)
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('faces_template', 'id'))")
        (early,) = cursor.fetchone()
    with old_snapshot():
        job, building = begun(gallery)
        wait_until_it_waits(job)
        with connection.cursor() as cursor:
            cursor.execute(INSERT, row(gallery, 5, pk=early))
    building.result(PATIENCE_SECONDS)
    with connection.cursor() as cursor:
        cursor.execute(INSERT, row(gallery, 7, pk=plan_of(gallery).index_up_to))
    assert early < plan_of(gallery).index_up_to
    assert (knows(gallery, axis(5)), knows(gallery, axis(7))) == (True, True)


def test_searches_and_writers_go_on_while_an_index_is_built() -> None:
    gallery, vectors = gallery_of(1000)
    with old_snapshot():
        job, building = begun(gallery)
        wait_until_it_waits(job)
        assert found(gallery, vectors[7]).distance < 1e-6
        (person,) = add_templates(gallery, axis(3)[None])
        assert found(gallery, axis(3)).person_id == person
        Template.objects.filter(person=person).delete()
        assert found(gallery, axis(3)).person_id != person
        (person,) = add_templates(gallery, axis(4)[None])
        assert not SearchPlan.objects.exclude(index_name="").exists()
    building.result(PATIENCE_SECONDS)
    assert plan_of(gallery).is_indexed
    assert found(gallery, axis(4)).person_id == person
    assert found(gallery, axis(3)).distance > 0.1


def test_a_cancelled_build_leaves_nothing_and_can_be_tried_again() -> None:
    gallery, _ = gallery_of(1000)
    with old_snapshot():
        job, building = begun(gallery)
        wait_until_it_waits(job)
        cancel_job(job=job)
        building.result(PATIENCE_SECONDS)
        job.refresh_from_db()
        assert (job.state, builders()) == ("cancelled", [])
    assert (indexes(), SearchPlan.objects.count()) == ({}, 0)
    assert do(retry_work(job=job))
    assert indexes() == {plan_of(gallery).index_name: True}


def test_a_build_that_breaks_down_leaves_the_old_index_in_use_and_no_other() -> None:
    gallery, _ = gallery_of(1000)
    build(gallery)
    before = plan_of(gallery).index_name

    def break_down(done: int, total: int, note: str) -> None:
        if "Measures" in note:
            raise ZeroDivisionError

    job = request_index(gallery=gallery, sizes=SIZES)
    perform(job=job, work=partial(build_index, sizes=SIZES, probes=30, show=break_down))
    job.refresh_from_db()
    assert (job.state, plan_of(gallery).index_name, indexes()) == ("failed", before, {before: True})


def test_what_a_killed_build_leaves_is_dropped_by_the_next_one() -> None:
    gallery, _ = gallery_of(1000)
    with old_snapshot():
        job, building = begun(gallery)
        wait_until_it_waits(job)
        (pid,) = builders()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
        with pytest.raises(OperationalError):
            building.result(PATIENCE_SECONDS)
    (left,) = indexes().items()
    assert left[1] is False
    Job.objects.filter(pk=job.pk).update(state=Job.State.QUEUED)  # as the sweep does when it hears nothing
    assert do(Job.objects.get(pk=job.pk))
    assert indexes() == {plan_of(gallery).index_name: True}
    assert left[0] not in indexes()


def test_tending_drops_what_a_killed_build_left_but_not_what_is_being_built() -> None:
    gallery, _ = gallery_of(1000)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE INDEX faces_search_g1_v1_1 ON faces_template USING ivfflat"
            " ((vector::halfvec(128)) halfvec_l2_ops) WHERE id < 5"
        )
    with old_snapshot():
        job, building = begun(gallery)
        wait_until_it_waits(job)
        assert "faces_search_g1_v1_1" not in indexes()  # the build dropped it before it began
        assert tend(sizes=SIZES).dropped == 0
        assert len(indexes()) == 1
    building.result(PATIENCE_SECONDS)
    assert indexes() == {plan_of(gallery).index_name: True}


def test_of_two_builds_one_waits_and_says_so() -> None:
    (one, _), (other, _) = gallery_of(1000, seed=1), gallery_of(1000, seed=2)
    with old_snapshot():
        first, building_first = begun(one)
        wait_until_it_waits(first)
        second, building_second = begun(other)
        wait_for(lambda: "another index" in Job.objects.get(pk=second.pk).note, "the second build waits")
    building_first.result(PATIENCE_SECONDS)
    building_second.result(PATIENCE_SECONDS)
    assert indexes() == {plan_of(one).index_name: True, plan_of(other).index_name: True}


def test_a_gallery_that_is_deleted_while_its_index_is_built_leaves_no_index() -> None:
    gallery, _ = gallery_of(1000)
    with old_snapshot():
        job, building = begun(gallery)
        wait_until_it_waits(job)
        gallery.delete()
        building.exception(PATIENCE_SECONDS)
    assert (indexes(), Template.objects.count(), SearchPlan.objects.count()) == ({}, 0, 0)
