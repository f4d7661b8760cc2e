"""Galleries."""

from typing import ClassVar

from rest_framework import serializers

from faces.api.serializers.encoders import EncoderVersionBriefSerializer
from faces.api.serializers.fields import QuerySerializer, StrictSerializer
from faces.models import EncoderVersion, Gallery


class GallerySerializer(serializers.ModelSerializer[Gallery]):
    """A gallery; the slug is its address and stays the same when the name changes."""

    encoder_version = EncoderVersionBriefSerializer(read_only=True)
    person_count = serializers.IntegerField(read_only=True, help_text="People who were not merged into others.")
    photo_count = serializers.IntegerField(read_only=True)

    class Meta:
        """All that there is to say."""

        model = Gallery
        fields: ClassVar = ["slug", "name", "encoder_version", "person_count", "photo_count", "created_at"]
        read_only_fields: ClassVar = fields


class GalleryNameSerializer(StrictSerializer):
    """What a gallery is renamed to."""

    name = serializers.CharField(max_length=200, help_text="In any script; unique.")


class GalleryInputSerializer(GalleryNameSerializer):
    """What a gallery is made of."""

    encoder_version = serializers.PrimaryKeyRelatedField(
        queryset=EncoderVersion.objects.all(),
        default=None,
        help_text="An available one, which will serve it; the factory encoder if left out.",
    )


class GalleryQuerySerializer(QuerySerializer):
    """Which galleries to list."""

    lookups: ClassVar = {"name": "name__icontains"}

    name = serializers.CharField(required=False, help_text="A part of the name, in any case.")
