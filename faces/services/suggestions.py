"""Who an unknown face of the gallery probably is."""

from faces.exceptions import NoEmbeddingError
from faces.models import Face
from faces.services.recognition import Candidate
from faces.services.similarity import similar_to_face


def suggest_person(*, face: Face) -> Candidate | None:
    """Return the nearest person of the face's gallery, if recognition would take the face for theirs.

    Returns:
        None where nobody is within tau, or the face has no embedding by the version that serves its gallery.

    Raises:
        NoThresholdError: no tau is set.
    """
    try:
        nearest = similar_to_face(face=face, limit=1).people
    except NoEmbeddingError:
        return None
    return nearest[0] if nearest and nearest[0].is_match else None
