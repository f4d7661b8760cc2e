"""Encoder versions."""

from typing import ClassVar

from rest_framework import serializers

from faces.models import EncoderVersion


class EncoderVersionBriefSerializer(serializers.ModelSerializer[EncoderVersion]):
    """Which encoder version it was."""

    class Meta:
        """Number and name."""

        model = EncoderVersion
        fields: ClassVar = ["id", "name"]
        read_only_fields: ClassVar = fields


class EncoderVersionSerializer(serializers.ModelSerializer[EncoderVersion]):
    """One set of weights, and under which licence it may be used."""

    class Meta:
        """Everything but where the weights lie."""

        model = EncoderVersion
        fields: ClassVar = [
            "id",
            "name",
            "architecture",
            "dimension",
            "preprocessing_version",
            "weights_sha256",
            "licence",
            "state",
            "parent",
            "created_at",
        ]
        read_only_fields: ClassVar = fields
