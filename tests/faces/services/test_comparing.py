"""Answers through an index against the exact ones."""

import numpy as np
import pytest
from django.db import connection

from faces.models import Gallery
from faces.services.comparing import Tally, compare, judge
from faces.services.nearest import Neighbor, Route
from tests import factories
from tests.faces.indexed import clustered, fill, index

NOBODY: list[Neighbor] = []
AGREED, MISSED, WRONG_NOBODY = Tally(1, 1, 0), Tally(1, 0, 0), Tally(1, 0, 1)


@pytest.mark.parametrize(
    ("found", "exact", "verdict"),
    [
        ([Neighbor(1, 0.05)], [Neighbor(1, 0.05)], AGREED),
        ([Neighbor(1, 0.5)], [Neighbor(1, 0.5)], AGREED),  # the same stranger's nearest
        ([Neighbor(2, 0.08)], [Neighbor(1, 0.05)], MISSED),  # another person
        ([Neighbor(2, 0.5)], [Neighbor(1, 0.4)], AGREED),  # nobody both times, whoever is the nearest
        ([Neighbor(2, 0.2)], [Neighbor(1, 0.1)], WRONG_NOBODY),  # exactly tau is a match
        (NOBODY, [Neighbor(1, 0.05)], WRONG_NOBODY),
        (NOBODY, [Neighbor(1, 0.5)], AGREED),
        (NOBODY, NOBODY, AGREED),
        ([Neighbor(2, 0.05 + 9e-7)], [Neighbor(1, 0.05)], AGREED),  # equally near
        ([Neighbor(2, 0.05 + 2e-6)], [Neighbor(1, 0.05)], MISSED),
        ([Neighbor(2, 0.1 + 9e-7)], [Neighbor(1, 0.1)], WRONG_NOBODY),  # equally near, but beyond tau
    ],
)
def test_two_answers_are_compared(found: list[Neighbor], exact: list[Neighbor], verdict: Tally) -> None:
    assert judge(found, exact, tau=0.1) == verdict


def test_no_probe_asks_the_database_nothing(db: None, django_assert_num_queries: object) -> None:
    gallery = factories.gallery()
    with django_assert_num_queries(0):  # type: ignore[operator]
        assert compare(Route.exact(gallery, gallery.encoder_version), [], tau=0.1) == Tally()


@pytest.mark.django_db(transaction=True)
class TestIndexes:
    @pytest.fixture
    def vectors(self) -> np.ndarray:
        return clustered(1000)

    @pytest.fixture
    def gallery(self, vectors: np.ndarray) -> Gallery:
        gallery = factories.gallery()
        fill(gallery, vectors)
        return gallery

    def test_a_bad_index_is_found_out_and_a_good_one_is_not_blamed(self, gallery: Gallery, vectors: np.ndarray) -> None:
        probes = list(clustered(100, seed=3))
        plan = index(gallery, lists=300, lists_searched=1)
        bad = compare(Route.of(plan, gallery, gallery.encoder_version), probes, tau=0.5)
        with connection.cursor() as cursor:
            cursor.execute(f"DROP INDEX {plan.index_name}")
        plan = index(gallery, lists_searched=20)
        good = compare(Route.of(plan, gallery, gallery.encoder_version), probes, tau=0.5)
        assert (bad.asked, good.asked) == (100, 100)
        assert bad.agreed < 90  # where the lists lie is drawn anew in each build
        assert good.agreed >= 99

    def test_the_person_who_is_left_out_is_left_out_of_both_answers(self, gallery: Gallery) -> None:
        people = list(gallery.people.order_by("id").values_list("id", flat=True)[:2])
        templates = {row.person_id: row.vector for row in gallery.templates.filter(person__in=people)}
        plan = index(gallery, lists_searched=20)
        route = Route.of(plan, gallery, gallery.encoder_version)
        probes = [np.array(templates[pk], dtype=np.float32) for pk in people]
        assert compare(route, probes, tau=0.0, without=people) == Tally(2, 2, 0)
