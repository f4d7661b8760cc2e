"""DATABASE_URL: every part reaches Django, and anything but PostgreSQL is refused with an example."""

import pytest

from config.database import database_from_url
from config.env import ConfigurationError


def test_every_part_of_the_address_is_read() -> None:
    settings = database_from_url("postgresql://us%40er:p%2Fw%3A%25@db.example:6543/facet%20two?sslmode=require")
    assert settings["USER"] == "us@er"
    assert settings["PASSWORD"] == "p/w:%"
    assert (settings["HOST"], settings["PORT"]) == ("db.example", "6543")
    assert settings["NAME"] == "facet two"
    assert settings["OPTIONS"]["sslmode"] == "require"


def test_what_is_left_out_is_left_to_libpq() -> None:
    settings = database_from_url("postgres:///facet")
    assert [settings[name] for name in ("USER", "PASSWORD", "HOST", "PORT")] == ["", "", "", ""]


@pytest.mark.parametrize("url", ["postgresql://%2Frun%2Fpostgresql/facet", "postgresql:///facet?host=/run/postgresql"])
def test_a_folder_as_host_is_a_unix_socket(url: str) -> None:
    settings = database_from_url(url)
    assert settings["HOST"] == "/run/postgresql"
    assert "host" not in settings["OPTIONS"]


def test_server_options_of_the_operator_are_kept_beside_ours() -> None:
    options = database_from_url("postgresql:///facet?options=-c%20work_mem%3D64MB")["OPTIONS"]["options"]
    assert options == "-c jit=off -c work_mem=64MB"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("mysql://u:p@host/facet", "begins with 'mysql'"),
        ("sqlite:///facet.db", "begins with 'sqlite'"),
        ("facet", "begins with 'no scheme'"),
        ("postgresql://host", "must end in one database name"),
        ("postgresql://host/a/b", "must end in one database name"),
        ("postgresql://host:port/facet", "a port that is not a number"),
        ("postgresql://host:70000/facet", "a port that is not a number"),
    ],
)
def test_an_unusable_address_is_refused_with_an_example_and_without_its_password(url: str, reason: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        database_from_url(url.replace("u:p@", "u:secret@"))
    assert reason in str(caught.value)
    assert "postgresql://user:password@host:5432/facet" in str(caught.value)
    assert "secret" not in str(caught.value)
