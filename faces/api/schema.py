"""The OpenAPI description: what every operation has in common is said here once."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction, OpenApiExample, OpenApiResponse, extend_schema_serializer
from rest_framework import serializers

from encoder.exceptions import (
    AnimatedImage,
    FileTooLarge,
    ImageError,
    ImageTooLarge,
    ImageTooSmall,
    NotAnImage,
    TruncatedImage,
    UnsupportedImage,
)
from faces.exceptions import (
    DuplicateExternalIdError,
    FacetError,
    GalleryNotFoundError,
    InvalidTauError,
    NoFaceFoundError,
    PersonNotFoundError,
    SeveralFacesFoundError,
    UnavailableError,
    WrongStateError,
)
from faces.services.photos import LIMITS


@extend_schema_serializer(component_name="Error")
class ErrorSerializer(serializers.Serializer[Any]):
    """The body of every answer with a status of 400 or more."""

    code = serializers.CharField(help_text="Which error it is; never changes.")
    detail = serializers.CharField(help_text="What was wrong and what would be right, for people.")
    params = serializers.DictField(help_text="The values in `detail`; for invalid fields `fields`: name to sentences.")
    request_id = serializers.CharField(help_text="By which the operator finds this request in the log.")


REQUEST_ID = "5f0c6a1f2f0f4d60a3c1a6a1f6f3b1c2"


def _example(code: str, detail: str, **params: object) -> OpenApiExample:
    body = {"code": code, "detail": detail, "params": params, "request_id": REQUEST_ID}
    return OpenApiExample(code, value=body, response_only=True)


def _of(error: ImageError | FacetError) -> OpenApiExample:
    return _example(error.code, str(error), **error.params)


EXAMPLES: dict[int, tuple[str, list[OpenApiExample]]] = {
    400: (
        "The request cannot be understood.",
        [
            _example(
                "invalid_request", "gallery: This field is required.", fields={"gallery": ["This field is required."]}
            ),
            _of(InvalidTauError("tau is a squared distance from 0 to 4; 5.0 is not.", tau="5.0")),
        ],
    ),
    401: (
        "No key, or none that is valid.",
        [
            _example("not_authenticated", "Authentication credentials were not provided."),
            _example("authentication_failed", "This API key is unknown, expired or revoked."),
        ],
    ),
    403: (
        "The key lacks a scope, the account a permission.",
        [_example("permission_denied", "This API key lacks the scope “write”; it has read.")],
    ),
    404: (
        "Something that was named is not there, or lies in a gallery that the key may not see.",
        [
            _of(GalleryNotFoundError("There is no gallery “staf”. There is “staff”.", gallery="staf")),
            _of(PersonNotFoundError("There is no person 7 in gallery “staff”.", person=7)),
        ],
    ),
    409: (
        "The present state forbids it.",
        [
            _of(WrongStateError("The job is done; there is nothing to cancel.", state="succeeded")),
            _of(
                DuplicateExternalIdError("Another person of this gallery has the external id “E-7”.", external_id="E-7")
            ),
        ],
    ),
    413: (
        "Too many bytes or pixels.",
        [
            _of(FileTooLarge(size_bytes=209_715_200, max_bytes=LIMITS.max_bytes)),
            _of(ImageTooLarge(width=20_000, height=20_000, pixels=400_000_000, max_pixels=LIMITS.max_pixels)),
        ],
    ),
    415: (
        "A file, or a body, of a kind that is not accepted.",
        [_of(NotAnImage()), _of(AnimatedImage(format="GIF")), _of(UnsupportedImage(format="a HEIC picture"))],
    ),
    422: (
        "A picture that cannot be used for what was asked.",
        [
            _of(NoFaceFoundError("No face was found in the photo.")),
            _of(SeveralFacesFoundError("There are 3 faces in the photo; it is not clear which is meant.", faces=3)),
            _of(TruncatedImage(format="JPEG")),
            _of(ImageTooSmall(width=1, height=1, min_side=LIMITS.min_side)),
        ],
    ),
    429: (
        "Too many requests; the header Retry-After says how many seconds to wait.",
        [_example("throttled", "Request was throttled. Expected available in 12 seconds.", retry_after=12)],
    ),
    503: (
        "Something that is needed is not ready; try again later.",
        [_of(UnavailableError("The database does not answer. Try again in a moment."))],
    ),
}

EVERYWHERE = (401, 403, 429, 503)


class FacetSchema(AutoSchema):
    """Adds the errors: those that every operation has, and those that the view's `errors` names for the action."""

    def _get_response_bodies(self, direction: Direction = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        for status in sorted({*EVERYWHERE, *self._expected()}):
            description, examples = EXAMPLES[status]
            response = OpenApiResponse(ErrorSerializer, description=description, examples=examples)
            code = str(status)
            bodies[code] = self._get_response_for_code(response, code, direction=direction)  # type: ignore[no-untyped-call]
        return bodies

    def _expected(self) -> set[int]:
        view = self.view
        action = getattr(view, "action", "")
        expected = set(getattr(view, "errors", {}).get(action, ()))
        if getattr(view, "detail", False):
            expected.add(404)
        if action == "list" or self.method in ("POST", "PATCH", "PUT"):
            expected.add(400)
        return expected

    def get_operation_id(self) -> str:
        """Return the operation's name without the version that all share."""
        return str(super().get_operation_id()).removeprefix("v1_")

    def get_tags(self) -> list[str]:
        """Group operations by the noun in their address."""
        return [self.path.removeprefix("/api/v1/").split("/")[0]]


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How a program says who it is."""

    target_class = "faces.api.authentication.ApiKeyAuthentication"
    name = "ApiKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        """Return the bearer scheme."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "facet_<prefix>_<secret>"}
