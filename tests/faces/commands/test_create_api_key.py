"""`create_api_key`: the key on standard output, once."""

import pytest

from faces.models import ApiKey
from faces.services.api_keys import find_api_key
from tests import factories
from tests.faces.commands.running import run

pytestmark = pytest.mark.django_db


def test_standard_output_is_the_key_and_nothing_else() -> None:
    administrator = factories.user(name="root", is_superuser=True)
    gallery = factories.gallery(name="Staff")
    ended = run("create_api_key", "Door", "--scope", "search", "--scope", "read", "--gallery", "Staff", "--days", 30)

    assert ended.status == 0, ended.err
    key = find_api_key(ended.out.strip())
    assert key is not None
    assert (key.name, key.scopes, list(key.galleries.all())) == ("Door", ["read", "search"], [gallery])
    assert key.created_by == administrator
    assert key.expires_at is not None
    assert ended.out.strip() not in ended.err


def test_without_a_day_a_key_works_for_ever() -> None:
    factories.user(name="root", is_superuser=True)
    run("create_api_key", "Door", "--scope", "search")

    assert ApiKey.objects.get().expires_at is None


def test_somebody_has_to_answer_for_a_key() -> None:
    words = ("create_api_key", "Door", "--scope", "search")
    assert "There is no administrator" in run(*words).err
    factories.user(name="one", is_superuser=True)
    factories.user(name="two", is_superuser=True)
    ended = run(*words)
    assert (ended.status, "several administrators" in ended.err) == (2, True)
    assert (run(*words, "--user", "nobody").status, ApiKey.objects.count()) == (2, 0)
    assert run(*words, "--user", "two").status == 0


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--scope", "everything"),
        ("--scope", "read", "--gallery", "Nowhere"),
        ("--scope", "read", "--days", "0"),
        ("--scope", "read", "--days", "99999999999"),
    ],
)
def test_what_makes_no_sense_makes_no_key(words: tuple[str, ...]) -> None:
    factories.user(name="root", is_superuser=True)

    assert run("create_api_key", "Door", *words).status != 0
    assert not ApiKey.objects.exists()
