"""Evaluations: error rates of galleries, and of people who were held out from training."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from faces.api.serializers.fields import GalleryField, NumberField, QuerySerializer, StrictSerializer
from training.models import EvaluationReport
from training.services.report_exports import Form
from training.services.requesting import LARGEST_SEED


class MeasuredVersionSerializer(serializers.Serializer[Any]):
    """The encoder version whose embeddings were compared."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    weights_sha256 = serializers.CharField()


class EvaluationSerializer(serializers.ModelSerializer[EvaluationReport]):
    """A measurement of error rates: of a gallery, or of people who were held out from a training run."""

    gallery = GalleryField(read_only=True)
    encoder_version = MeasuredVersionSerializer(read_only=True)
    training_run = serializers.PrimaryKeyRelatedField[Any](
        read_only=True, help_text="From which the people were held out; null for a gallery's own evaluation."
    )
    compared_with = MeasuredVersionSerializer(
        read_only=True, allow_null=True, help_text="The parent, on the same people and photos."
    )
    difference = serializers.FloatField(
        read_only=True,
        allow_null=True,
        help_text="This version's TAR minus that of `compared_with`, at the FMR that `snapshot.fmr` names.",
    )
    difference_low = serializers.FloatField(
        read_only=True, allow_null=True, help_text="The lower limit of its 95 % interval, from resampling people."
    )
    difference_high = serializers.FloatField(read_only=True, allow_null=True, help_text="The upper limit.")
    job = serializers.PrimaryKeyRelatedField[Any](read_only=True, help_text="The job that measured; null if gone.")
    mated = serializers.IntegerField(read_only=True, help_text="Comparisons of the same person.")
    non_mated = serializers.IntegerField(read_only=True, help_text="Comparisons of different people.")
    exports = serializers.SerializerMethodField(help_text="Where to get it as a file.")

    class Meta:
        """All but the figures, which are large."""

        model = EvaluationReport
        fields: ClassVar = [
            "id",
            "kind",
            "gallery",
            "encoder_version",
            "compared_with",
            "difference",
            "difference_low",
            "difference_high",
            "training_run",
            "measured_on",
            "people",
            "photos",
            "mated",
            "non_mated",
            "seconds",
            "job",
            "exports",
            "created_at",
        ]
        read_only_fields: ClassVar = fields

    @extend_schema_field(serializers.DictField(child=serializers.URLField()))
    def get_exports(self, report: EvaluationReport) -> dict[str, str]:
        """Return whole addresses by form."""
        request = self.context["request"]
        return {
            form.value: reverse("evaluation-export", args=[report.pk, form.value], request=request) for form in Form
        }


class EvaluationDetailSerializer(EvaluationSerializer):
    """A measurement with everything that was found."""

    snapshot = serializers.SerializerMethodField(help_text="What it was measured on: counts, taus in force, the seed.")
    figures = serializers.SerializerMethodField(help_text="The figures; the JSON export explains its fields.")

    class Meta(EvaluationSerializer.Meta):
        """With the figures."""

        fields: ClassVar = [*EvaluationSerializer.Meta.fields, "snapshot", "figures"]
        read_only_fields: ClassVar = fields

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_snapshot(self, report: EvaluationReport) -> object:
        """Return what it was measured on."""
        return report.snapshot

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_figures(self, report: EvaluationReport) -> object:
        """Return them as they are stored."""
        return report.figures


class EvaluationQuerySerializer(QuerySerializer):
    """Which evaluations to list."""

    gallery = GalleryField(required=False)
    training_run = NumberField(required=False, help_text="The two on the people held out from this run.")

    def apply(self, queryset: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
        """Return those of galleries, or those of a run."""
        rows = super().apply(queryset)
        return rows if "training_run" in self.validated_data else rows.filter(training_run__isnull=True)


class MeasureSerializer(StrictSerializer):
    """What is measured."""

    gallery = GalleryField()
    seed = serializers.IntegerField(
        min_value=0,
        max_value=LARGEST_SEED,
        default=0,
        help_text="Of what is drawn by chance: the same photos and seed give the same figures.",
    )
