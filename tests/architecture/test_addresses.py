"""Every address of the platform asks who is there, but for the few that say why not."""

import itertools
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve
from django.utils.regex_helper import normalize

OPEN = {
    "healthz": "load balancers sign in nowhere; it answers ok and nothing else",
    "admin:login": "one signs in here",
    "admin:logout": "ends the session there is, and shows nothing",
}
# Refusals: not signed in, not allowed, or sent to the sign-in page.
REFUSALS = (401, 403)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
VALUES = ("1", "faces", "0190a5c2-9c5d-7b7e-8a53-2f0c7a6b1d11", "word")


def every_pattern(resolver: URLResolver, prefix: str = "", space: str = "") -> Iterator[tuple[str, str, URLPattern]]:
    """Each address as (regular expression from the root on, name with its namespace, pattern)."""
    for entry in resolver.url_patterns:
        route = prefix + entry.pattern.regex.pattern.lstrip("^").removesuffix("\\Z").removesuffix("$")
        if isinstance(entry, URLResolver):
            yield from every_pattern(entry, route, f"{space}{entry.namespace}:" if entry.namespace else space)
        else:
            yield route, f"{space}{entry.name}", entry


def example_of(route: str, pattern: URLPattern) -> str:
    """A path that this very pattern answers."""
    for form, parameters in normalize(route):
        for values in itertools.product(VALUES, repeat=len(parameters)):
            path = "/" + form % dict(zip(parameters, values, strict=True))
            try:
                match = resolve(path)
            except Resolver404:
                continue
            if match.func is pattern.callback:
                return path
    raise AssertionError(f"no example path was found for {route}; add a value to VALUES")


ADDRESSES = list(every_pattern(get_resolver()))
CLOSED = [pytest.param(route, entry, id=route or "home") for route, name, entry in ADDRESSES if name not in OPEN]


def test_the_exemptions_exist() -> None:
    assert set(OPEN) <= {name for _, name, _ in ADDRESSES}


def is_refused(status: int, location: str) -> bool:
    return status in REFUSALS or (status == 302 and location.startswith("/admin/login/?next="))


@pytest.mark.django_db
@pytest.mark.parametrize(("route", "pattern"), CLOSED)
def test_a_visitor_who_has_not_signed_in_is_refused(client: Client, route: str, pattern: URLPattern) -> None:
    path = example_of(route, pattern)
    for method in METHODS:
        response = client.generic(method, path)
        if path == "/":
            assert response["Location"] == "/admin/"
        else:
            location = response.headers.get("Location", "")
            assert is_refused(response.status_code, location), f"{method} {path} answered {response.status_code}"
