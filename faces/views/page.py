"""What every page has in common: who may see it, the frame of the admin site, and errors as words."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.http import url_has_allowed_host_and_scheme

from encoder.exceptions import ImageError
from faces.exceptions import ConflictError, FacetError, InvalidRequestError, NotFoundError, UnavailableError
from faces.models import Gallery

View = Callable[..., HttpResponseBase]

STATUSES: tuple[tuple[type[FacetError], HTTPStatus], ...] = (
    (NotFoundError, HTTPStatus.NOT_FOUND),
    (ConflictError, HTTPStatus.CONFLICT),
    (InvalidRequestError, HTTPStatus.BAD_REQUEST),
    (UnavailableError, HTTPStatus.SERVICE_UNAVAILABLE),
)


def page(*permissions: str, methods: tuple[str, ...] = ("GET",)) -> Callable[[View], View]:
    """Make a view a page of the admin site.

    Whoever is not signed in as staff is sent to the sign-in page; whoever lacks a permission is told so (403). No
    cache keeps the answer, unless the view says otherwise: it is about people, and for one reader. A
    `FacetError` or `ImageError` that the view does not handle becomes a message: a change goes back to where it was
    asked for, anything else shows the sentence alone with the status that fits.

    Args:
        permissions: model permissions, all of which are needed (`faces.view_photo`).
        methods: what the view answers; GET includes HEAD.
    """
    allowed = {*methods, "HEAD"} if "GET" in methods else set(methods)

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
            if not admin.site.has_permission(request):
                return _ask_to_sign_in(request)
            if not request.user.has_perms(permissions):
                raise PermissionDenied
            if request.method not in allowed:
                return HttpResponseNotAllowed(sorted(allowed))
            try:
                response = view(request, *args, **kwargs)
            except (FacetError, ImageError) as error:
                response = _answer_error(request, error)
            if not response.has_header("Cache-Control"):
                add_never_cache_headers(response)
            return response

        return checked

    return decorate


def _ask_to_sign_in(request: HttpRequest) -> HttpResponse:
    """Lead to the sign-in page; a part of a page that renews itself has the whole page loaded again instead."""
    if is_htmx(request):
        return HttpResponse(status=HTTPStatus.UNAUTHORIZED, headers={"HX-Refresh": "true"})
    return redirect_to_login(request.get_full_path(), reverse("admin:login"))


def _answer_error(request: HttpRequest, error: FacetError | ImageError) -> HttpResponse:
    if request.method == "POST" and not is_htmx(request):
        messages.error(request, str(error))
        return back(request)
    return render_page(request, "faces/error.html", title="That did not work", status=status_of(error), error=error)


def status_of(error: FacetError | ImageError) -> HTTPStatus:
    """Return the HTTP status that says what kind of fact an error is."""
    return next((status for kind, status in STATUSES if isinstance(error, kind)), HTTPStatus.UNPROCESSABLE_ENTITY)


def render_page(
    request: HttpRequest,
    template: str,
    *,
    title: str,
    heading: str = "",
    status: int = HTTPStatus.OK,
    **context: object,
) -> HttpResponse:
    """Render a template in the frame of the admin site.

    Args:
        request: whose menu and messages it shows.
        template: one that extends `faces/page.html`.
        title: the part of the site, in the bar above the page.
        heading: what this page is about, where the title does not say it all.
        status: of the answer.
        context: for the template.
    """
    request.current_app = admin.site.name
    values: dict[str, Any] = {**admin.site.each_context(request), "title": title, "heading": heading, **context}
    return render(request, template, values, status=status)


def back(request: HttpRequest, fallback: str = "admin:index") -> HttpResponseRedirect:
    """Redirect to the page that the request came from, if it is one of ours."""
    came_from = request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(came_from, {request.get_host()}, require_https=request.is_secure())
    return HttpResponseRedirect(came_from) if ours else redirect(fallback)


def gallery_in_use(request: HttpRequest) -> int | str | None:
    """Return which gallery a form offers first: the one the address names, else the one used last in this session."""
    return request.GET.get("gallery") or request.session.get("gallery")


def remember_gallery(request: HttpRequest, gallery: Gallery) -> None:
    """Offer this gallery first from now on."""
    request.session["gallery"] = gallery.pk


def is_htmx(request: HttpRequest) -> bool:
    """Whether HTMX asks for a part of a page."""
    return request.headers.get("HX-Request") == "true"


def signed_in(request: HttpRequest) -> User:
    """Return who is signed in; only for views behind `page`."""
    return cast("User", request.user)
