"""The nearest people through an index and its tail, against a loop over all templates."""

import json
from collections.abc import Sequence

import numpy as np
import pytest
from django.db import connection

from faces.models import Gallery, Person, SearchPlan, Template
from faces.services.nearest import NOBODY, Neighbor, Route, nearest_people, nearest_templates, parameters
from faces.services.people import delete_person, merge_people
from tests import factories

pytestmark = pytest.mark.django_db

PEOPLE = 60


def unit_vectors(count: int, *, seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(count, factories.DIMENSION))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float16).astype(np.float32)


@pytest.fixture
def gallery() -> Gallery:
    gallery = factories.gallery()
    photo = factories.photo(gallery=gallery)
    for number, vector in enumerate(unit_vectors(PEOPLE, seed=1)):
        person = factories.person(gallery=gallery, name=f"Person {number}")
        factories.face(photo=photo, person=person, vector=vector)
    return gallery


def indexed(gallery: Gallery, *, share: float = 0.7) -> Route:
    """An index over the first templates of a gallery, as the platform makes it."""
    ids = list(Template.objects.of(gallery).order_by("pk").values_list("pk", flat=True))
    up_to = ids[int(len(ids) * share)]
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # checks that are still to be made would forbid the index
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        cursor.execute(
            "CREATE INDEX faces_test_index ON faces_template USING ivfflat ((vector::halfvec(128)) halfvec_l2_ops)"
            " WITH (lists = 4) WHERE gallery_id = %s AND encoder_version_id = %s AND id <= %s",
            [gallery.pk, gallery.encoder_version_id, up_to],
        )
    plan = SearchPlan.objects.create(
        gallery=gallery,
        encoder_version=gallery.encoder_version,
        index_name="faces_test_index",
        index_up_to=up_to,
        lists=4,
        lists_searched=4,
    )
    return Route.of(plan, gallery, gallery.encoder_version)


def by_loop(gallery: Gallery, probe: np.ndarray, limit: int, without: int = NOBODY) -> list[int]:
    distances = []
    for template in Template.objects.of(gallery):
        pairs = zip(np.array(template.vector), probe, strict=True)
        distances.append((sum((float(a) - float(b)) ** 2 for a, b in pairs), template.person_id))
    return [person for _, person in sorted(distances) if person != without][:limit]


def people(answers: Sequence[Sequence[Neighbor]]) -> list[list[int]]:
    return [[neighbor.person_id for neighbor in answer] for answer in answers]


def test_both_routes_find_the_people_that_a_loop_finds_for_each_of_several_probes(gallery: Gallery) -> None:
    probes = unit_vectors(5, seed=2)
    expected = [by_loop(gallery, probe, 7) for probe in probes]
    exact = Route.exact(gallery, gallery.encoder_version)
    assert people(nearest_people(exact, probes, limit=7)) == expected
    assert people(nearest_people(indexed(gallery), probes, limit=7)) == expected


def test_the_index_is_used_and_the_tail_is_scanned(gallery: Gallery) -> None:
    route = indexed(gallery)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")  # so few rows need no index
        cursor.execute(
            f"EXPLAIN (FORMAT JSON) WITH {nearest_templates(route)} SELECT * FROM nearest",
            parameters(route, unit_vectors(1, seed=3), limit=5),
        )
        plan = json.dumps(cursor.fetchone())
    assert "faces_test_index" in plan
    assert "id > " in plan


def test_an_exact_route_is_never_answered_by_an_index(gallery: Gallery) -> None:
    indexed(gallery)
    route = Route.exact(gallery, gallery.encoder_version)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            f"EXPLAIN (FORMAT JSON) WITH {nearest_templates(route)} SELECT * FROM nearest",
            parameters(route, unit_vectors(1, seed=3), limit=5),
        )
        assert "faces_test_index" not in json.dumps(cursor.fetchone())


def test_a_person_who_is_left_out_of_one_probe_is_found_by_the_others(gallery: Gallery) -> None:
    first = Template.objects.of(gallery).order_by("pk").first()
    assert first is not None
    probe = np.array(first.vector, dtype=np.float32)
    for route in (Route.exact(gallery, gallery.encoder_version), indexed(gallery)):
        found = people(nearest_people(route, [probe, probe], limit=3, without=[first.person_id, NOBODY]))
        assert found[0] == by_loop(gallery, probe, 3, without=first.person_id)
        assert found[1] == by_loop(gallery, probe, 3)
        assert found[1][0] == first.person_id


def test_whoever_is_enrolled_deleted_or_merged_after_the_index_was_built_is_right_in_the_next_search(
    gallery: Gallery,
) -> None:
    route = indexed(gallery, share=1 - 1e-9)
    newcomer = factories.person(gallery=gallery, name="Newcomer")
    face = factories.face(person=newcomer, vector=factories.axis(5))
    assert people(nearest_people(route, [factories.axis(5)], limit=1)) == [[newcomer.pk]]
    known = Person.objects.of(gallery).order_by("pk")[0]
    known_vector = np.array(Template.objects.get(person=known).vector, dtype=np.float32)
    merge_people(source=newcomer, target=known)
    (nearest,) = nearest_people(route, [factories.axis(5)], limit=1)
    assert nearest[0].person_id == known.pk  # the template of both photos
    assert 0 < nearest[0].distance < 1.5
    delete_person(person=known)
    for vector in (factories.axis(5), known_vector):
        assert known.pk not in people(nearest_people(route, [vector], limit=PEOPLE))[0]
    assert not type(face).objects.filter(pk=face.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_the_settings_of_a_search_do_not_outlive_it() -> None:
    gallery = factories.gallery()
    for index in range(4):
        factories.face(person=factories.person(gallery=gallery), vector=factories.axis(index))
    route = indexed(gallery)
    assert len(nearest_people(route, [factories.axis(0)], limit=1)[0]) == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('ivfflat.probes'), current_setting('ivfflat.iterative_scan')")
        assert cursor.fetchone() == ("1", "off")
        cursor.execute("DROP INDEX faces_test_index")
