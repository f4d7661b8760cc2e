"""The one place where facts become HTTP statuses, and the one body that every error has."""

import logging
from dataclasses import dataclass, field, replace
from typing import Any

from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.db import InterfaceError, OperationalError
from django.http import Http404
from rest_framework import exceptions as rest
from rest_framework.response import Response

from encoder.exceptions import AnimatedImage, FileTooLarge, ImageError, ImageTooLarge, NotAnImage, UnsupportedImage
from faces.api.access import request_id_of
from faces.exceptions import (
    ConflictError,
    FacetError,
    InvalidRequestError,
    NotFoundError,
    UnavailableError,
    UnusablePhotoError,
)

logger = logging.getLogger(__name__)

TRY_AGAIN_AFTER = 5
"""Seconds, in the header Retry-After of a 503."""

STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (NotFoundError, 404),
    (ConflictError, 409),
    (UnusablePhotoError, 422),
    (InvalidRequestError, 400),
    (UnavailableError, 503),
    # of files: 415 what is sent is of a kind that is never accepted, 413 there is too much of it, 422 it is of an
    # accepted kind and size, but there is no usable picture in it
    (NotAnImage, 415),
    (UnsupportedImage, 415),
    (AnimatedImage, 415),
    (FileTooLarge, 413),
    (ImageTooLarge, 413),
    (ImageError, 422),
    (FacetError, 400),
)


class UploadRefused(Exception):  # noqa: N818 - it is the outcome of an upload, whose errors are the refusals
    """No file of an upload was accepted: the first refusal speaks for the request, `params.files` tells of each."""

    def __init__(self, refusals: list[tuple[str, FacetError | ImageError]]) -> None:
        """Keep each file's name and why it was refused; there is at least one."""
        super().__init__("no file of the upload was accepted")
        self.refusals = refusals


@dataclass(frozen=True)
class Problem:
    """An error, ready to be told: status, stable code, a sentence, the values in it, and headers."""

    status: int
    code: str
    detail: str
    params: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def body(self, request_id: str) -> dict[str, Any]:
        """Return the body of the answer."""
        return {"code": self.code, "detail": self.detail, "params": self.params, "request_id": request_id}


def exception_handler(error: Exception, context: dict[str, Any]) -> Response:
    """Answer any error in the one shape; what nobody expected is logged and answered with the request id alone."""
    request_id = request_id_of(context.get("request"))
    problem = problem_of(error)
    if problem.status >= 500 and not isinstance(error, FacetError):
        logger.error("An API request failed", exc_info=error)
    return Response(problem.body(request_id), status=problem.status, headers=problem.headers)


def problem_of(error: Exception) -> Problem:
    """Say what an error means to whoever asked."""
    if isinstance(error, FacetError | ImageError):
        return _named(error)
    if isinstance(error, UploadRefused):
        return _of_upload(error)
    if isinstance(error, Http404):
        error = rest.NotFound()
    if isinstance(error, PermissionDenied):
        error = rest.PermissionDenied()
    if isinstance(error, rest.ValidationError):
        return _invalid_fields(error)
    if isinstance(error, rest.APIException):
        return _of_framework(error)
    if isinstance(error, RequestDataTooBig | TooManyFilesSent | TooManyFieldsSent):
        return Problem(413, "request_too_large", "The request has too much data, or too many files or fields.")
    if isinstance(error, SuspiciousOperation):
        return Problem(400, "invalid_request", "The request cannot be understood.")
    if isinstance(error, OperationalError | InterfaceError):
        headers = {"Retry-After": str(TRY_AGAIN_AFTER)}
        return Problem(503, "unavailable", "The database does not answer. Try again in a moment.", headers=headers)
    return Problem(500, "internal_error", "Something went wrong here. The request id says what to look for in the log.")


def _named(error: FacetError | ImageError) -> Problem:
    status = next(status for kind, status in STATUSES if isinstance(error, kind))
    headers = {"Retry-After": str(TRY_AGAIN_AFTER)} if status == 503 else {}
    return Problem(status, error.code, str(error), dict(error.params), headers)


def _of_upload(error: UploadRefused) -> Problem:
    problems = [(name, _named(refusal)) for name, refusal in error.refusals]
    first = problems[0][1]
    files = [{"name": name, "code": problem.code, "detail": problem.detail} for name, problem in problems]
    return replace(first, params=first.params | {"files": files})


def _invalid_fields(error: rest.ValidationError) -> Problem:
    """Name each field with its fault, in `detail` as text and in `params.fields` as data."""
    fields = _flatten(error.detail)
    text = " ".join(f"{name}: {' '.join(faults)}" if name else " ".join(faults) for name, faults in fields.items())
    return Problem(400, "invalid_request", text, {"fields": fields})


def _flatten(detail: Any, path: str = "") -> dict[str, list[str]]:
    """Turn nested errors into one list of sentences a field; the key "" holds those about the whole request."""
    if isinstance(detail, dict):
        parts = [("" if key == "non_field_errors" else str(key), value) for key, value in detail.items()]
    elif any(isinstance(entry, dict | list) for entry in detail):
        parts = [(str(index), value) for index, value in enumerate(detail) if value]
    else:
        return {path: [str(sentence) for sentence in detail]}
    flat: dict[str, list[str]] = {}
    for key, value in parts:
        flat |= _flatten(value, f"{path}.{key}".strip("."))
    return flat


def _of_framework(error: rest.APIException) -> Problem:
    """Keep the framework's codes where they say enough, and its headers."""
    codes = error.get_codes()
    code = codes if isinstance(codes, str) else "invalid_request"
    headers = {}
    params: dict[str, Any] = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = str(challenge)
    if (seconds := getattr(error, "wait", None)) is not None:
        headers["Retry-After"] = str(seconds)
        params["retry_after"] = seconds
    return Problem(error.status_code, code, str(error.detail), params, headers)
