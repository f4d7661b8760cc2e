"""API keys: shown once, kept as a digest."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from faces.exceptions import InvalidRequestError, WrongStateError
from faces.models import ApiKey
from faces.services.api_keys import create_api_key, digest_of, find_api_key, note_use, revoke_api_key
from tests import factories

pytestmark = pytest.mark.django_db


def make(**values: object) -> tuple[ApiKey, str]:
    defaults: dict[str, object] = {"name": "door", "scopes": ["read"], "galleries": [], "user": factories.user()}
    return create_api_key(**defaults | values)  # type: ignore[arg-type]


def test_a_key_is_found_by_its_text_and_kept_as_a_digest_only() -> None:
    gallery = factories.gallery()
    api_key, plain = make(galleries=[gallery], scopes=["search", "read", "read"])
    assert plain.startswith(f"facet_{api_key.prefix}_")
    assert find_api_key(plain) == api_key
    row = ApiKey.objects.filter(pk=api_key.pk).values().get()
    secret = plain.split("_", 2)[2]
    assert len(secret) >= 43
    assert not any(secret in str(value) for value in row.values())
    assert (row["digest"], row["scopes"]) == (digest_of(plain), ["read", "search"])
    assert list(api_key.galleries.all()) == [gallery]


@pytest.mark.parametrize("change", [lambda text: text[:-1], lambda text: text + "x", lambda text: text.upper()])
def test_a_key_with_one_letter_changed_is_none(change: object) -> None:
    _, plain = make()
    assert find_api_key(change(plain)) is None  # type: ignore[operator]


@pytest.mark.parametrize("text", ["", "facet", "facet__", "facet_a_b", "bearer_a_b", "facet_\x00_x", "_" * 50])
def test_text_that_is_no_key_is_none(text: str) -> None:
    assert find_api_key(text) is None


def test_two_keys_share_nothing() -> None:
    (first, plain), (second, other) = make(), make()
    assert first.prefix != second.prefix
    assert plain != other


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"name": "  "}, "1 to 100"),
        ({"name": "x" * 101}, "1 to 100"),
        ({"scopes": []}, "none is given"),
        ({"scopes": ["read", "everything"]}, "“everything”"),
        ({"expires_at": timezone.now() - timedelta(seconds=1)}, "past"),
    ],
)
def test_a_key_that_cannot_be_meant_is_refused(values: dict[str, object], text: str) -> None:
    with pytest.raises(InvalidRequestError, match=text):
        make(**values)
    assert not ApiKey.objects.exists()


def test_a_key_ends_with_its_time_and_with_its_revocation() -> None:
    ending, plain = make(expires_at=timezone.now() + timedelta(hours=1))
    assert find_api_key(plain) == ending
    ApiKey.objects.filter(pk=ending.pk).update(expires_at=timezone.now())
    assert find_api_key(plain) is None
    revoked, plain = make()
    revoke_api_key(api_key=revoked)
    assert find_api_key(plain) is None
    with pytest.raises(WrongStateError):
        revoke_api_key(api_key=revoked)


def test_the_use_of_a_key_is_written_once_a_minute() -> None:
    api_key, _ = make()
    note_use(api_key=api_key)
    api_key.refresh_from_db()
    first = api_key.last_used_at
    assert first is not None
    note_use(api_key=api_key)
    api_key.refresh_from_db()
    assert api_key.last_used_at == first
    earlier = first - timedelta(minutes=2)
    ApiKey.objects.update(last_used_at=earlier)
    api_key.refresh_from_db()
    note_use(api_key=api_key)
    api_key.refresh_from_db()
    assert api_key.last_used_at > earlier


def test_the_database_refuses_a_key_that_allows_nothing() -> None:
    with pytest.raises(IntegrityError, match="api_key_allows_something"), transaction.atomic():
        ApiKey.objects.create(name="x", prefix="p", digest="d", scopes=[], created_by=factories.user())
