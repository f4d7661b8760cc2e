"""Verification (1:1): is the probe this person, or this other photo's face?"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pgvector import HalfVector
from pgvector.django import L2Distance

from encoder.geometry import BoundingBox, EncodedFace, EncodedPhoto
from faces.exceptions import InvalidRequestError, NoEmbeddingError, NoFaceFoundError, SeveralFacesFoundError
from faces.models import Embedding, EncoderVersion, Face, Gallery, PairClassifier, Person, Photo, Template, Threshold
from faces.querysets import EmbeddingQuerySet
from faces.services.encoders import default_encoder_version
from faces.services.error_rates import ErrorRate, error_rate_of
from faces.services.portraits import main_face_index
from faces.services.probability import Probability, probability_in_force
from faces.services.thresholds import TauInForce, tau_in_force

Compares = PairClassifier.Compares


class SquaredL2Distance(L2Distance):
    """The squared distance as pgvector computes it, without the way through a square root."""

    function = "halfvec_l2_squared_distance"
    arg_joiner = ", "


@dataclass(frozen=True)
class Verification:
    """The answer.

    Attributes:
        distance: what decides: to the claimed person's template, to the stored photo's face, or to the other upload's.
        tau: the largest distance of a match.
        compares: with what the probe was compared; the same tau stands for different error rates.
        person: who was claimed, or whose face the stored photo's is; None between two uploads, and for nobody's face.
        face: the stored face to show beside the probe: the person's enrolled face that is nearest to it, or the stored
            photo's; None between two uploads.
        face_distance: of that face to the probe.
        template: of the claimed person, without its vector; None in other comparisons.
        probability: that it is the same person; None where nothing was calibrated.
    """

    distance: float
    tau: TauInForce
    compares: PairClassifier.Compares
    person: Person | None = None
    face: Face | None = None
    face_distance: float | None = None
    template: Template | None = None
    probability: Probability | None = None

    @property
    def is_match(self) -> bool:
        """Whether it is the same person."""
        return self.distance <= self.tau.tau

    @property
    def error_rate(self) -> ErrorRate | None:
        """The error rate that tau stands for in this comparison; None where nobody measured it."""
        return error_rate_of(self.tau.threshold, self.compares)


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
    """Compare a probe with the claimed person's template: the mean of their enrolled faces, outliers left out.

    Of the ways to compare a face with several it is the one that misses fewest (`benchmarks.verification_fusion`). The
    probe must be encoded by the version that serves the person's gallery.

    Raises:
        NoEmbeddingError: the person has no enrolled face.
        NoThresholdError: no tau is set.
    """
    version = person.gallery.encoder_version
    tau = tau_in_force(gallery=person.gallery, encoder_version=version, use=Threshold.Use.VERIFICATION)
    return against_person(person, probe, version, tau)


def against_person(person: Person, probe: EncodedFace, version: EncoderVersion, tau: TauInForce) -> Verification:
    """Do what `verify_person` does by any encoder version, which the probe must be encoded by, and any tau."""
    vector = HalfVector(np.asarray(probe.embedding, dtype=np.float32))
    templates = Template.objects.filter(person=person, encoder_version=version).defer("vector")
    template = templates.annotate(distance=SquaredL2Distance("vector", vector)).first()
    enrolled = Embedding.objects.filter(person=person, encoder_version=version, is_enrolled=True)
    nearest = _nearest(enrolled, vector)
    if template is None or nearest is None:
        raise NoEmbeddingError(f"{person.name} has no enrolled face yet. Add a photo of them first.")
    face, face_distance = nearest
    distance = float(template.distance)
    return Verification(
        distance=distance,
        tau=tau,
        compares=Compares.PERSON,
        person=person,
        face=face,
        face_distance=face_distance,
        template=template,
        probability=probability_in_force(
            gallery=person.gallery, encoder_version=version, compares=Compares.PERSON, distance=distance
        ),
    )


def verify_photo(*, photo: Photo, probe: EncodedFace) -> Verification:
    """Compare a probe with the one face that a stored photo is about.

    Raises:
        SeveralFacesFoundError: the photo shows two or more that are equally likely to be meant.
        NoEmbeddingError: the photo has no face, or it was not encoded by the version that serves the gallery.
        NoThresholdError: no tau is set.
    """
    version = photo.gallery.encoder_version
    tau = tau_in_force(gallery=photo.gallery, encoder_version=version, use=Threshold.Use.VERIFICATION)
    return against_photo(photo, probe, version, tau)


def against_photo(photo: Photo, probe: EncodedFace, version: EncoderVersion, tau: TauInForce) -> Verification:
    """Do what `verify_photo` does by any encoder version, which the probe must be encoded by, and any tau."""
    face = one_stored_face(photo)
    vector = HalfVector(np.asarray(probe.embedding, dtype=np.float32))
    found = _nearest(Embedding.objects.filter(face=face, encoder_version=version), vector)
    if found is None:
        raise NoEmbeddingError(f"Photo {photo.pk} has no encoded face to compare with.")
    face, distance = found
    return Verification(
        distance=distance,
        tau=tau,
        compares=Compares.PHOTO,
        person=face.person,
        face=face,
        face_distance=distance,
        probability=probability_in_force(
            gallery=photo.gallery, encoder_version=version, compares=Compares.PHOTO, distance=distance
        ),
    )


def one_stored_face(photo: Photo) -> Face:
    """Return the one face that a stored photo is about, by the rule of `one_face`.

    Raises:
        NoEmbeddingError: it has no face.
        SeveralFacesFoundError: two or more are equally likely to be meant.
    """
    faces = list(photo.faces.order_by("pk"))
    if not faces:
        raise NoEmbeddingError(f"Photo {photo.pk} has no encoded face to compare with.")
    boxes = [BoundingBox(face.left, face.top, face.right, face.bottom) for face in faces]
    main = main_face_index(boxes, photo.width, photo.height)
    if main is None:
        raise SeveralFacesFoundError(
            f"There are {len(faces)} faces in photo {photo.pk}, and it is not clear which is meant. "
            "Name a photo of one person, or the person whose face it is.",
            faces=len(faces),
        )
    return faces[main]


def _nearest(rows: EmbeddingQuerySet[Embedding], vector: HalfVector) -> tuple[Face, float] | None:
    """Return the face whose embedding is nearest, and its distance."""
    nearest = (
        rows.annotate(l2=L2Distance("vector", vector), distance=SquaredL2Distance("vector", vector))
        .defer("vector")
        .select_related("face__photo", "face__person")
        .order_by("l2", "face_id")
        .first()
    )
    return None if nearest is None else (nearest.face, float(nearest.distance))


def verify_faces(*, first: EncodedFace, second: EncodedFace, gallery: Gallery | None = None) -> Verification:
    """Compare two probes that were both encoded by the version that serves the gallery (or new galleries, without one).

    Raises:
        NoThresholdError: no tau is set.
    """
    version = gallery.encoder_version if gallery is not None else default_encoder_version()
    tau = tau_in_force(gallery=gallery, encoder_version=version, use=Threshold.Use.VERIFICATION)
    return between_faces(first, second, gallery, version, tau)


def between_faces(
    first: EncodedFace, second: EncodedFace, gallery: Gallery | None, version: EncoderVersion, tau: TauInForce
) -> Verification:
    """Do what `verify_faces` does by any encoder version, which both must be encoded by, and any tau."""
    distance = squared_distance(first.embedding, second.embedding)
    return Verification(
        distance=distance,
        tau=tau,
        compares=Compares.PHOTO,
        probability=probability_in_force(
            gallery=gallery, encoder_version=version, compares=Compares.PHOTO, distance=distance
        ),
    )
