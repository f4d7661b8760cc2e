"""API keys on pages: made, shown once, revoked."""

import re

from django.test import Client
from django.urls import reverse

from faces.models import ApiKey
from faces.services.api_keys import find_api_key
from tests import factories


def test_a_key_is_shown_once_works_and_stops_when_it_is_revoked(client: Client) -> None:
    gallery = factories.gallery()
    answer = client.post(
        reverse("pages:api-key-add"),
        {"name": "Front door", "scopes": ["search", "read"], "galleries": [gallery.pk], "expires": "2099-01-31"},
    )
    (plain,) = set(re.findall(r"facet_[0-9a-f]+_[\w-]+", answer.content.decode()))
    assert answer["Cache-Control"] == "no-store"
    api_key = find_api_key(plain)
    assert api_key is not None
    assert (api_key.scopes, list(api_key.galleries.all())) == (["read", "search"], [gallery])
    assert api_key.expires_at is not None
    assert api_key.expires_at.date().isoformat() == "2099-01-31"
    assert plain not in client.get(reverse("pages:api-keys")).content.decode()
    client.post(reverse("pages:api-key-revoke", args=[api_key.pk]))
    assert find_api_key(plain) is None


def test_a_key_without_a_name_or_right_or_with_a_past_end_is_refused(client: Client) -> None:
    answer = client.post(reverse("pages:api-key-add"), {"name": "", "scopes": [], "expires": ""})
    assert set(answer.context["form"].errors) == {"name", "scopes"}
    answer = client.post(reverse("pages:api-key-add"), {"name": "Door", "scopes": ["read"], "expires": "2001-01-01"})
    assert "lies in the past" in answer.content.decode()
    assert not ApiKey.objects.exists()
