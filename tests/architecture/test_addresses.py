"""Every address of the platform asks who is there, but for the few that say why not."""

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve
from django.utils.regex_helper import normalize

OPEN_TO_EVERYBODY = {
    "healthz": "load balancers sign in nowhere; it answers ok and nothing else",
    "admin:login": "one signs in here",
    "admin:logout": "ends the session there is, and shows nothing",
}
# Refusals: not signed in, not allowed, or sent to the sign-in page.
REFUSALS = (401, 403)
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
        for value in VALUES:
            path = "/" + form % dict.fromkeys(parameters, value)
            try:
                match = resolve(path)
            except Resolver404:
                continue
            if match.func is pattern.callback:
                return path
    raise AssertionError(f"no example path was found for {route}; add a value to VALUES")


ADDRESSES = list(every_pattern(get_resolver()))


def test_the_exemptions_exist() -> None:
    assert set(OPEN_TO_EVERYBODY) <= {name for _, name, _ in ADDRESSES}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("route", "pattern"),
    [
        pytest.param(route, pattern, id=route or "home")
        for route, name, pattern in ADDRESSES
        if name not in OPEN_TO_EVERYBODY
    ],
)
@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_a_visitor_who_has_not_signed_in_is_refused(
    client: Client, route: str, pattern: URLPattern, method: str
) -> None:
    path = example_of(route, pattern)
    response = getattr(client, method)(path)
    if response.status_code in REFUSALS:
        return
    if path == "/" and response.status_code == 302:
        assert response["Location"] == "/admin/"
        return
    assert response.status_code == 302, f"{method} {path} answered {response.status_code}"
    assert response["Location"].startswith("/admin/login/?next="), response["Location"]
