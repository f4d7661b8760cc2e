"""Request ids, the security policy, and logs that name no person."""

import logging

import pytest
from django.db import IntegrityError, connection
from django.test import Client

from config.logs import PrivateFormatter


def test_each_answer_has_an_id_of_its_own_that_the_client_cannot_choose(client: Client) -> None:
    first = client.get("/healthz", headers={"x-request-id": "chosen"})["X-Request-ID"]
    second = client.get("/healthz")["X-Request-ID"]
    assert len({first, second, "chosen"}) == 3


def test_the_policy_forbids_foreign_and_inline_scripts(client: Client) -> None:
    policy = dict(part.split(" ", 1) for part in client.get("/healthz")["Content-Security-Policy"].split("; "))
    assert policy["script-src"] == "'self' 'unsafe-eval'"
    assert policy["default-src"] == "'self'"


def test_the_request_line_names_the_route_and_not_what_was_asked(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="config.middleware"):
        client.get("/healthz?q=Grace+Hopper")
        client.get("/no/such/Grace-Hopper")
    assert [record.getMessage().rsplit(" in ", 1)[0] for record in caplog.records] == [
        "GET /healthz 200",
        "GET /(no route) 404",
    ]


@pytest.mark.django_db
def test_a_traceback_of_a_database_error_names_no_values() -> None:
    name = " ".join(("Grace", "Hopper"))
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE people (name text UNIQUE)")
    with connection.cursor() as cursor, pytest.raises(IntegrityError) as caught:
        cursor.execute("INSERT INTO people VALUES (%s), (%s)", [name, name])
    assert name in str(caught.value)
    text = PrivateFormatter().formatException((caught.type, caught.value, caught.tb))
    assert "duplicate key value" in text
    assert name not in text
