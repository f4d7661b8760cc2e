"""Similar people: who of a gallery looks most like somebody in it, by what is stored; nothing is encoded."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pgvector import HalfVector
from pgvector.django import L2Distance

from faces.exceptions import InvalidRequestError, NoEmbeddingError
from faces.models import Embedding, Face, Gallery, Person, Template
from faces.services.nearest import NOBODY, Route
from faces.services.recognition import MAX_CANDIDATES, Candidate, ranked_people
from faces.services.search_plans import standing_of
from faces.services.thresholds import TauInForce


@dataclass(frozen=True)
class Similarity:
    """Who looks like a face, or like a person.

    Attributes:
        face: the face that was asked about; of a person the enrolled face that is most like their template.
        people: the nearest other people, nearest first. Those within tau are probably the same person: recognition
            would take one for the other.
        tau: of recognition.
        route: how they were found.
    """

    face: Face
    people: tuple[Candidate, ...]
    tau: TauInForce
    route: Route


def similar_to_person(*, person: Person, limit: int = 10) -> Similarity:
    """Find the people whose templates are nearest to this person's, in one similarity query.

    Args:
        person: whose gallery is searched; they themselves are left out.
        limit: how many people, 1 to 100.

    Raises:
        InvalidRequestError: `limit` is out of range.
        NoEmbeddingError: the person has no enrolled face.
        NoThresholdError: no tau is set.
    """
    version = person.gallery.encoder_version
    own = Template.objects.filter(person=person, encoder_version=version).values_list("vector", flat=True).first()
    if own is None:
        raise NoEmbeddingError(f"{person.name} has no enrolled face yet. Add a photo of them first.")
    typical = (
        Embedding.objects.filter(person=person, encoder_version=version, is_enrolled=True)
        .select_related("face__photo")
        .order_by(L2Distance("vector", HalfVector(own)), "face_id")
    )
    return _similar(typical[0].face, own, gallery=person.gallery, without=person.pk, limit=limit)


def similar_to_face(*, face: Face, limit: int = 10) -> Similarity:
    """Find the people whose templates are nearest to a face, enrolled or unknown, in one similarity query.

    Args:
        face: whose gallery is searched; the person whose face it is, if any, is left out.
        limit: how many people, 1 to 100.

    Raises:
        InvalidRequestError: `limit` is out of range.
        NoEmbeddingError: the face was never encoded by the version that serves its gallery.
        NoThresholdError: no tau is set.
    """
    rows = Embedding.objects.filter(face=face, encoder_version=face.gallery.encoder_version_id)
    vector = rows.values_list("vector", flat=True).first()
    if vector is None:
        raise NoEmbeddingError("The face has not been encoded yet by the encoder version that serves its gallery.")
    return _similar(face, vector, gallery=face.gallery, without=face.person_id or NOBODY, limit=limit)


def _similar(face: Face, vector: Sequence[float], *, gallery: Gallery, without: int, limit: int) -> Similarity:
    if not 1 <= limit <= MAX_CANDIDATES:
        raise InvalidRequestError(f"Ask for 1 to {MAX_CANDIDATES} people, not {limit}.", limit=limit)
    version = gallery.encoder_version
    standing = standing_of(gallery=gallery, encoder_version=version)
    (people,) = ranked_people(
        standing.route, [np.asarray(vector, dtype=np.float32)], limit=limit, tau=standing.tau.tau, without=[without]
    )
    return Similarity(face=face, people=tuple(people), tau=standing.tau, route=standing.route)
