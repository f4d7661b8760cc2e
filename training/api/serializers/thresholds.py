"""tau."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from faces.api.serializers.encoders import EncoderVersionBriefSerializer
from faces.api.serializers.fields import GalleryField, NumberField, QuerySerializer, StrictSerializer
from faces.models import Threshold

WAYS = ("tau", "fpir", "fmr")


# Made by a call, as mypy lets no class have a field that is called `errors`.
RateSerializer: type[serializers.Serializer[Any]] = type(
    "RateSerializer",
    (serializers.Serializer,),
    {
        "__doc__": "An error rate with its 95 % interval, from resampling people.",
        "value": serializers.FloatField(help_text="0 to 1."),
        "low": serializers.FloatField(),
        "high": serializers.FloatField(help_text="Where no error was seen, what that shows: the rule of three."),
        "errors": serializers.FloatField(),
        "trials": serializers.FloatField(help_text="Of how many comparisons or searches."),
        "people": serializers.IntegerField(help_text="How many different people had one; fewer than 30 are rough."),
    },
)


class MeasuredSerializer(serializers.Serializer[Any]):
    """What was measured at a tau when it was set."""

    report = serializers.IntegerField(help_text="The evaluation.", required=False)
    people = serializers.IntegerField(help_text="How many people FPIR is told for.", required=False)
    fmr = RateSerializer(required=False, help_text="Against a person.")
    fnmr = RateSerializer(required=False, help_text="Against a person.")
    fmr_photo = RateSerializer(required=False, help_text="Against a single photo.")
    fnmr_photo = RateSerializer(required=False, help_text="Against a single photo.")
    fpir = RateSerializer(required=False)
    fnir = RateSerializer(required=False)


class ThresholdSerializer(serializers.ModelSerializer[Threshold]):
    """One decision about tau, and what it rests on."""

    gallery = GalleryField(read_only=True, allow_null=True, help_text="Null: all galleries without one of their own.")
    encoder_version = EncoderVersionBriefSerializer(read_only=True)
    set_by = serializers.SlugRelatedField[Threshold](slug_field="username", read_only=True, allow_null=True)
    measured = serializers.SerializerMethodField(help_text="The error rates at it; null where none were measured.")

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
            "measured",
            "reason",
            "set_by",
            "created_at",
        ]
        read_only_fields: ClassVar = fields

    @extend_schema_field(MeasuredSerializer(allow_null=True))
    def get_measured(self, threshold: Threshold) -> dict[str, Any] | None:
        """Return them as they are stored."""
        return threshold.measured or None


class ThresholdInputSerializer(StrictSerializer):
    """A tau to put in force: itself, or the error rate that it may have."""

    gallery = GalleryField(allow_null=True, help_text="Null: all galleries without one of their own; by `tau` only.")
    use = serializers.ChoiceField(choices=Threshold.Use.choices)
    tau = serializers.FloatField(
        required=False,
        allow_null=True,
        help_text="Squared L2 of unit vectors, 0 to 4; null gives a gallery's own value up.",
    )
    fpir = serializers.FloatField(
        required=False,
        help_text="For recognition: the loosest tau at which at most this share of strangers is recognized as "
        "somebody, with as many people as there are now. 0.01 is 1 in 100.",
    )
    fmr = serializers.FloatField(
        required=False,
        help_text="For verification: the loosest tau at which at most this share of impostors is verified.",
    )
    reason = serializers.CharField(max_length=500, help_text="Why, for the history.")

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        """Return the values.

        Raises:
            ValidationError: not exactly one of the three ways to say which tau.
        """
        given = [name for name in WAYS if name in values]
        if len(given) != 1:
            raise serializers.ValidationError(
                {name: ["Give exactly one of tau, fpir and fmr."] for name in given or ["tau"]}
            )
        return values


class ThresholdQuerySerializer(QuerySerializer):
    """Which decisions to list."""

    gallery = GalleryField(required=False)
    use = serializers.ChoiceField(choices=Threshold.Use.choices, required=False)
    encoder_version = NumberField(required=False)


class CurrentQuerySerializer(StrictSerializer):
    """For which gallery."""

    gallery = GalleryField(required=False, default=None, help_text="Left out: what new galleries get.")


class ExpectedSerializer(serializers.Serializer[Any]):
    """An FPIR that is expected, with its 95 % interval; limits are null where nothing was measured."""

    value = serializers.FloatField()
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


class GrowthSerializer(serializers.Serializer[Any]):
    """The gallery has grown so much that the FPIR that was asked for no longer holds."""

    asked = serializers.FloatField(help_text="The FPIR that was asked for.")
    asked_for_people = serializers.IntegerField(source="threshold.gallery_size", help_text="With so many people.")
    people = serializers.IntegerField(help_text="How many there are now.")
    expected = ExpectedSerializer(help_text="The FPIR with so many.")
    tau = serializers.FloatField(
        source="choice.tau", default=None, allow_null=True, help_text="What would hold it again; null if nothing can."
    )
    measure_again = serializers.BooleanField(
        source="is_outdated", help_text="Whether there are far more people than were measured."
    )


class CurrentThresholdsSerializer(serializers.Serializer[Any]):
    """What decides right now."""

    gallery = GalleryField(allow_null=True)
    encoder_version = EncoderVersionBriefSerializer()
    verification = ThresholdSerializer()
    recognition = ThresholdSerializer()
    growth = GrowthSerializer(allow_null=True, help_text="Null where what was asked for still holds.")
