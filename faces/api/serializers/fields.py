"""What the serializers have in common."""

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from faces.api.access import find_gallery
from faces.models import Gallery

METADATA_BYTES = 16_384
LARGEST_ID = 2**63 - 1


class StrictSerializer(serializers.Serializer[Any]):
    """Input in which a misspelled name is an error instead of being ignored."""

    also_known: tuple[str, ...] = ()

    def to_internal_value(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values.

        Raises:
            ValidationError: a name that there is not; the text names those there are.
        """
        unknown = sorted(set(data) - set(self.fields) - set(self.also_known))
        if unknown:
            known = ", ".join((*self.fields, *self.also_known))
            raise serializers.ValidationError({name: [f"Unknown; there are {known}."] for name in unknown})
        return dict(super().to_internal_value(data))


class QuerySerializer(StrictSerializer):
    """The parameters of a list. A field's name is what rows are filtered by; `apply` may be refined."""

    also_known = ("cursor", "page_size")
    lookups: ClassVar[Mapping[str, str]] = {}

    def apply(self, queryset: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
        """Return the rows that were asked for."""
        values = self.validated_data.items()
        return queryset.filter(**{self.lookups.get(name, name): value for name, value in values})


@extend_schema_field(OpenApiTypes.STR)
class GalleryField(serializers.Field[Gallery, Any, str, Any]):
    """A gallery by its slug, or in requests also by its name; one that the asker cannot see is not there."""

    def to_internal_value(self, data: Any) -> Gallery:
        """Return the gallery.

        Raises:
            GalleryNotFoundError: there is none of this name that the asker may see.
        """
        if not isinstance(data, str) or not data.strip() or "\x00" in data:
            raise serializers.ValidationError("Give a gallery's slug or name.")
        return find_gallery(self.context["request"], data.strip())

    def to_representation(self, value: Gallery) -> str:
        """Return the slug."""
        return value.slug


@extend_schema_field(OpenApiTypes.URI)
class AddressField(serializers.Field[Any, Any, str, Any]):
    """Where to get a picture; `source` is the number in the address, null stays null."""

    def __init__(self, name: str, *, query: str = "", **options: Any) -> None:
        """Keep the name of the route and what follows the question mark."""
        self.name = name
        self.query = query
        super().__init__(read_only=True, **options)

    def to_representation(self, value: Any) -> str:
        """Return the whole address."""
        return reverse(self.name, args=[value], request=self.context["request"]) + self.query


class NumberField(serializers.IntegerField):
    """The number of a row."""

    def __init__(self, **options: Any) -> None:
        """Keep it within what the database can hold."""
        super().__init__(min_value=1, max_value=LARGEST_ID, **options)


@extend_schema_field(OpenApiTypes.OBJECT)
class MetadataField(serializers.JSONField):
    """An object of the organisation's own, small enough to travel with every person."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the object.

        Raises:
            ValidationError: no object, too large, or with a character that the database cannot keep.
        """
        value = super().to_internal_value(data)
        if not isinstance(value, dict):
            raise serializers.ValidationError("Give an object, with a name for each value.")
        try:
            text = json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise serializers.ValidationError("Half of a surrogate pair is no character.") from error
        if len(text) > METADATA_BYTES:
            raise serializers.ValidationError(f"At most {METADATA_BYTES} bytes of JSON; this has {len(text)}.")
        if b"\\u0000" in text:
            raise serializers.ValidationError("The character NUL cannot be kept.")
        return value
