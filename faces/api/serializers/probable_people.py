"""Probable people: unknown faces that are probably one person's."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from faces.api.serializers.fields import AddressField, GalleryField, NumberField, QuerySerializer, StrictSerializer
from faces.api.serializers.people import PersonBriefSerializer
from faces.models import ProbablePerson
from faces.services.likenesses import Likeness

LIKENESS = "likeness"
"""Where a view leaves on a row who it probably is."""


class LikenessSerializer(serializers.Serializer[Likeness]):
    """Somebody known whom recognition would take the faces' mean for."""

    person = PersonBriefSerializer()
    distance = serializers.FloatField(help_text="Squared L2 between the mean of the faces and the person's template.")


class ProbablePersonSerializer(serializers.ModelSerializer[ProbablePerson]):
    """Unknown faces that are probably one person's; `GET /faces?probable_person=` lists them."""

    gallery = GalleryField(read_only=True)
    is_dismissed = serializers.SerializerMethodField()
    face_count = serializers.IntegerField(read_only=True)
    cover = AddressField("face-image", source="cover_face_id", allow_null=True, help_text="One of the faces.")
    likely = serializers.SerializerMethodField(help_text="Who it probably is; null where nobody is known to be near.")

    class Meta:
        """All that there is to say."""

        model = ProbablePerson
        fields: ClassVar = [
            "id",
            "gallery",
            "face_count",
            "cover",
            "likely",
            "is_dismissed",
            "dismissed_at",
            "created_at",
        ]
        read_only_fields: ClassVar = fields

    @extend_schema_field(OpenApiTypes.BOOL)
    def get_is_dismissed(self, probable: ProbablePerson) -> bool:
        """Return whether an admin said that nobody needs to look at it."""
        return probable.dismissed_at is not None

    @extend_schema_field(LikenessSerializer(allow_null=True))
    def get_likely(self, probable: ProbablePerson) -> object:
        """Return who it probably is, as the view found out for all that it answers."""
        likeness: Likeness | None = getattr(probable, LIKENESS, None)
        return LikenessSerializer(likeness).data if likeness is not None else None


class ProbablePersonQuerySerializer(QuerySerializer):
    """Which probable people to list; those who were dismissed are left out unless asked for."""

    gallery = GalleryField(required=False)
    is_dismissed = serializers.BooleanField(required=False, help_text="True: only those who were dismissed.")

    def apply(self, queryset: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
        """Return the rows that were asked for."""
        self.validated_data["dismissed_at__isnull"] = not self.validated_data.pop("is_dismissed", False)
        return super().apply(queryset)


class _WithoutSerializer(StrictSerializer):
    """Faces that show somebody else; they are taken out first."""

    without = serializers.ListField(
        child=NumberField(),
        required=False,
        default=list,
        max_length=10_000,
        help_text="Faces that show somebody else: they are taken out, and no grouping puts them back.",
    )


class NameSerializer(_WithoutSerializer):
    """The new person whom the faces show."""

    name = serializers.CharField(max_length=300)
    external_id = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class AssignProbableSerializer(_WithoutSerializer):
    """The known person whom the faces show."""

    person = NumberField(help_text="A person of the same gallery.")


class MergeProbableSerializer(StrictSerializer):
    """Whom a probable person is merged into."""

    into = NumberField(help_text="The probable person who stays, of the same gallery.")


class TakeOutSerializer(StrictSerializer):
    """Faces that show somebody else."""

    faces = serializers.ListField(child=NumberField(), allow_empty=False, max_length=10_000)


class NamedSerializer(serializers.Serializer[Any]):
    """Whose the faces are now."""

    person = PersonBriefSerializer()
    faces = serializers.IntegerField(help_text="Faces that became the person's.")
    enrolled = serializers.IntegerField(help_text="How many of them searches find; the others are of too low quality.")


class RegroupSerializer(StrictSerializer):
    """Whose unknown faces are grouped."""

    gallery = GalleryField()
    anew = serializers.BooleanField(
        default=False, help_text="Take the present groups apart first; what was dismissed stays so."
    )
