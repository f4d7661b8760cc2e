"""How a gallery is searched, and how well that was measured to work."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from faces.models.encoder_version import EncoderVersion
from faces.models.gallery import Gallery

RECALL_GOAL = 0.999


class SearchPlan(models.Model):
    """The index that serves searches of one gallery by one encoder version; without one they scan its templates.

    The platform decides all of it. The index is an inverted file (pgvector's IVFFlat): templates lie in lists around
    centers, and a search looks through the lists nearest to the probe. It holds the templates up to the id
    `index_up_to`; those beyond, its tail, are scanned beside it, so that whatever is written is found at once and no
    writer pays for the index.
    """

    gallery = models.ForeignKey(Gallery, models.CASCADE, related_name="search_plans", db_index=False)
    encoder_version = models.ForeignKey(EncoderVersion, models.CASCADE, related_name="search_plans")
    index_name = models.CharField(max_length=63, blank=True, help_text="In PostgreSQL; empty for an exact scan.")
    index_up_to = models.BigIntegerField(default=0, help_text="The last template's id that the index knows.")
    index_rows = models.PositiveIntegerField(default=0, help_text="Templates when it was built.")
    index_built_at = models.DateTimeField(null=True, blank=True)
    lists = models.PositiveIntegerField(default=0, help_text="Lists that the index has, of templates near one center.")
    lists_searched = models.PositiveIntegerField(
        default=0, help_text="How many of them a search looks through: those whose centers are nearest to the probe."
    )
    raised_from = models.PositiveIntegerField(null=True, blank=True)
    raised_at = models.DateTimeField(null=True, blank=True)
    recall_goal = models.FloatField(default=RECALL_GOAL, help_text="Share of answers that must be the exact ones.")
    probe_noise = models.FloatField(
        null=True, blank=True, help_text="Scatter of a person's embeddings along a line, measured in this gallery."
    )
    probe_noise_people = models.PositiveIntegerField(default=0, help_text="People whom it was measured on.")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        """One row per gallery and version."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["gallery", "encoder_version"], name="search_plan_once"),
            models.UniqueConstraint(
                fields=["index_name"], condition=~Q(index_name=""), name="search_plan_index_of_its_own"
            ),
            models.CheckConstraint(
                condition=Q(index_name="") | (Q(lists_searched__gte=1) & Q(lists_searched__lte=F("lists"))),
                name="search_plan_lists_there_are",
            ),
            models.CheckConstraint(
                condition=Q(recall_goal__gte=0.5) & Q(recall_goal__lt=1), name="search_plan_recall_goal_below_1"
            ),
            models.CheckConstraint(
                condition=Q(probe_noise__isnull=True) | Q(probe_noise__gt=0), name="search_plan_noise_positive"
            ),
        ]

    def __str__(self) -> str:
        """Return gallery and version."""
        return f"Search of gallery {self.gallery_id} by version {self.encoder_version_id}"

    @property
    def is_indexed(self) -> bool:
        """Whether searches use an index."""
        return bool(self.index_name)


class RecallCount(models.Model):
    """How often the answer through the index was the exact one: a day's count. No person, and no probe."""

    class Source(models.TextChoices):
        """Which questions were answered twice."""

        LIVE = "live", "Searches"
        NIGHT = "night", "Nightly sample"

    plan = models.ForeignKey(SearchPlan, models.CASCADE, related_name="recall_counts", db_index=False)
    index_name = models.CharField(max_length=63, help_text="The index that was asked.")
    lists_searched = models.PositiveIntegerField()
    source = models.CharField(max_length=10, choices=Source)
    day = models.DateField(default=timezone.localdate)
    asked = models.PositiveIntegerField(default=0)
    agreed = models.PositiveIntegerField(default=0, help_text="The same person first, or nobody, as exactly.")
    wrong_nobody = models.PositiveIntegerField(default=0, help_text="Nobody, where exactly somebody is within tau.")

    class Meta:
        """Counted up in place."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["plan", "index_name", "lists_searched", "source", "day"], name="recall_count_once"
            ),
            models.CheckConstraint(
                condition=Q(agreed__lte=F("asked")) & Q(wrong_nobody__lte=F("asked")), name="recall_count_of_asked"
            ),
        ]

    def __str__(self) -> str:
        """Return the count."""
        return f"{self.agreed} of {self.asked} on {self.day}"
