"""Jobs."""

from typing import ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from faces.api.serializers.fields import GalleryField, QuerySerializer
from faces.models import Job


class JobSerializer(serializers.ModelSerializer[Job]):
    """Long work, and how far it is."""

    gallery = GalleryField(read_only=True, allow_null=True)
    percent = serializers.IntegerField(read_only=True, help_text="0 to 100.")
    result = serializers.SerializerMethodField(help_text="What was taken in: counts, those refused by their code.")
    created_by = serializers.SlugRelatedField[Job](slug_field="username", read_only=True, allow_null=True)

    class Meta:
        """All that there is to say."""

        model = Job
        fields: ClassVar = [
            "id",
            "gallery",
            "kind",
            "title",
            "state",
            "done",
            "total",
            "percent",
            "note",
            "result",
            "error",
            "cancel_requested_at",
            "created_by",
            "created_at",
            "started_at",
            "finished_at",
        ]
        read_only_fields: ClassVar = fields

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_result(self, job: Job) -> object:
        """Return the counts."""
        return job.result


class JobQuerySerializer(QuerySerializer):
    """Which jobs to list."""

    gallery = GalleryField(required=False)
    kind = serializers.ChoiceField(choices=Job.Kind.choices, required=False)
    state = serializers.ChoiceField(choices=Job.State.choices, required=False)
