"""How a gallery is searched, and how well that works."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from faces.api.serializers.encoders import EncoderVersionBriefSerializer
from faces.api.serializers.fields import GalleryField, StrictSerializer
from faces.services.recall import GOALS
from faces.services.search_status import SearchStatus


class IndexSerializer(serializers.Serializer[Any]):
    """The index of a gallery."""

    built_at = serializers.DateTimeField(source="plan.index_built_at", allow_null=True)
    people = serializers.IntegerField(source="plan.index_rows", help_text="In it when it was built.")
    gone = serializers.IntegerField(source="dead", help_text="Of these, deleted or replaced since.")
    tail = serializers.IntegerField(source="counts.tail", help_text="Newer people, who are scanned beside it.")
    bytes = serializers.IntegerField(source="counts.index_bytes")
    lists = serializers.IntegerField(source="plan.lists", help_text="Groups of people who look alike.")
    lists_searched = serializers.IntegerField(
        source="plan.lists_searched", help_text="Of these, how many a search looks through."
    )
    raised_from = serializers.IntegerField(
        source="plan.raised_from", allow_null=True, help_text="Before recall was below the goal."
    )
    raised_at = serializers.DateTimeField(source="plan.raised_at", allow_null=True)


class RecallSerializer(serializers.Serializer[Any]):
    """How many answers through the present index were the exact ones; nulls where nothing was compared yet."""

    value = serializers.FloatField(source="share.value", allow_null=True, help_text="0 to 1.")
    low = serializers.FloatField(source="share.low", allow_null=True, help_text="Lower end of the 95 % interval.")
    high = serializers.FloatField(source="share.high", allow_null=True, help_text="Its upper end.")
    compared = serializers.IntegerField(source="share.total")
    live = serializers.IntegerField(help_text="Searches among those compared.")
    night = serializers.IntegerField(help_text="The gallery's own faces, asked about at night.")
    wrong_nobody = serializers.IntegerField(help_text="Answers `nobody` where somebody is within tau.")


class LatencySerializer(serializers.Serializer[Any]):
    """Recognitions of the last 24 hours, from the photo to the answer."""

    searches = serializers.IntegerField()
    p50_ms = serializers.FloatField(allow_null=True)
    p95_ms = serializers.FloatField(allow_null=True)


class SearchStatusSerializer(serializers.Serializer[Any]):
    """How a gallery is searched: decided by the platform, from what is stored."""

    gallery = GalleryField()
    encoder_version = EncoderVersionBriefSerializer(source="gallery.encoder_version")
    is_exact = serializers.BooleanField(help_text="Whether every person is compared, so that nobody is missed.")
    reason = serializers.CharField(source="decision.reason", help_text="Why, in words.")
    people = serializers.IntegerField(source="counts.people", help_text="Whom searches can find.")
    index = serializers.SerializerMethodField(help_text="Null where there is none.")
    recall_goal = serializers.FloatField(source="plan.recall_goal", help_text="What recall is held to.")
    recall = RecallSerializer(help_text="Of searches through the index; an exact scan misses nobody.")
    latency = LatencySerializer()
    job = serializers.IntegerField(source="job.pk", default=None, allow_null=True, help_text="An index being built.")

    @extend_schema_field(IndexSerializer(allow_null=True))
    def get_index(self, status: SearchStatus) -> object:
        """Return what there is to say of the index."""
        return IndexSerializer(status).data if status.plan.index_name else None


class RecallGoalSerializer(StrictSerializer):
    """What recall is held to."""

    recall_goal = serializers.ChoiceField(choices=[(goal, f"{goal:g}") for goal in GOALS])
