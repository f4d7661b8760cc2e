"""What a browser sees when there is no page to see. Programs that ask for JSON under /api/ get the API's own body."""

from http import HTTPStatus

from django.contrib import admin
from django.core.exceptions import TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from faces.views.page import render_page


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that cannot be read (400)."""
    too_many = isinstance(exception, TooManyFilesSent)
    sentence = (
        "That were too many files for one request. Send fewer at once; with JavaScript the page does so by itself."
        if too_many
        else "The browser sent something that cannot be understood. Go back and try again."
    )
    return _answer(request, HTTPStatus.BAD_REQUEST, "That cannot be read", sentence)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - passed by name
    """Answer whoever lacks a permission (403)."""
    return _answer(
        request,
        HTTPStatus.FORBIDDEN,
        "Not allowed",
        "Your account does not have the permission for this. Ask whoever manages the users.",
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - passed by name
    """Answer an address that leads nowhere (404)."""
    return _answer(
        request, HTTPStatus.NOT_FOUND, "Nothing here", "What was here is deleted, or the address is mistyped."
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer when something broke (500): only the id under which the log has it. Touches no database."""
    return render(
        request,
        "faces/broken.html",
        {"request_id": getattr(request, "request_id", "")},
        status=HTTPStatus.INTERNAL_SERVER_ERROR,
    )


def _answer(request: HttpRequest, status: HTTPStatus, title: str, sentence: str) -> HttpResponse:
    if hasattr(request, "user") and admin.site.has_permission(request):
        return render_page(request, "faces/error.html", title=title, status=status, error=sentence)
    return render(request, "faces/broken.html", {"title": title, "sentence": sentence}, status=status)
