"""The OpenAPI description is complete: every address, every status, no warning."""

import re
from typing import Any

import pytest
from django.core.management import call_command
from django.urls import get_resolver
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from tests import factories


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    described: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return described


def test_the_description_is_valid_and_raises_no_warning(tmp_path: Any) -> None:
    GENERATOR_STATS.reset()
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yml"))


def test_every_address_is_described(schema: dict[str, Any]) -> None:
    routes = {
        re.sub(r"\(\?P<(\w+)>[^)]+\)", r"{\1}", str(pattern.pattern)).strip("^$")
        for urls in ("faces.api.urls", "training.api.urls")
        for pattern in get_resolver(urls).url_patterns
    } - {""}
    described = {path.removeprefix("/api/v1/") for path in schema["paths"]}
    assert {route.replace("{pk}", "{id}") for route in routes} == described


def test_every_operation_says_what_it_does_and_how_it_fails(schema: dict[str, Any]) -> None:
    operations = [
        (path, method, operation) for path, methods in schema["paths"].items() for method, operation in methods.items()
    ]
    assert len(operations) > 35
    for path, method, operation in operations:
        assert operation.get("description"), (path, method)
        assert {"401", "403", "429", "503"} <= set(operation["responses"]), (path, method)
        assert operation["security"] == [{"ApiKey": []}, {"cookieAuth": []}], (path, method)
        if "{" in path:
            assert "404" in operation["responses"], (path, method)
    for path in ("photos", "recognize", "verify"):
        assert {"400", "404", "409", "413", "415", "422"} <= set(
            schema["paths"][f"/api/v1/{path}"]["post"]["responses"]
        )


def test_every_error_that_is_described_has_an_example_in_the_one_shape(schema: dict[str, Any]) -> None:
    for methods in schema["paths"].values():
        for operation in methods.values():
            for status, response in operation["responses"].items():
                if status < "400":
                    continue
                examples = response["content"]["application/json"]["examples"].values()
                assert examples
                for example in examples:
                    assert set(example["value"]) == {"code", "detail", "params", "request_id"}


@pytest.mark.django_db
def test_the_description_is_read_by_those_who_are_signed_in() -> None:
    assert APIClient().get("/api/schema").status_code == 401
    client = APIClient()
    client.force_login(factories.user())
    assert client.get("/api/schema").status_code == 200
