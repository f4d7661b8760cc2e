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
from faces.models import ApiKey, SearchEvent, Threshold
from faces.services.error_rates import Compares, ErrorRate
from faces.services.recognition import MAX_CANDIDATES, Outcome, Recognition


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
    """A stored face: the one that the probe was compared with, or of a candidate the one that is most like it."""

    id = serializers.IntegerField(source="pk")
    photo = serializers.IntegerField(source="photo_id")
    image = AddressField("face-image", source="pk", help_text="The face, cut out.")
    photo_image = AddressField("photo-image", source="photo_id", help_text="The whole photo.")


class CandidateSerializer(serializers.Serializer[Any]):
    """One ranked person, by the distance of their template: the mean of their enrolled faces."""

    person = PersonBriefSerializer(source="face.person")
    distance = serializers.FloatField(
        help_text="From the probe to the person's template. Squared L2 of unit vectors: 0 (same) to 4."
    )
    is_match = serializers.BooleanField(help_text="Whether the distance is within tau.")
    face = MatchedFaceSerializer(help_text="Their enrolled face that is most like the probe: the best photo to show.")


class RecognizedFaceSerializer(serializers.Serializer[Recognition]):
    """The answer for one face of the probe."""

    probe = ProbeFaceSerializer()
    outcome = serializers.ChoiceField(
        choices=[outcome.value for outcome in Outcome],
        help_text="`match`; `nobody` of this gallery; or `ambiguous`: two or more people within tau are equally "
        "likely, and another photo of the same person could give another name.",
    )
    person = PersonBriefSerializer(
        source="match.face.person", allow_null=True, help_text="Who it is; null for nobody and where it is ambiguous."
    )
    distance = serializers.SerializerMethodField(
        help_text="Of the nearest person's template, match or not; null without anybody."
    )
    face = MatchedFaceSerializer(
        source="match.face", allow_null=True, help_text="The person's enrolled face that is most like the probe."
    )
    candidates = CandidateSerializer(many=True, help_text="The nearest people, nearest first.")
    rivals = CandidateSerializer(
        many=True,
        help_text="Where the answer is ambiguous, the people who are equally likely, nearest first; else empty. Where "
        "they are one person under two names, merge them.",
    )
    gap = serializers.FloatField(allow_null=True, help_text="How much farther the second person is than the first.")
    resolvable_gap = serializers.FloatField(
        allow_null=True,
        help_text="The smallest gap by which the encoder can tell the first two apart, at 19 times of 20; null where "
        "that was not measured, or where there are fewer than two people.",
    )
    tau = serializers.FloatField(source="tau.tau")
    probability = serializers.FloatField(
        source="probability.value",
        allow_null=True,
        help_text="0 to 1: that the nearest person is the right one, match or not, where the probe's person is "
        "enrolled as often as not. Calibrated on this gallery's own people; null where there are too few of them or "
        "nobody measured it yet, and where the answer is ambiguous.",
    )
    classifier = serializers.IntegerField(
        source="probability.classifier",
        allow_null=True,
        help_text="The version of the classifier that says so; null without a probability.",
    )

    @extend_schema_field(serializers.FloatField(allow_null=True))
    def get_distance(self, answer: Recognition) -> float | None:
        """Return the nearest person's distance."""
        return answer.candidates[0].distance if answer.candidates else None


class SearchAnswerSerializer(serializers.Serializer[Any]):
    """What every answer says about itself."""

    decision_id = serializers.UUIDField(
        source="event.key",
        help_text="The record of this answer: it lies under `/searches/`, and `manage.py replay_decision` explains it.",
    )
    gallery = GalleryField(source="event.gallery", allow_null=True)
    encoder_version = EncoderVersionBriefSerializer(source="event.encoder_version")
    tau = serializers.FloatField(source="event.tau", help_text="A match is a distance of at most this.")
    duration_ms = serializers.FloatField(source="event.duration_ms")


class RecognizeAnswerSerializer(SearchAnswerSerializer):
    """Who is on the photo."""

    width = serializers.IntegerField(help_text="Of the probe, EXIF turned: boxes are in its pixels.")
    height = serializers.IntegerField()
    faces = RecognizedFaceSerializer(many=True, help_text="One answer a face, the largest face first.")


