"""Photos, and uploads of them."""

from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from faces.api.serializers.fields import AddressField, GalleryField, NumberField, QuerySerializer, StrictSerializer
from faces.api.serializers.jobs import JobSerializer
from faces.api.serializers.people import PersonBriefSerializer
from faces.models import Face, Photo

MAX_FILES = 200
MAX_WAIT = 30


class PhotoSerializer(serializers.ModelSerializer[Photo]):
    """A photo that was accepted, and its way through the workers."""

    gallery = GalleryField(read_only=True)
    job = serializers.IntegerField(source="job_id", read_only=True, allow_null=True)
    portrait_of = serializers.IntegerField(
        source="portrait_of_id", read_only=True, allow_null=True, help_text="The person it was uploaded for."
    )
    face_count = serializers.IntegerField(read_only=True)
    image = AddressField("photo-image", source="pk", help_text="The bytes that were sent.")
    thumbnail = AddressField("photo-image", query="?size=thumb", source="pk", help_text="Small, upright, a JPEG.")

    class Meta:
        """All that there is to say."""

        model = Photo
        fields: ClassVar = [
            "id",
            "gallery",
            "name",
            "sha256",
            "media_type",
            "size_bytes",
            "width",
            "height",
            "state",
            "reason",
            "error",
            "portrait_of",
            "job",
            "face_count",
            "image",
            "thumbnail",
            "created_at",
            "finished_at",
        ]
        read_only_fields: ClassVar = fields


class PhotoQuerySerializer(QuerySerializer):
    """Which photos to list."""

    gallery = GalleryField(required=False)
    state = serializers.ChoiceField(choices=Photo.State.choices, required=False)
    reason = serializers.CharField(required=False, help_text="A code, such as no_face_found.")
    person = NumberField(required=False, help_text="Photos with a face of this person, or sent in as their portrait.")
    job = NumberField(required=False)
    sha256 = serializers.RegexField(r"^[0-9a-f]{64}$", required=False, help_text="Of the file's bytes.")

    def apply(self, queryset: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
        """Return the rows that were asked for."""
        if (person := self.validated_data.pop("person", None)) is not None:
            shown = Face.objects.filter(person=person).values("photo")
            queryset = queryset.filter(Q(pk__in=shown) | Q(portrait_of=person))
        return super().apply(queryset)


class WaitSerializer(StrictSerializer):
    """How long an answer may wait for the workers."""

    wait = serializers.FloatField(
        default=0, min_value=0, max_value=MAX_WAIT, help_text="Seconds to wait until the photos are encoded."
    )


class ImageQuerySerializer(StrictSerializer):
    """How large a picture is wanted."""

    size = serializers.ChoiceField(choices=["original", "thumb"], default="original")


@extend_schema_field(OpenApiTypes.BINARY)
class PhotoFileField(serializers.FileField):
    """A file that is looked into before anything is said about it, even when it is empty."""

    def __init__(self, **options: Any) -> None:
        """Let the encoder's own checks speak."""
        super().__init__(allow_empty_file=True, **options)


class PhotosInputSerializer(StrictSerializer):
    """Photos of a person who is known."""

    photos = serializers.ListField(
        child=PhotoFileField(),
        allow_empty=False,
        max_length=MAX_FILES,
        help_text=f"1 to {MAX_FILES} files, each in a part of this name.",
    )


class UploadSerializer(PhotosInputSerializer):
    """Photos for a gallery, and whose portraits they are, if they are somebody's."""

    gallery = GalleryField()
    person = NumberField(required=False, help_text="Whose portraits they are.")
    person_name = serializers.CharField(
        max_length=300, required=False, help_text="Or by name: the first of this name, made if there is nobody."
    )
    external_id = serializers.CharField(
        max_length=200,
        required=False,
        help_text="Or by the organisation's number, made with `person_name` if not there.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse two ways of naming the person at once."""
        if "person" in attrs and ("person_name" in attrs or "external_id" in attrs):
            raise serializers.ValidationError("Name the person by `person`, or by `person_name` and `external_id`.")
        return attrs


class RefusalSerializer(serializers.Serializer[Any]):
    """Why a file was refused."""

    code = serializers.CharField()
    detail = serializers.CharField()
    params = serializers.DictField()


class OutcomeSerializer(serializers.Serializer[Any]):
    """What became of one file."""

    name = serializers.CharField(help_text="The file's name.")
    outcome = serializers.ChoiceField(choices=["accepted", "refused"])
    is_new = serializers.BooleanField(allow_null=True, help_text="False: the gallery had the same bytes before.")
    photo = PhotoSerializer(allow_null=True)
    error = RefusalSerializer(allow_null=True)


class UploadAnswerSerializer(serializers.Serializer[Any]):
    """What became of all files, in their order."""

    person = PersonBriefSerializer(allow_null=True)
    job = JobSerializer(allow_null=True, help_text="Follows the photos, where several files were sent.")
    photos = OutcomeSerializer(many=True)
