"""People."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework import serializers

from faces.api.serializers.fields import (
    AddressField,
    GalleryField,
    MetadataField,
    NumberField,
    QuerySerializer,
    StrictSerializer,
)
from faces.models import Person


class PersonBriefSerializer(serializers.ModelSerializer[Person]):
    """Who it is, in an answer about something else."""

    class Meta:
        """What an organisation knows a person by."""

        model = Person
        fields: ClassVar = ["id", "name", "external_id"]
        read_only_fields: ClassVar = fields


class PersonSerializer(serializers.ModelSerializer[Person]):
    """A person of a gallery."""

    gallery = GalleryField(read_only=True)
    metadata = MetadataField(read_only=True)
    face_count = serializers.IntegerField(read_only=True)
    enrolled_count = serializers.IntegerField(read_only=True, help_text="Faces that searches can find.")
    cover = AddressField("face-image", source="cover_face_id", allow_null=True, help_text="An enrolled face.")

    class Meta:
        """All that there is to say."""

        model = Person
        fields: ClassVar = [
            "id",
            "gallery",
            "name",
            "external_id",
            "metadata",
            "consent",
            "consent_purpose",
            "consent_until",
            "merged_into",
            "face_count",
            "enrolled_count",
            "cover",
            "created_at",
            "updated_at",
        ]
        read_only_fields: ClassVar = fields


class PersonChangesSerializer(StrictSerializer):
    """What can be corrected about a person."""

    name = serializers.CharField(max_length=300, help_text="In any script; need not be unique.")
    external_id = serializers.CharField(
        max_length=200,
        required=False,
        allow_blank=True,
        help_text="The organisation's own number; unique in a gallery.",
    )
    metadata = MetadataField(required=False)
    consent = serializers.ChoiceField(choices=Person.Consent.choices, required=False)
    consent_purpose = serializers.CharField(max_length=300, required=False, allow_blank=True)
    consent_until = serializers.DateField(required=False, allow_null=True)


class PersonInputSerializer(PersonChangesSerializer):
    """What a person is made of."""

    gallery = GalleryField()


class MergeSerializer(StrictSerializer):
    """Whom a person is merged into."""

    into = NumberField(help_text="The person who stays, of the same gallery.")


class ErasedSerializer(serializers.Serializer[Any]):
    """What went with a person."""

    photos = serializers.IntegerField(help_text="Photos that showed nobody else, deleted with their files.")
    faces = serializers.IntegerField(help_text="Faces deleted with their embeddings.")
    shared_photos = serializers.IntegerField(help_text="Photos that stay because they show other faces, too.")


class PersonQuerySerializer(QuerySerializer):
    """Which people to list; those who were merged into others are left out unless asked for."""

    lookups: ClassVar = {"name": "name__icontains"}

    gallery = GalleryField(required=False)
    name = serializers.CharField(required=False, help_text="A part of the name, in any case.")
    external_id = serializers.CharField(required=False, help_text="The whole external id.")
    consent = serializers.ChoiceField(choices=Person.Consent.choices, required=False)
    merged = serializers.BooleanField(required=False, help_text="True: only people who were merged into others.")

    def apply(self, queryset: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
        """Return the rows that were asked for."""
        self.validated_data["merged_into__isnull"] = not self.validated_data.pop("merged", False)
        return super().apply(queryset)
