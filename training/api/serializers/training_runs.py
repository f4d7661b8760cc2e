"""Training runs."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from faces.api.serializers.fields import GalleryField, QuerySerializer, StrictSerializer
from faces.api.serializers.jobs import JobSerializer
from faces.models import EncoderVersion
from training.configuration import TrainingConfiguration
from training.models import EpochRecord, TrainingRun
from training.services.held_out_outcome import COMPARISON
from training.services.run_outcomes import judged_report, parent_report
from training.services.run_requests import fitted
from training.services.run_words import CHOICES, SETTINGS, Setting


def _described(setting: Setting, default: Any) -> serializers.Field[Any, Any, Any, Any]:
    """Return a field that tells the OpenAPI description what a setting is; what is right, the configuration says."""
    common: dict[str, Any] = {"required": False, "default": default, "help_text": f"{setting.label}. {setting.help}"}
    if setting.kind == "choice":
        return serializers.ChoiceField(
            choices=[(key.value, words) for key, words in CHOICES[setting.name].items()], **common
        )
    if setting.kind == "bool":
        return serializers.BooleanField(**common)
    if setting.kind == "int":
        return serializers.IntegerField(**common)
    if setting.kind == "text":
        return serializers.CharField(**common)
    return serializers.FloatField(allow_null=setting.is_optional, **common)


@extend_schema_serializer(component_name="TrainingConfiguration")
class ConfigurationSerializer(serializers.Serializer[Any]):
    """The settings of a training run; what is not given has its default."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Return a field for each setting."""
        defaults = {
            field.name: field.default for field in fields(TrainingConfiguration) if field.default is not MISSING
        }
        return {name: _described(setting, defaults[name]) for name, setting in SETTINGS.items()}


@extend_schema_field(ConfigurationSerializer)
class ConfigurationField(serializers.Field[TrainingConfiguration, Any, Any, Any]):
    """A run's settings, checked by `TrainingConfiguration` itself."""

    def to_internal_value(self, data: Any) -> TrainingConfiguration:
        """Return the configuration.

        Raises:
            InvalidConfigurationError: a setting is wrong; `params.fields` says for each one what would be right.
        """
        if not isinstance(data, Mapping):
            raise serializers.ValidationError(
                "Give an object, with a value for each setting that is not the usual one."
            )
        return TrainingConfiguration.from_json(data).checked()

    def to_representation(self, value: Any) -> Any:
        """Return the settings as they are stored."""
        return value


class RequestTrainingSerializer(StrictSerializer):
    """What is trained, and how."""

    gallery = GalleryField()
    configuration = ConfigurationField(default=TrainingConfiguration, help_text="Settings; all have defaults.")

    def to_internal_value(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values; a batch that nobody asked for has no more people than the gallery.

        Raises:
            TooLittleToLearnError: the gallery has too few people or photos.
        """
        values = super().to_internal_value(data)
        if "people_per_batch" not in data.get("configuration", {}):
            values["configuration"] = fitted(values["gallery"], values["configuration"])
        return values


class RunVersionSerializer(serializers.ModelSerializer[EncoderVersion]):
    """An encoder version that a run began with, or made."""

    class Meta:
        """Enough to know it."""

        model = EncoderVersion
        fields: ClassVar = ["id", "name", "state", "weights_sha256"]
        read_only_fields: ClassVar = fields


class EpochSerializer(serializers.ModelSerializer[EpochRecord]):
    """What one epoch came to; number 0 is the parent, before the first step."""

    class Meta:
        """All of it."""

        model = EpochRecord
        fields: ClassVar = [
            "number",
            "steps",
            "loss",
            "parent_loss",
            "triplets",
            "active",
            "semi_hard",
            "hard",
            "suspects",
            "mean_positive_distance",
            "mean_negative_distance",
            "held_out_eer",
            "held_out_tar",
            "held_out_fmr",
            "plain_eer",
            "plain_tar",
            "learning_rate",
            "mining_seconds",
            "seconds",
            "created_at",
        ]
        read_only_fields: ClassVar = fields


class TrainingRunSerializer(serializers.ModelSerializer[TrainingRun]):
    """A retraining of the encoder that serves a gallery, on the gallery's photos."""

    gallery = GalleryField(read_only=True)
    parent = RunVersionSerializer(read_only=True)
    candidate = RunVersionSerializer(read_only=True, allow_null=True, help_text="Null until there is one.")
    job = JobSerializer(read_only=True, allow_null=True, help_text="How far it is; null if deleted.")
    configuration = ConfigurationField(read_only=True)
    report = serializers.SerializerMethodField(help_text="The candidate's evaluation on the people held out, or null.")
    parent_report = serializers.SerializerMethodField(help_text="The parent's on the same people and photos, or null.")
    comparison = serializers.SerializerMethodField(
        help_text="How the two compare: `outcome`, and TAR and EER before and after with 95 % intervals; or null."
    )
    requested_by = serializers.SlugRelatedField[TrainingRun](slug_field="username", read_only=True, allow_null=True)

    class Meta:
        """All but epochs and files."""

        model = TrainingRun
        fields: ClassVar = [
            "id",
            "gallery",
            "state",
            "parent",
            "candidate",
            "job",
            "configuration",
            "device",
            "people",
            "photos",
            "watched_people",
            "held_out_people",
            "steps",
            "best_epoch",
            "finish_requested_at",
            "report",
            "parent_report",
            "comparison",
            "error",
            "requested_by",
            "created_at",
            "started_at",
            "finished_at",
        ]
        read_only_fields: ClassVar = fields

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_report(self, run: TrainingRun) -> int | None:
        """Return its number."""
        report = judged_report(run)
        return None if report is None else report.pk

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_parent_report(self, run: TrainingRun) -> int | None:
        """Return its number."""
        report = parent_report(run)
        return None if report is None else report.pk

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_comparison(self, run: TrainingRun) -> object:
        """Return what the candidate's report says of both."""
        report = judged_report(run)
        return None if report is None else report.snapshot.get(COMPARISON)


class TrainingRunDetailSerializer(TrainingRunSerializer):
    """A training run with its curves."""

    epochs = EpochSerializer(source="epoch_records", many=True, read_only=True)

    class Meta(TrainingRunSerializer.Meta):
        """With the epochs."""

        fields: ClassVar = [*TrainingRunSerializer.Meta.fields, "epochs"]
        read_only_fields: ClassVar = fields


class TrainingRunQuerySerializer(QuerySerializer):
    """Which training runs to list."""

    gallery = GalleryField(required=False)
    state = serializers.ChoiceField(choices=TrainingRun.State.choices, required=False)
