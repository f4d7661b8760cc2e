"""Recognition, verification, and the record of both."""

from typing import Any, ClassVar

from django.contrib.auth.models import User
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from faces.api.serializers.encoders import EncoderVersionBriefSerializer
from faces.api.serializers.faces import BoxSerializer, LandmarksSerializer, QualitySerializer
from faces.api.serializers.fields import AddressField, GalleryField, NumberField, QuerySerializer, StrictSerializer
from faces.api.serializers.people import PersonBriefSerializer
from faces.api.serializers.photos import PhotoFileField
from faces.models import ApiKey, SearchEvent
from faces.services.recognition import MAX_CANDIDATES, Recognition


class RecognizeInputSerializer(StrictSerializer):
    """A photo to ask about."""

    photo = PhotoFileField(help_text="The probe, with one or several faces. It is not stored.")
    gallery = GalleryField()
    candidates = serializers.IntegerField(
        default=5, min_value=1, max_value=MAX_CANDIDATES, help_text="How many people to rank for each face."
    )


class VerifyInputSerializer(StrictSerializer):
    """A photo, and whom or what to compare it with: exactly one of person, photo_id and second_photo."""

    photo = PhotoFileField(help_text="The probe. It is not stored.")
    person = NumberField(required=False, help_text="Is it this person?")
    photo_id = NumberField(required=False, help_text="Is it the same person as in this stored photo?")
    second_photo = PhotoFileField(required=False, help_text="Is it the same person as in this file?")
    gallery = GalleryField(
        required=False, default=None, help_text="Whose tau decides; a person or photo brings its own."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse none or several things to compare with."""
        if sum(name in attrs for name in ("person", "photo_id", "second_photo")) != 1:
            raise serializers.ValidationError("Send exactly one of `person`, `photo_id` and `second_photo`.")
        return attrs


class ProbeFaceSerializer(serializers.Serializer[Any]):
    """A face of the probe, as the encoder saw it."""

    box = BoxSerializer()
    landmarks = LandmarksSerializer()
    detection_score = serializers.FloatField(help_text="0 to 1.")
    quality = QualitySerializer()


class MatchedFaceSerializer(serializers.Serializer[Any]):
    """The stored face that the probe was compared with."""

    id = serializers.IntegerField(source="pk")
    photo = serializers.IntegerField(source="photo_id")
    image = AddressField("face-image", source="pk", help_text="The face, cut out.")
    photo_image = AddressField("photo-image", source="photo_id", help_text="The whole photo.")


class CandidateSerializer(serializers.Serializer[Any]):
    """One ranked person, by their nearest enrolled face."""

    person = PersonBriefSerializer(source="face.person")
    distance = serializers.FloatField(help_text="Squared L2 of unit vectors: 0 (same) to 4.")
    is_match = serializers.BooleanField(help_text="Whether the distance is within tau.")
    face = MatchedFaceSerializer()


class RecognizedFaceSerializer(serializers.Serializer[Recognition]):
    """The answer for one face of the probe."""

    probe = ProbeFaceSerializer()
    outcome = serializers.SerializerMethodField(help_text="`match`, or `nobody` of this gallery.")
    person = PersonBriefSerializer(source="match.face.person", allow_null=True)
    distance = serializers.SerializerMethodField(help_text="Of the nearest person, match or not; null without anybody.")
    face = MatchedFaceSerializer(source="match.face", allow_null=True)
    candidates = CandidateSerializer(many=True)
    gap = serializers.FloatField(allow_null=True, help_text="How much farther the second person is than the first.")
    tau = serializers.FloatField(source="tau.tau")

    @extend_schema_field(serializers.ChoiceField(choices=["match", "nobody"]))
    def get_outcome(self, answer: Recognition) -> str:
        """Return the answer in a word."""
        return "match" if answer.match else "nobody"

    @extend_schema_field(serializers.FloatField(allow_null=True))
    def get_distance(self, answer: Recognition) -> float | None:
        """Return the nearest person's distance."""
        return answer.candidates[0].distance if answer.candidates else None


class SearchAnswerSerializer(serializers.Serializer[Any]):
    """What every answer says about itself."""

    event = serializers.UUIDField(source="event.key", help_text="The record of this search.")
    gallery = GalleryField(source="event.gallery", allow_null=True)
    encoder_version = EncoderVersionBriefSerializer(source="event.encoder_version")
    tau = serializers.FloatField(source="event.tau", help_text="A match is a distance of at most this.")
    duration_ms = serializers.FloatField(source="event.duration_ms")


class RecognizeAnswerSerializer(SearchAnswerSerializer):
    """Who is on the photo."""

    width = serializers.IntegerField(help_text="Of the probe, EXIF turned: boxes are in its pixels.")
    height = serializers.IntegerField()
    faces = RecognizedFaceSerializer(many=True, help_text="One answer a face, the largest face first.")


class VerifyAnswerSerializer(SearchAnswerSerializer):
    """Whether it is the same person."""

    is_match = serializers.BooleanField()
    distance = serializers.FloatField(help_text="Squared L2 of unit vectors: 0 (same) to 4.")
    probe = ProbeFaceSerializer(help_text="The face of `photo` that was compared.")
    second_probe = ProbeFaceSerializer(allow_null=True, help_text="The face of `second_photo`, if one was sent.")
    person = PersonBriefSerializer(allow_null=True, help_text="Whose the nearest stored face is.")
    face = MatchedFaceSerializer(allow_null=True, help_text="The nearest stored face, unless a second photo was sent.")


class SearchEventSerializer(serializers.ModelSerializer[SearchEvent]):
    """Who asked what, and what was answered; no image, no vector."""

    id = serializers.UUIDField(source="key", read_only=True)
    gallery = GalleryField(read_only=True, allow_null=True)
    encoder_version = EncoderVersionBriefSerializer(read_only=True)
    user = serializers.SlugRelatedField[User](slug_field="username", read_only=True, allow_null=True)
    api_key = serializers.SlugRelatedField[ApiKey](slug_field="name", read_only=True, allow_null=True)
    answer = serializers.SerializerMethodField(help_text="Numbers of people and faces, and distances.")

    class Meta:
        """All that there is to say."""

        model = SearchEvent
        fields: ClassVar = [
            "id",
            "gallery",
            "use",
            "channel",
            "encoder_version",
            "tau",
            "probe_sha256",
            "answer",
            "user",
            "api_key",
            "request_id",
            "duration_ms",
            "created_at",
        ]
        read_only_fields: ClassVar = fields

    @extend_schema_field(OpenApiTypes.ANY)
    def get_answer(self, event: SearchEvent) -> object:
        """Return what was answered."""
        return event.answer


class SearchEventQuerySerializer(QuerySerializer):
    """Which searches to list."""

    gallery = GalleryField(required=False)
    use = serializers.ChoiceField(choices=SearchEvent.Use.choices, required=False)
    channel = serializers.ChoiceField(choices=SearchEvent.Channel.choices, required=False)
