"""Faces: where they are in a photo, how good they are, and whose."""

from dataclasses import asdict, fields
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from encoder.geometry import FaceQuality, Landmarks
from encoder.quality import QualityProblem, quality_problems
from faces.api.serializers.fields import AddressField, GalleryField, NumberField, QuerySerializer, StrictSerializer
from faces.api.serializers.people import PersonBriefSerializer
from faces.models import Face
from faces.quality_words import explain
from faces.services.enrollment import quality_of


class BoxSerializer(serializers.Serializer[Any]):
    """Pixels of the EXIF-turned photo, origin top left."""

    left = serializers.FloatField()
    top = serializers.FloatField()
    right = serializers.FloatField()
    bottom = serializers.FloatField()


class PointSerializer(serializers.Serializer[Any]):
    """Pixels of the EXIF-turned photo, origin top left."""

    x = serializers.FloatField()
    y = serializers.FloatField()


class LandmarksSerializer(serializers.Serializer[Any]):
    """Five points; left is left in the picture."""

    left_eye = PointSerializer()
    right_eye = PointSerializer()
    nose = PointSerializer()
    mouth_left = PointSerializer()
    mouth_right = PointSerializer()


class QualitySerializer(serializers.Serializer[FaceQuality]):
    """How well the face can be recognized."""

    size = serializers.FloatField(help_text="The shorter side of the box, pixels.")
    sharpness = serializers.FloatField(help_text="0 to 1.")
    brightness = serializers.FloatField(help_text="0 to 1.")
    yaw = serializers.FloatField(help_text="Degrees.")
    pitch = serializers.FloatField(help_text="Degrees.")
    roll = serializers.FloatField(help_text="Degrees.")
    score = serializers.FloatField(
        help_text="0 to 1: the expected share of matches with good photos of the same person, at an FMR of 0.1 %."
    )
    warnings = serializers.SerializerMethodField(help_text="What makes an answer about this face doubtful.")
    explanations = serializers.SerializerMethodField(
        help_text="The warnings as sentences: what was measured, and what would be right."
    )

    @extend_schema_field(
        serializers.ListField(child=serializers.ChoiceField(choices=[p.value for p in QualityProblem]))
    )
    def get_warnings(self, quality: FaceQuality) -> list[str]:
        """Return what is wrong, gravest first."""
        return [problem.value for problem in quality_problems(quality)]

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_explanations(self, quality: FaceQuality) -> list[str]:
        """Return a sentence for each warning, in the same order."""
        return explain(quality)


class FaceSerializer(serializers.ModelSerializer[Face]):
    """A face that was found in a stored photo."""

    gallery = GalleryField(read_only=True)
    photo = serializers.IntegerField(source="photo_id", read_only=True)
    person = PersonBriefSerializer(read_only=True, allow_null=True)
    probable_person = serializers.IntegerField(
        source="probable_person_id",
        read_only=True,
        allow_null=True,
        help_text="The group of an unknown face, if it is in one.",
    )
    box = BoxSerializer(source="*", read_only=True)
    landmarks = serializers.SerializerMethodField()
    quality = serializers.SerializerMethodField()
    image = AddressField("face-image", source="pk", help_text="The face, cut out.")
    photo_image = AddressField("photo-image", source="photo_id", help_text="The whole photo.")

    class Meta:
        """All that there is to say."""

        model = Face
        fields: ClassVar = [
            "id",
            "gallery",
            "photo",
            "person",
            "probable_person",
            "assigned_by",
            "is_enrolled",
            "box",
            "landmarks",
            "detection_score",
            "quality",
            "image",
            "photo_image",
            "created_at",
        ]
        read_only_fields: ClassVar = fields

    @extend_schema_field(LandmarksSerializer)
    def get_landmarks(self, face: Face) -> dict[str, dict[str, float]]:
        """Return the five points by name; a list of faces is long, so no serializer is made for each."""
        names = (field.name for field in fields(Landmarks))
        return {name: {"x": x, "y": y} for name, (x, y) in zip(names, face.landmarks, strict=True)}

    @extend_schema_field(QualitySerializer)
    def get_quality(self, face: Face) -> dict[str, object]:
        """Return the quality with its warnings."""
        quality = quality_of(face)
        return asdict(quality) | {"warnings": list(quality_problems(quality)), "explanations": explain(quality)}


class FaceQuerySerializer(QuerySerializer):
    """Which faces to list."""

    gallery = GalleryField(required=False)
    photo = NumberField(required=False)
    person = NumberField(required=False)
    probable_person = NumberField(required=False)
    is_enrolled = serializers.BooleanField(required=False)
    is_assigned = serializers.BooleanField(required=False, help_text="False: faces that belong to nobody yet.")

    def apply(self, queryset: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
        """Return the rows that were asked for."""
        if (assigned := self.validated_data.pop("is_assigned", None)) is not None:
            queryset = queryset.filter(person__isnull=not assigned)
        return super().apply(queryset)


class AssignSerializer(StrictSerializer):
    """Whose face it is."""

    person = NumberField(help_text="A person of the face's own gallery.")
    is_enrolled = serializers.BooleanField(
        required=False,
        allow_null=True,
        default=None,
        help_text="Whether searches find it; its quality decides if left out.",
    )


class EnrollSerializer(StrictSerializer):
    """Whether searches find a face."""

    is_enrolled = serializers.BooleanField(default=True)
