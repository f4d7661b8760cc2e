"""Galleries of a few thousand templates, written as a bulk load writes them: past the faces they would be made of."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection
from pgvector import HalfVector

from faces.models import Gallery, Job, SearchPlan
from faces.services.index_decision import Sizes
from faces.services.indexing import build_index, request_index
from faces.services.nearest import Neighbor, Route, nearest_people
from faces.services.working import perform
from tests import factories

Vectors = npt.NDArray[np.float32]

SIZES = Sizes(build_from=1000, drop_below=500, tail=200, tail_share=0.1, dead_share=0.2)


def unit_vectors(count: int, *, seed: int, dimension: int = factories.DIMENSION) -> Vectors:
    """(count, dimension) of unit length, all numbers exact in half precision."""
    vectors = np.random.default_rng(seed).normal(size=(count, dimension))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float16).astype(np.float32)


def gallery_of(count: int, *, seed: int = 1, dimension: int = factories.DIMENSION) -> tuple[Gallery, Vectors]:
    """A gallery of `count` people with a template each, and their templates in order of their ids."""
    version = None if dimension == factories.DIMENSION else factories.encoder_version(dimension=dimension)
    gallery = factories.gallery(**{"encoder_version": version} if version else {})
    vectors = unit_vectors(count, seed=seed, dimension=dimension)
    add_templates(gallery, vectors)
    return gallery, vectors


def add_templates(gallery: Gallery, vectors: Vectors) -> list[int]:
    """New people with these templates; returns their ids."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH sent AS (SELECT * FROM unnest(%s::text[]) WITH ORDINALITY AS v (vector, place)), people AS ("
            " INSERT INTO faces_person (gallery_id, name, external_id, metadata, consent, consent_purpose, created_at,"
            " updated_at) SELECT %s, 'Person ' || place, '', '{}', 'unknown', '', now(), now() FROM sent"
            " ORDER BY place RETURNING id), numbered AS ("
            " SELECT id, row_number() OVER (ORDER BY id) AS place FROM people)"
            " INSERT INTO faces_template (gallery_id, person_id, encoder_version_id, faces, left_out, vector)"
            " SELECT %s, numbered.id, %s, 1, 0, sent.vector::halfvec FROM sent JOIN numbered USING (place)"
            " ORDER BY place RETURNING person_id",
            [
                [HalfVector(vector).to_text() for vector in vectors],
                gallery.pk,
                gallery.pk,
                gallery.encoder_version_id,
            ],
        )
        return [int(row[0]) for row in cursor.fetchall()]


def plan_of(gallery: Gallery) -> SearchPlan:
    """The plan by the version that serves the gallery."""
    return SearchPlan.objects.get(gallery=gallery, encoder_version=gallery.encoder_version_id)


def build(gallery: Gallery) -> Job:
    """Ask for an index and build it; returns the finished job."""
    job = request_index(gallery=gallery, sizes=SIZES)
    perform(job=job, work=lambda job: build_index(job, sizes=SIZES))
    job.refresh_from_db()
    return job


def found(gallery: Gallery, probe: npt.NDArray[np.float32]) -> Neighbor:
    """The nearest person, as a search right now finds them."""
    plan = SearchPlan.objects.filter(gallery=gallery).first()
    (nearest,) = nearest_people(Route.of(plan, gallery, gallery.encoder_version), [probe], limit=1)
    return nearest[0]


def indexes() -> dict[str, bool]:
    """Names of the HNSW indexes of templates in the database, and whether each is valid."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexrelid::regclass::text, indisvalid FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid"
            " WHERE indrelid = 'faces_template'::regclass AND relam = (SELECT oid FROM pg_am WHERE amname = 'hnsw')"
        )
        return {str(name): bool(valid) for name, valid in cursor.fetchall()}


def beside(work: Callable[[], Any]) -> "Future[Any]":
    """Do something in another thread, with a database connection that is closed at its end."""

    def run() -> Any:
        try:
            return work()
        finally:
            connection.close()

    with_one = ThreadPoolExecutor(max_workers=1)
    future = with_one.submit(run)
    with_one.shutdown(wait=False)
    return future
