"""Recognition (1:N): who in this gallery is it, or nobody?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection
from pgvector import HalfVector

from encoder.geometry import EncodedFace
from faces.exceptions import InvalidRequestError
from faces.models import Face, Gallery, Person, Photo, Threshold
from faces.services.thresholds import TauInForce, tau_in_force

MAX_CANDIDATES = 100


@dataclass(frozen=True)
class Candidate:
    """One ranked person: `face` is the person's enrolled face nearest to the probe.

    Of face, person and photo it has loaded what answers tell of them; anything else is fetched when it is asked for.
    """

    face: Face
    distance: float
    is_match: bool


@dataclass(frozen=True)
class Recognition:
    """The answer for one probe face.

    Attributes:
        probe: the face that was asked about.
        candidates: the nearest people, nearest first, one entry each, those beyond tau included and marked.
        tau: the largest distance of a match.
        gap: how much farther the second person is than the first; None where there are fewer than two people.
    """

    probe: EncodedFace
    candidates: tuple[Candidate, ...]
    tau: TauInForce
    gap: float | None

    @property
    def match(self) -> Candidate | None:
        """The person it is, or None for nobody."""
        return self.candidates[0] if self.candidates and self.candidates[0].is_match else None


# One scan of the gallery's own searchable rows per probe, all probes in one statement. A person's nearest face stands
# for the person. `<->` orders by the plain L2 distance; the squared one is computed anew for the few rows that are
# left, because a squared square root is not quite what it was, and tau is compared with `<=`.
NEAREST_PEOPLE = """
    SELECT probe.index, halfvec_l2_squared_distance(nearest.vector, probe.vector::halfvec),
        face.id, face.gallery_id, face.photo_id, face.person_id, face.is_enrolled,
        person.id, person.gallery_id, person.name, person.external_id,
        photo.id, photo.gallery_id, photo.key, photo.name
    FROM unnest(%(vectors)s::text[]) WITH ORDINALITY AS probe (vector, index)
    CROSS JOIN LATERAL (
        SELECT face_id, vector, l2 FROM (
            SELECT DISTINCT ON (person_id) face_id, vector, vector <-> probe.vector::halfvec AS l2
            FROM faces_embedding
            WHERE gallery_id = %(gallery)s AND encoder_version_id = %(version)s AND is_enrolled
            ORDER BY person_id, vector <-> probe.vector::halfvec, face_id
        ) AS person
        ORDER BY l2, face_id LIMIT %(limit)s
    ) AS nearest
    JOIN faces_face AS face ON face.id = nearest.face_id
    JOIN faces_person AS person ON person.id = face.person_id
    JOIN faces_photo AS photo ON photo.id = face.photo_id
    ORDER BY probe.index, nearest.l2, nearest.face_id
"""
# As in the statement; `from_db` takes them in the order of the model's fields.
FACE_COLUMNS = ("id", "gallery_id", "photo_id", "person_id", "is_enrolled")
PERSON_COLUMNS = ("id", "gallery_id", "name", "external_id")
PHOTO_COLUMNS = ("id", "gallery_id", "key", "name")


def recognize(*, gallery: Gallery, probes: Sequence[EncodedFace], limit: int = 5) -> list[Recognition]:
    """Name the nearest people for every probe face, in one similarity query.

    Args:
        gallery: who may be found. The probes must be encoded by the version that serves it.
        probes: faces, possibly none.
        limit: how many people to rank, 1 to 100.

    Returns:
        One answer per probe, in their order.

    Raises:
        InvalidRequestError: `limit` is out of range, or a probe has another dimension than the gallery's embeddings.
        NoThresholdError: no tau is set.
    """
    if not 1 <= limit <= MAX_CANDIDATES:
        raise InvalidRequestError(f"Ask for 1 to {MAX_CANDIDATES} candidates, not {limit}.", limit=limit)
    version = gallery.encoder_version
    tau = tau_in_force(gallery=gallery, encoder_version=version, use=Threshold.Use.RECOGNITION)
    for probe in probes:
        if probe.embedding.shape != (version.dimension,):
            raise InvalidRequestError(
                f"The probe has {probe.embedding.size} numbers; version “{version.name}” has {version.dimension}."
            )
    ranked = _nearest_people(gallery, probes, limit) if probes else []
    answers = []
    for index, probe in enumerate(probes):
        rows = [(face, distance) for i, face, distance in ranked if i == index]
        candidates = tuple(Candidate(face, distance, distance <= tau.tau) for face, distance in rows)
        gap = candidates[1].distance - candidates[0].distance if len(candidates) > 1 else None
        answers.append(Recognition(probe=probe, candidates=candidates[:limit], tau=tau, gap=gap))
    return answers


def _nearest_people(gallery: Gallery, probes: Sequence[EncodedFace], limit: int) -> list[tuple[int, Face, float]]:
    """Return (index of the probe, face, squared distance), ordered by both; at least two people, for the gap."""
    vectors = [HalfVector(np.asarray(probe.embedding, dtype=np.float32)).to_text() for probe in probes]
    parameters: dict[str, list[str] | int] = {
        "vectors": vectors,
        "gallery": gallery.pk,
        "version": gallery.encoder_version_id,
        "limit": max(limit, 2),
    }
    with connection.cursor() as cursor:
        cursor.execute(NEAREST_PEOPLE, parameters)
        return [(index - 1, _face(values), float(distance)) for index, distance, *values in cursor.fetchall()]


def _face(values: Sequence[object]) -> Face:
    """Return a face with its person and photo, of the columns that the statement selects."""
    end = len(FACE_COLUMNS) + len(PERSON_COLUMNS)
    face = Face.from_db(connection.alias, FACE_COLUMNS, values[: len(FACE_COLUMNS)])
    face.person = Person.from_db(connection.alias, PERSON_COLUMNS, values[len(FACE_COLUMNS) : end])
    face.photo = Photo.from_db(connection.alias, PHOTO_COLUMNS, values[end:])
    return face
