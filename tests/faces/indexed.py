"""Galleries large enough that an index can miss somebody, and indexes that do."""

import numpy as np
import numpy.typing as npt
from django.db import connection
from pgvector import HalfVector

from faces.models import Gallery, SearchPlan, Template
from tests import factories

Vectors = npt.NDArray[np.float32]

# One photo for all; the triggers make the templates.
FILL = """
    WITH photo AS (SELECT %(photo)s::bigint AS id),
    person AS (
        INSERT INTO faces_person
            (gallery_id, name, external_id, metadata, consent, consent_purpose, created_at, updated_at)
        SELECT %(gallery)s, 'Person ' || n, '', '{}', 'unknown', '', now(), now() FROM generate_series(1, %(people)s) n
        RETURNING id
    ),
    sent AS (SELECT vector, index FROM unnest(%(vectors)s::text[]) WITH ORDINALITY AS sent (vector, index)),
    owner AS (SELECT id, row_number() OVER (ORDER BY id) AS number FROM person),
    face AS (
        INSERT INTO faces_face (gallery_id, photo_id, person_id, assigned_by, is_enrolled, "left", top, "right", bottom,
            landmarks, detection_score, size, sharpness, brightness, yaw, pitch, roll, quality, created_at)
        SELECT %(gallery)s, photo.id, owner.id, 'import', true, 40, 30, 140, 150, %(landmarks)s::jsonb,
            0.99, 100, 0.9, 0.5, 0, 0, 0, 0.9, now()
        FROM photo CROSS JOIN sent JOIN owner ON owner.number = (sent.index - 1) %% %(people)s + 1
        ORDER BY sent.index
        RETURNING id, person_id
    ),
    numbered AS (SELECT id, person_id, row_number() OVER (ORDER BY id) AS index FROM face)
    INSERT INTO faces_embedding (face_id, encoder_version_id, gallery_id, person_id, is_enrolled, vector)
    SELECT numbered.id, %(version)s, %(gallery)s, numbered.person_id, true, sent.vector::halfvec
    FROM numbered JOIN sent USING (index)
"""


def clustered(count: int, *, clusters: int = 40, spread: float = 0.2, seed: int = 3) -> Vectors:
    """Unit vectors (count, 128) in groups: within one a squared distance of some 2 `spread`^2 apart."""
    generator = np.random.default_rng(seed)
    centers = generator.normal(size=(clusters, factories.DIMENSION))
    centers /= np.linalg.norm(centers, axis=1, keepdims=True)
    noise = generator.normal(size=(count, factories.DIMENSION)) * spread / np.sqrt(factories.DIMENSION)
    vectors = centers[generator.integers(0, clusters, count)] + noise
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    halved: Vectors = vectors.astype(np.float16).astype(np.float32)
    return halved


def fill(gallery: Gallery, vectors: Vectors, *, people: int | None = None) -> None:
    """Enroll a face for each vector (N, 128); vector i belongs to person i modulo `people`, by default to its own."""
    box = factories.BOX
    parameters: dict[str, object] = {
        "photo": factories.photo(gallery=gallery).pk,
        "gallery": gallery.pk,
        "version": gallery.encoder_version_id,
        "people": people or len(vectors),
        "vectors": [HalfVector(vector).to_text() for vector in vectors],
        "landmarks": str(factories.landmarks(box).as_array().tolist()),
    }
    with connection.cursor() as cursor:
        cursor.execute(FILL, parameters)  # type: ignore[arg-type]


def index(
    gallery: Gallery, *, lists: int = 20, lists_searched: int = 5, up_to: int | None = None, **values: object
) -> SearchPlan:
    """Build an index of a gallery's templates and have its searches use it; few lists searched make it a bad one."""
    version = gallery.encoder_version
    templates = Template.objects.searchable(gallery, version)
    up_to = up_to or templates.order_by("-id").values_list("id", flat=True)[0]
    name = f"test_index_of_{gallery.pk}_{SearchPlan.objects.count()}"
    with connection.cursor() as cursor:
        # What a test's own transaction has yet to check would keep it from building.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        cursor.execute(
            f"CREATE INDEX {name} ON faces_template "
            f"USING ivfflat ((vector::halfvec({version.dimension})) halfvec_l2_ops) WITH (lists = {lists}) "
            f"WHERE gallery_id = {gallery.pk} AND encoder_version_id = {version.pk} AND id <= {up_to}"
        )
    facts = {"index_name": name, "index_up_to": up_to, "index_rows": templates.count()}
    plan, _ = SearchPlan.objects.update_or_create(
        gallery=gallery,
        encoder_version=version,
        defaults={**facts, "lists": lists, "lists_searched": lists_searched, **values},
    )
    return plan
