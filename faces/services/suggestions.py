"""Who an unknown face of the gallery probably is."""

from django.db import connection

from faces.models import Face, Threshold
from faces.services.recognition import Candidate
from faces.services.thresholds import tau_in_force

# The stored vector is the probe, so nothing is encoded; the nearest face decides, as in recognition.
NEAREST_FACE = """
    SELECT nearest.face_id, halfvec_l2_squared_distance(nearest.vector, probe.vector)
    FROM faces_embedding AS probe
    CROSS JOIN LATERAL (
        SELECT face_id, vector FROM faces_embedding
        WHERE gallery_id = %(gallery)s AND encoder_version_id = %(version)s AND is_enrolled
            AND face_id <> probe.face_id
        ORDER BY vector <-> probe.vector, face_id LIMIT 1
    ) AS nearest
    WHERE probe.face_id = %(face)s AND probe.encoder_version_id = %(version)s
"""


def suggest_person(*, face: Face) -> Candidate | None:
    """Return the nearest person of the face's gallery, if recognition would take the face for theirs.

    Returns:
        None where nobody is within tau, or the face has no embedding by the version that serves its gallery.

    Raises:
        NoThresholdError: no tau is set.
    """
    version = face.gallery.encoder_version
    tau = tau_in_force(gallery=face.gallery, encoder_version=version, use=Threshold.Use.RECOGNITION).tau
    parameters = {"gallery": face.gallery_id, "version": version.pk, "face": face.pk}
    with connection.cursor() as cursor:
        cursor.execute(NEAREST_FACE, parameters)
        row = cursor.fetchone()
    if row is None or row[1] > tau:
        return None
    nearest = Face.objects.select_related("person", "photo").filter(pk=row[0]).first()
    return Candidate(nearest, float(row[1]), is_match=True) if nearest is not None else None
