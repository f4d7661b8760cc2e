"""The index of a gallery, built by the real PostgreSQL beside searches and writers."""

import pytest
from django.db import connection

from faces.exceptions import ConflictError, InvalidRequestError
from faces.models import Template
from faces.services.indexing import request_index
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

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_index_left")]


def explained(gallery_id: int, version_id: int, up_to: int, dimension: int = 128) -> str:
    probe = f"(SELECT array_fill(0.1, ARRAY[{dimension}])::halfvec({dimension}))"
    with connection.cursor() as cursor:
        cursor.execute(
            f"EXPLAIN SELECT id FROM faces_template WHERE gallery_id = {gallery_id} AND encoder_version_id ="
            f" {version_id} AND id <= {up_to} ORDER BY (vector::halfvec({dimension})) <-> {probe} LIMIT 5"
        )
        return "\n".join(row[0] for row in cursor.fetchall())


@pytest.mark.parametrize("dimension", [128, 512])
def test_an_index_is_built_put_into_the_plan_and_finds_everybody(dimension: int) -> None:
    gallery, vectors = gallery_of(1500, dimension=dimension)
    job = build(gallery)
    plan = plan_of(gallery)
    assert (job.state, job.error, job.done, job.total) == ("succeeded", "", 1500, 1500)
    assert (plan.index_rows, plan.is_indexed, plan.index_built_at is not None) == (1500, True, True)
    assert plan.index_up_to >= max(Template.objects.values_list("pk", flat=True))
    assert indexes() == {plan.index_name: True}
    assert plan.index_name in explained(gallery.pk, gallery.encoder_version_id, plan.index_up_to, dimension)
    people = list(Template.objects.order_by("pk").values_list("person_id", flat=True))
    hits = sum(found(gallery, vectors[i]).person_id == people[i] for i in range(0, 1500, 30))
    assert hits == 50  # a template lies in the list of its own center


def test_the_next_index_takes_the_place_of_the_last_one() -> None:
    gallery, _ = gallery_of(1000)
    build(gallery)
    first = plan_of(gallery)
    (person,) = add_templates(gallery, factories.axis(3)[None])
    assert found(gallery, factories.axis(3)).person_id == person  # in the tail
    build(gallery)
    second = plan_of(gallery)
    assert second.index_up_to > first.index_up_to
    assert (second.index_rows, list(indexes())) == (1001, [second.index_name])
    assert found(gallery, factories.axis(3)).person_id == person  # in the index


def test_each_gallery_has_an_index_of_its_own() -> None:
    (one, _), (other, _) = gallery_of(1000, seed=1), gallery_of(1100, seed=2)
    build(one)
    build(other)
    assert set(indexes()) == {plan_of(one).index_name, plan_of(other).index_name}
    assert (plan_of(one).index_rows, plan_of(other).index_rows) == (1000, 1100)


def test_a_gallery_too_small_for_an_index_is_refused_with_the_numbers() -> None:
    gallery, _ = gallery_of(499)
    with pytest.raises(InvalidRequestError, match=r"has 499 people .* from 500 on"):
        request_index(gallery=gallery, sizes=SIZES)


def test_a_gallery_that_shrank_while_its_job_waited_fails_with_the_reason() -> None:
    gallery, _ = gallery_of(1000)
    job = request_index(gallery=gallery, sizes=SIZES)
    Template.objects.filter(gallery=gallery).delete()
    do(job)
    assert (job.state, indexes()) == ("failed", {})
    assert "0 people" in job.error


def test_a_second_request_is_refused_while_one_waits() -> None:
    gallery, _ = gallery_of(500)
    request_index(gallery=gallery, sizes=SIZES)
    with pytest.raises(ConflictError, match="under way"):
        request_index(gallery=gallery, sizes=SIZES)


def test_vectors_of_another_gallery_are_not_in_the_index() -> None:
    gallery, _ = gallery_of(1000, seed=1)
    other, vectors = gallery_of(1000, seed=2)
    build(gallery)
    assert found(gallery, vectors[0]).distance > 0.1
    assert found(other, vectors[0]).distance < 0.001
    assert unit_vectors(1, seed=2).shape == (1, 128)
