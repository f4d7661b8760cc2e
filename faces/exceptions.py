"""Facts that keep Facet from doing what was asked, each with a stable code.

Services raise them; `faces/api/exceptions.py` alone maps them to HTTP statuses, pages and commands show their text.
A class says what kind of fact it is, `code` says which one, `params` carries the numbers and names in it.
"""

from typing import ClassVar


class FacetError(Exception):
    """A named, expected end: the text is for the person who asked and says what would be right."""

    code: ClassVar[str] = "error"

    def __init__(self, detail: str, **params: object) -> None:
        """Keep the sentence and the values that a program may want to read from it."""
        super().__init__(detail)
        self.detail = detail
        self.params = params


class InvalidRequestError(FacetError):
    """The request itself cannot be understood (HTTP 400)."""

    code = "invalid_request"


class InvalidTauError(InvalidRequestError):
    """tau is not a number from 0 to 4."""

    code = "invalid_tau"


class NotFoundError(FacetError):
    """Something that was named is not there (HTTP 404)."""

    code = "not_found"


class GalleryNotFoundError(NotFoundError):
    """No gallery of this name or slug that the asker may see."""

    code = "gallery_not_found"


class PersonNotFoundError(NotFoundError):
    """No such person in this gallery."""

    code = "person_not_found"


class PhotoNotFoundError(NotFoundError):
    """No such photo in this gallery, or no such file on this machine."""

    code = "photo_not_found"


class DecisionNotFoundError(NotFoundError):
    """No decision has this number; its gallery may be deleted, and its decisions with it."""

    code = "decision_not_found"


class OtherPhotoError(InvalidRequestError):
    """A decision was to be made again with another photo than it was made with."""

    code = "other_photo"


class ConflictError(FacetError):
    """The present state of a row forbids it (HTTP 409)."""

    code = "conflict"


class WrongStateError(ConflictError):
    """A state machine was asked for a transition that it does not have."""

    code = "wrong_state"


class JobCancelledError(ConflictError):
    """Somebody wished a job to stop while it was being done."""

    code = "cancelled"


class DuplicateExternalIdError(ConflictError):
    """Another person of this gallery already carries this external id."""

    code = "duplicate_external_id"


class DuplicateSlugError(ConflictError):
    """Another gallery already carries this name."""

    code = "duplicate_gallery"


class DuplicateEncoderNameError(ConflictError):
    """Another encoder version already carries this name."""

    code = "duplicate_encoder_version"


class UnusablePhotoError(FacetError):
    """A readable image that cannot be used for what was asked (HTTP 422)."""

    code = "unusable_photo"


class NoFaceFoundError(UnusablePhotoError):
    """The detector found no face."""

    code = "no_face_found"


class SeveralFacesFoundError(UnusablePhotoError):
    """One face was needed, and two or more are equally likely to be meant."""

    code = "several_faces_found"


class LowQualityError(UnusablePhotoError):
    """The face is too small, blurred, dark or turned away to be compared."""

    code = "low_quality"


class NoEmbeddingError(UnusablePhotoError):
    """The claimed person or photo has no face that searches can find yet."""

    code = "nothing_to_compare"


class UnavailableError(FacetError):
    """Something Facet needs is not ready; trying again later helps (HTTP 503)."""

    code = "unavailable"


class TooBusyError(UnavailableError):
    """More is asked at this moment than there is room for (HTTP 503)."""

    code = "too_busy"


class NoThresholdError(ConflictError):
    """No tau was ever set for this encoder version and use."""

    code = "no_threshold"