class SimilarQuerySerializer(StrictSerializer):
    """How many similar people to name."""

    limit = serializers.IntegerField(
        default=10, min_value=1, max_value=MAX_CANDIDATES, help_text="How many people, nearest first."
    )


class SimilarAnswerSerializer(SearchAnswerSerializer):
    """Who of the gallery looks like a person, or like a face."""

    face = MatchedFaceSerializer(
        source="similarity.face",
        help_text="The face that was asked about; of a person their enrolled face that is most like their template.",
    )
    people = CandidateSerializer(
        source="similarity.people",
        many=True,
        help_text="The nearest other people, nearest first. Those with `is_match` are probably the same person: "
        "recognition would take one for the other.",
    )


class ErrorRateSerializer(serializers.Serializer[ErrorRate]):
    """An error rate that tau stands for."""

    kind = serializers.ChoiceField(
        choices=[Threshold.ErrorRate.FMR.value, Threshold.ErrorRate.FPIR.value],
        help_text="`fmr`: of comparisons of two different people, how many pass. `fpir`: of strangers, how many are "
        "taken for somebody.",
    )
    value = serializers.FloatField(help_text="0 to 1.")
    low = serializers.FloatField(
        allow_null=True, help_text="The 95 % interval; null where the rate was asked for, and not measured."
    )
    high = serializers.FloatField(allow_null=True)
    gallery_size = serializers.IntegerField(allow_null=True, help_text="The people that an `fpir` holds for.")
    evidence = serializers.CharField(allow_blank=True, help_text="What it was measured on.")


class VerifyAnswerSerializer(SearchAnswerSerializer):
    """Whether it is the same person."""

    is_match = serializers.BooleanField(source="verification.is_match")
    compares = serializers.ChoiceField(
        source="verification.compares",
        choices=[compares.value for compares in (Compares.PERSON, Compares.PHOTO)],
        help_text="With what the probe was compared: `person`, the template of all their enrolled faces; `photo`, the "
        "one face of a stored photo or of a second file.",
    )
    distance = serializers.FloatField(
        source="verification.distance",
        help_text="To that template or face; it decides. Squared L2 of unit vectors: 0 (same) to 4.",
    )
    error_rate = ErrorRateSerializer(
        source="verification.error_rate",
        allow_null=True,
        help_text="What tau stands for in this comparison; null where nobody measured it.",
    )
    probability = serializers.FloatField(
        source="verification.probability.value",
        allow_null=True,
        help_text="0 to 1: that it is the same person, of a claim that is true as often as not. Calibrated on this "
        "gallery's own people; null where there are too few of them, or nobody measured it yet.",
    )
    classifier = serializers.IntegerField(
        source="verification.probability.classifier",
        allow_null=True,
        help_text="The version of the classifier that says so; null without a probability.",
    )
    probe = ProbeFaceSerializer(help_text="The face of `photo` that was compared.")
    second_probe = ProbeFaceSerializer(allow_null=True, help_text="The face of `second_photo`, if one was sent.")
    person = PersonBriefSerializer(
        source="verification.person",
        allow_null=True,
        help_text="Who was claimed, or whose the stored photo's face is; null for nobody's, and between two files.",
    )
    face = MatchedFaceSerializer(
        source="verification.face",
        allow_null=True,
        help_text="The person's enrolled face that is most like the probe, or the stored photo's; null between files.",
    )
    face_distance = serializers.FloatField(
        source="verification.face_distance",
        allow_null=True,
        help_text="Of that face to the probe. Against a person it does not decide; `distance` does.",
    )


class SearchEventSerializer(serializers.ModelSerializer[SearchEvent]):
    """Who asked what, and what was answered; no image, no vector."""

    id = serializers.UUIDField(source="key", read_only=True)
    gallery = GalleryField(read_only=True, allow_null=True)
    encoder_version = EncoderVersionBriefSerializer(read_only=True)
    user = serializers.SlugRelatedField[User](slug_field="username", read_only=True, allow_null=True)
    api_key = serializers.SlugRelatedField[ApiKey](slug_field="name", read_only=True, allow_null=True)
    probe_sha256 = serializers.CharField(
        read_only=True, help_text="Of the probe's bytes; empty where no photo was brought (`use` is `similar`)."
    )
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
            "threshold",
            "probe_sha256",
            "second_sha256",
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
