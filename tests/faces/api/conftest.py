"""Programs that call the API: clients with a key, each allowed what its test says."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from rest_framework.test import APIClient

from faces.models import ApiKey, Gallery
from faces.services.api_keys import create_api_key
from tests import factories

ALL_SCOPES = tuple(ApiKey.Scope.values)

ClientFor = Callable[..., APIClient]


@pytest.fixture
def gallery(db: None) -> Gallery:
    """The gallery that `client` may see."""
    return factories.gallery(name="Staff")


@pytest.fixture
def client_for(db: None) -> ClientFor:
    """Makes a client whose key has these galleries and scopes; all scopes unless said otherwise."""

    def make(*galleries: Gallery, scopes: Sequence[str] = ALL_SCOPES, **values: Any) -> APIClient:
        api_key, plain = create_api_key(
            name="a program", scopes=scopes, galleries=galleries, user=values.pop("user", None) or factories.user()
        )
        ApiKey.objects.filter(pk=api_key.pk).update(**values)
        client = APIClient(raise_request_exception=False)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {plain}")
        return client

    return make


@pytest.fixture
def client(client_for: ClientFor, gallery: Gallery) -> APIClient:
    """A program that may do everything in the gallery."""
    return client_for(gallery)
