"""tau."""

from typing import Any, ClassVar

from rest_framework import serializers

from faces.api.serializers.encoders import EncoderVersionBriefSerializer
from faces.api.serializers.fields import GalleryField, NumberField, QuerySerializer, StrictSerializer
from faces.models import Threshold


class ThresholdSerializer(serializers.ModelSerializer[Threshold]):
    """One decision about tau, and what it rests on."""

    gallery = GalleryField(read_only=True, allow_null=True, help_text="Null: all galleries without one of their own.")
    encoder_version = EncoderVersionBriefSerializer(read_only=True)
    set_by = serializers.SlugRelatedField[Threshold](slug_field="username", read_only=True, allow_null=True)

    class Meta:
        """All that there is to say."""

        model = Threshold
        fields: ClassVar = [
            "id",
            "gallery",
            "encoder_version",
            "use",
            "tau",
            "error_rate_kind",
            "error_rate",
            "gallery_size",
            "evidence",
            "reason",
            "set_by",
            "created_at",
        ]
        read_only_fields: ClassVar = fields


class ThresholdInputSerializer(StrictSerializer):
    """A tau to put in force."""

    gallery = GalleryField(allow_null=True, help_text="Null: all galleries without one of their own.")
    use = serializers.ChoiceField(choices=Threshold.Use.choices)
    tau = serializers.FloatField(
        allow_null=True, help_text="Squared L2 of unit vectors, 0 to 4; null gives a gallery's own value up."
    )
    reason = serializers.CharField(max_length=500, help_text="Why, for the history.")


class ThresholdQuerySerializer(QuerySerializer):
    """Which decisions to list."""

    gallery = GalleryField(required=False)
    use = serializers.ChoiceField(choices=Threshold.Use.choices, required=False)
    encoder_version = NumberField(required=False)


class CurrentQuerySerializer(StrictSerializer):
    """For which gallery."""

    gallery = GalleryField(required=False, default=None, help_text="Left out: what new galleries get.")


class CurrentThresholdsSerializer(serializers.Serializer[Any]):
    """What decides right now."""

    gallery = GalleryField(allow_null=True)
    encoder_version = EncoderVersionBriefSerializer()
    verification = ThresholdSerializer()
    recognition = ThresholdSerializer()
