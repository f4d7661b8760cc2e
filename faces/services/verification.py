"""Verification (1:1): is the probe this person, or this other photo's face?"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pgvector import HalfVector
from pgvector.django import L2Distance

from encoder.geometry import EncodedFace, EncodedPhoto
from faces.exceptions import InvalidRequestError, NoEmbeddingError, NoFaceFoundError, SeveralFacesFoundError
from faces.models import Embedding, Face, Gallery, Person, Photo, Threshold
from faces.querysets import EmbeddingQuerySet
from faces.services.encoders import default_encoder_version
from faces.services.portraits import main_face_index
from faces.services.thresholds import TauInForce, tau_in_force


class SquaredL2Distance(L2Distance):
    """The squared distance as pgvector computes it, without the way through a square root."""

    function = "halfvec_l2_squared_distance"
    arg_joiner = ", "


@dataclass(frozen=True)
class Verification:
    """The answer: `face` is the stored face that the probe was nearest to, None between two uploads."""

    distance: float
    tau: TauInForce
    face: Face | None = None

    @property
    def is_match(self) -> bool:
        """Whether it is the same person."""
        return self.distance <= self.tau.tau


def squared_distance(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> float:
    """Return d(a, b) = ||a - b||² of two unit vectors of shape (D,): 0 (same) to 4. FaceNet, section 3.

    Raises:
        InvalidRequestError: the two have different dimensions.
    """
    if a.shape != b.shape:
        raise InvalidRequestError(
            "The two embeddings have different dimensions: they come from different encoder versions."
        )
    difference = a.astype(np.float64) - b.astype(np.float64)
    return float(difference @ difference)


def one_face(photo: EncodedPhoto, *, which: str) -> EncodedFace:
    """Return the one face that a probe photo is about.

    Args:
        photo: as the encoder saw it.
        which: how the asker knows the photo, for the error's text ("the probe", "photo 2").

    Raises:
        NoFaceFoundError: it shows no face.
        SeveralFacesFoundError: two or more are equally likely to be meant.
    """
    if not photo.faces:
        raise NoFaceFoundError(
            f"No face was found in {which}. Send a photo in which the face is at least 40 pixels wide."
        )
    main = main_face_index([face.box for face in photo.faces], photo.width, photo.height)
    if main is None:
        raise SeveralFacesFoundError(
            f"There are {len(photo.faces)} faces in {which}, and it is not clear which is meant. "
            "Send a photo of one person, or cut the others off.",
            faces=len(photo.faces),
        )
    return photo.faces[main]


def verify_person(*, person: Person, probe: EncodedFace) -> Verification:
    """Compare a probe with all enrolled faces of the claimed person; the nearest decides.

    The probe must be encoded by the version that serves the person's gallery.

    Raises:
        NoEmbeddingError: the person has no enrolled face.
        NoThresholdError: no tau is set.
    """
    rows = Embedding.objects.filter(person=person, is_enrolled=True)
    return _nearest(person.gallery, rows, probe, f"{person.name} has no enrolled face yet. Add a photo of them first.")


def verify_photo(*, photo: Photo, probe: EncodedFace) -> Verification:
    """Compare a probe with the faces of a stored photo; the nearest decides. Raises what `verify_person` raises."""
    rows = Embedding.objects.filter(face__photo=photo)
    return _nearest(photo.gallery, rows, probe, f"Photo {photo.pk} has no encoded face to compare with.")


def _nearest(gallery: Gallery, rows: EmbeddingQuerySet[Embedding], probe: EncodedFace, nothing: str) -> Verification:
    version = gallery.encoder_version
    tau = tau_in_force(gallery=gallery, encoder_version=version, use=Threshold.Use.VERIFICATION)
    vector = HalfVector(np.asarray(probe.embedding, dtype=np.float32))
    nearest = (
        rows.filter(gallery=gallery, encoder_version=version)
        .annotate(l2=L2Distance("vector", vector), distance=SquaredL2Distance("vector", vector))
        .select_related("face__photo", "face__person")
        .order_by("l2", "face_id")
        .first()
    )
    if nearest is None:
        raise NoEmbeddingError(nothing)
    return Verification(distance=float(nearest.distance), tau=tau, face=nearest.face)


def verify_faces(*, first: EncodedFace, second: EncodedFace, gallery: Gallery | None = None) -> Verification:
    """Compare two probes that were both encoded by the version that serves the gallery (or new galleries, without one).

    Raises:
        NoThresholdError: no tau is set.
    """
    version = gallery.encoder_version if gallery is not None else default_encoder_version()
    tau = tau_in_force(gallery=gallery, encoder_version=version, use=Threshold.Use.VERIFICATION)
    return Verification(distance=squared_distance(first.embedding, second.embedding), tau=tau)
