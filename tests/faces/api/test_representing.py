"""Serializers that are built once tell each value as a new one would."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.test import RequestFactory
from rest_framework import serializers

from faces.api.representing import represent
from faces.api.serializers.fields import AddressField


class PictureSerializer(serializers.Serializer[Any]):
    """Something with an address, which needs the request."""

    size = serializers.IntegerField()
    image = AddressField("photo-image", source="pk")


class AlbumSerializer(serializers.Serializer[Any]):
    """Nested, one and many."""

    cover = PictureSerializer(allow_null=True)
    pictures = PictureSerializer(many=True)


def album(first: int) -> dict[str, Any]:
    pictures = [{"size": first + number, "pk": first + number} for number in range(3)]
    return {"cover": pictures[0], "pictures": pictures}


def context(host: str) -> dict[str, Any]:
    return {"request": RequestFactory().get("/", HTTP_HOST=host)}


def test_it_is_what_a_new_serializer_tells() -> None:
    for first in (1, 7):
        expected = AlbumSerializer(album(first), context=context("localhost")).data
        assert represent(AlbumSerializer, album(first), context("localhost")) == expected


def test_every_value_is_told_to_the_request_that_asked_also_after_one_that_could_not_be() -> None:
    with pytest.raises(KeyError):
        represent(AlbumSerializer, {"cover": None}, context("localhost"))
    with pytest.raises(KeyError, match="request"):
        represent(AlbumSerializer, album(1), {})
    for host in ("localhost", "127.0.0.1"):
        assert represent(AlbumSerializer, album(1), context(host))["cover"]["image"].startswith(f"http://{host}/")


def test_threads_do_not_see_each_other_s_requests() -> None:
    hosts = ["localhost", "127.0.0.1"] * 200

    def tell(host: str) -> str:
        return str(represent(AlbumSerializer, album(1), context(host))["pictures"][2]["image"])

    with ThreadPoolExecutor(8) as pool:
        assert [address.split("/")[2] for address in pool.map(tell, hosts)] == hosts
