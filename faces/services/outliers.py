"""Which enrolled faces of a person are so unlike the others that the template leaves them out."""

import numpy as np

from encoder.templates import template
from faces.models import Embedding, Template


def faces_left_out(of: Template) -> frozenset[int]:
    """Return the numbers of the enrolled faces that a person's template is not made of; often none.

    The database keeps how many there are, not which; that is computed here, by the same definition.
    """
    if not of.left_out:
        return frozenset()
    rows = (
        Embedding.objects.filter(person=of.person_id, encoder_version=of.encoder_version_id, is_enrolled=True)
        .order_by("face_id")
        .values_list("face_id", "vector", "face__quality")
    )
    faces = [face for face, _, _ in rows]
    vectors = np.asarray([vector for _, vector, _ in rows], dtype=np.float32)  # (M, D)
    kept = template(vectors, np.asarray([quality for _, _, quality in rows], dtype=np.float32)).kept
    return frozenset(face for face, is_kept in zip(faces, kept, strict=True) if not is_kept)
