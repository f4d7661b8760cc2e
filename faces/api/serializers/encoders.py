"""Encoder versions."""

from typing import ClassVar

from rest_framework import serializers

from faces.api.serializers.fields import StrictSerializer
from faces.models import EncoderVersion
from faces.services.licences import terms_of


class EncoderVersionBriefSerializer(serializers.ModelSerializer[EncoderVersion]):
    """Which encoder version it was."""

    class Meta:
        """Number and name."""

        model = EncoderVersion
        fields: ClassVar = ["id", "name"]
        read_only_fields: ClassVar = fields


class EncoderVersionSerializer(serializers.ModelSerializer[EncoderVersion]):
    """One set of weights, under which licence it may be used, and which galleries it serves."""

    licence_summary = serializers.SerializerMethodField(help_text="What the licence allows; it does not replace it.")
    licence_address = serializers.SerializerMethodField(help_text="The licence's text; empty where it is not known.")
    is_commercial_use_allowed = serializers.SerializerMethodField(help_text="Null: only the licence's own text says.")
    galleries = serializers.SlugRelatedField[EncoderVersion](
        slug_field="slug", many=True, read_only=True, help_text="Those of them that the asker may see."
    )

    class Meta:
        """Everything but where the weights lie."""

        model = EncoderVersion
        fields: ClassVar = [
            "id",
            "name",
            "architecture",
            "dimension",
            "input_size",
            "preprocessing_version",
            "weights_sha256",
            "source",
            "licence",
            "licence_summary",
            "licence_address",
            "is_commercial_use_allowed",
            "state",
            "galleries",
            "parent",
            "created_at",
        ]
        read_only_fields: ClassVar = fields

    def get_licence_summary(self, version: EncoderVersion) -> str:
        """Return the terms in a sentence or two."""
        return terms_of(version.licence).summary

    def get_licence_address(self, version: EncoderVersion) -> str:
        """Return where the licence can be read."""
        return terms_of(version.licence).address

    def get_is_commercial_use_allowed(self, version: EncoderVersion) -> bool | None:
        """Return whether one may earn money with it."""
        return terms_of(version.licence).is_commercial


class AvailableInputSerializer(StrictSerializer):
    """The taus that a version decides by once it serves galleries."""

    verification_tau = serializers.FloatField(help_text="Squared L2 of unit vectors, 0 to 4.")
    recognition_tau = serializers.FloatField(help_text="Squared L2 of unit vectors, 0 to 4.")
    reason = serializers.CharField(max_length=500, help_text="Where the taus come from, for the history.")
