"""How far a gallery's own people scatter: what decides whether two people can be told apart (see `encoder.noise`)."""

import numpy as np
from django.db import connection
from django.utils import timezone

from encoder.noise import FEWEST_FACES, MOST_PAIRS, ProbeNoise, probe_noise
from faces.models import Gallery, SearchPlan

FEWEST_PEOPLE = 30
"""Fewer do not say more about the gallery than what was measured for the encoder version."""

MOST_PEOPLE = 2000
MOST_FACES = 2 * MOST_PAIRS + 1
"""Of a person: as many as take part in pairs, and one for the template of those that do not."""

FACES = """
    WITH people AS (
        SELECT person_id FROM faces_template
        WHERE gallery_id = %(gallery)s AND encoder_version_id = %(version)s AND faces >= %(fewest)s
        ORDER BY random() LIMIT %(people)s
    )
    SELECT person_id, vector::text, quality FROM (
        SELECT e.person_id, e.vector, f.quality,
            row_number() OVER (PARTITION BY e.person_id ORDER BY random()) AS place, f.id
        FROM people
        JOIN faces_embedding e ON e.person_id = people.person_id
        JOIN faces_face f ON f.id = e.face_id
        WHERE e.encoder_version_id = %(version)s AND e.is_enrolled
    ) AS drawn
    WHERE place <= %(faces)s ORDER BY person_id, id
"""


def measure_noise(*, gallery: Gallery) -> ProbeNoise | None:
    """Measure the noise on the gallery's own people, and keep it in the plan of the version that serves it.

    With too few people the plan has none, and that of the encoder version applies.

    Returns:
        What was kept; None for too few people.
    """
    measured = _measure(gallery)
    if measured is None or measured.people < FEWEST_PEOPLE or measured.sigma <= 0:
        SearchPlan.objects.filter(gallery=gallery, encoder_version_id=gallery.encoder_version_id).update(
            probe_noise=None, probe_noise_people=measured.people if measured else 0, updated_at=timezone.now()
        )
        return None
    SearchPlan.objects.update_or_create(
        gallery=gallery,
        encoder_version_id=gallery.encoder_version_id,
        defaults={"probe_noise": measured.sigma, "probe_noise_people": measured.people},
    )
    return measured


def _measure(gallery: Gallery) -> ProbeNoise | None:
    values = {
        "gallery": gallery.pk,
        "version": gallery.encoder_version_id,
        "fewest": FEWEST_FACES,
        "people": MOST_PEOPLE,
        "faces": MOST_FACES,
    }
    with connection.cursor() as cursor:
        cursor.execute(FACES, values)
        rows = cursor.fetchall()
    if not rows:
        return None
    people, texts, qualities = zip(*rows, strict=True)
    vectors = np.array([np.fromstring(text[1:-1], dtype=np.float32, sep=",") for text in texts])
    # Stored with half precision, a vector's length is 1 within 0.0005.
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return probe_noise(vectors, np.array(people, dtype=np.int64), np.array(qualities, dtype=np.float32))
