"""How many lists of a new index a search has to look through."""

from collections.abc import Iterator
from math import ceil

import numpy as np
import pytest
from django.db import connection
from django.utils import timezone

from faces.exceptions import JobCancelledError
from faces.models import Gallery, Person, SearchPlan, Threshold
from faces.services.calibration import SHARES, draw_probes, lists_to_search
from faces.services.index_lists import FEWEST_SAMPLES, MOST_LISTS, lists_for, memory_for
from faces.services.nearest import NOBODY, Route
from faces.services.thresholds import set_tau
from tests import factories
from tests.faces.indexed import clustered, fill, index

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_index_left")]

LISTS = 100


@pytest.fixture
def gallery() -> Iterator[Gallery]:
    """600 people of one face, far from being told apart by few lists, through an index even where a scan costs less."""
    gallery = factories.gallery()
    fill(gallery, clustered(600, clusters=1, spread=1.5))
    set_tau(
        gallery=gallery,
        encoder_version=gallery.encoder_version,
        use=Threshold.Use.RECOGNITION,
        tau=4.0,
        reason="test",
        user=None,
    )
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off; SET enable_sort = off; SET enable_bitmapscan = off")
        yield gallery
        cursor.execute("RESET enable_seqscan; RESET enable_sort; RESET enable_bitmapscan")


def quiet(done: int, total: int) -> None:
    """Progress that nobody looks at."""


def searched(plan: SearchPlan) -> int:
    route = Route.of(plan, plan.gallery, plan.encoder_version)
    return lists_to_search(route=route, lists=plan.lists, plan=plan, tell=quiet, probes=100, unnoticed=0)


def test_a_higher_goal_takes_more_lists_and_the_answer_is_one_of_the_shares(gallery: Gallery) -> None:
    plan = index(gallery, lists=LISTS, lists_searched=1, recall_goal=0.5)
    low = searched(plan)
    plan.recall_goal = 0.999
    high = searched(plan)
    assert 1 <= low < high <= LISTS
    assert {low, high} <= {ceil(share * LISTS) for share in SHARES}


def test_where_searches_had_shown_that_more_are_needed_it_is_not_fewer(gallery: Gallery) -> None:
    plan = index(gallery, lists=LISTS, lists_searched=80, recall_goal=0.5)
    assert searched(plan) < 80
    plan.raised_at = timezone.now()
    assert searched(plan) == 80


def test_who_wishes_to_stop_is_heard(gallery: Gallery) -> None:
    plan = index(gallery, lists=LISTS, lists_searched=1)

    def stop(done: int, total: int) -> None:
        raise JobCancelledError("It was cancelled.")

    with pytest.raises(JobCancelledError):
        lists_to_search(
            route=Route.of(plan, gallery, gallery.encoder_version), lists=LISTS, plan=plan, tell=stop, probes=10
        )


def test_where_nobody_has_two_faces_each_is_looked_for_without_themselves(gallery: Gallery) -> None:
    up_to = gallery.templates.order_by("-pk").values_list("pk", flat=True)[299]
    probes = draw_probes(gallery, gallery.encoder_version, up_to=up_to, count=1000)
    first_half = set(gallery.templates.filter(pk__lte=up_to).values_list("person_id", flat=True))
    assert {probe.without for probe in probes} == first_half
    assert len(probes) == len(first_half) == 301


def test_probes_differ_from_templates_as_photos_of_a_person_differ() -> None:
    gallery = factories.gallery()
    one, two = factories.person(gallery=gallery), factories.person(gallery=gallery)
    first, second = factories.at_distance(0.1, of=0, towards=1), factories.axis(0)
    for vector in (first, second):
        factories.face(person=one, vector=vector)
    factories.face(person=two, vector=factories.axis(5))
    up_to = gallery.templates.order_by("-pk").values_list("pk", flat=True)[0]
    probes = draw_probes(gallery, gallery.encoder_version, up_to=up_to, count=10)
    assert [probe.without for probe in probes] == [NOBODY, NOBODY]
    of_one = next(probe.vector for probe in probes if probe.vector[5] == 0)
    of_two = next(probe.vector for probe in probes if probe.vector[5] != 0)
    moved = factories.axis(5) + first - second
    np.testing.assert_allclose(of_one, first, atol=1e-3)
    np.testing.assert_allclose(of_two, moved / np.linalg.norm(moved), atol=1e-3)


def test_a_gallery_without_templates_has_no_probes() -> None:
    gallery = factories.gallery()
    assert not Person.objects.exists()
    assert draw_probes(gallery, gallery.encoder_version, up_to=100, count=10) == []


def test_lists_grow_with_the_root_of_the_templates() -> None:
    plenty = 1 << 40
    assert lists_for(400_000, 128, memory=plenty) == 1518
    assert lists_for(30_000, 128, memory=plenty) == 416
    assert lists_for(1, 128, memory=plenty) == 2
    assert lists_for(1_000_000_000, 128, memory=1 << 60) == MOST_LISTS


@pytest.mark.parametrize("dimension", [128, 512, 4000])
@pytest.mark.parametrize("memory", [1, 64 << 20, 1 << 30])
def test_finding_the_centers_fits_into_the_memory_there_is(memory: int, dimension: int) -> None:
    lists = lists_for(1_000_000, dimension, memory=memory)
    assert lists == 1 or memory_for(lists, dimension) <= memory
    assert lists == lists_for(1_000_000, dimension, memory=1 << 40) or memory_for(lists + 2, dimension) > memory * 0.98


def test_the_memory_is_that_of_a_bound_for_each_sample_and_center() -> None:
    assert memory_for(1500, 128) == pytest.approx(75_000 * 1500 * 4, rel=0.1)
    assert memory_for(10, 128) > FEWEST_SAMPLES * 10 * 4
