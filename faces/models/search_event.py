"""Who asked what."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from faces.models.api_key import ApiKey
from faces.models.encoder_version import EncoderVersion
from faces.models.gallery import Gallery
from faces.models.threshold import Threshold


class SearchEvent(models.Model):
    """One decision: of which gallery, with which version and tau, and what was answered.

    Holds no image, no vector and no name; the answer is ids and distances, with what they rest on
    (`faces.services.decisions.Answer`). `key` is the decision_id that came with the answer. `probe_sha256` is the
    digest of the probe's bytes, by which somebody who has the photo can prove what was asked, and nobody else can learn
    anything; it is empty where no photo was brought, because somebody asked who looks like a face or person of the
    gallery.
    """

    class Use(models.TextChoices):
        """What was asked."""

        VERIFICATION = "verification", "Verification (1:1)"
        RECOGNITION = "recognition", "Recognition (1:N)"
        SIMILAR = "similar", "Similar people (1:N)"

    class Channel(models.TextChoices):
        """Where it was asked."""

        PAGE = "page", "Page"
        API = "api", "API"
        COMMAND = "command", "Command line"

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    gallery = models.ForeignKey(Gallery, models.CASCADE, null=True, blank=True, related_name="search_events")
    use = models.CharField(max_length=20, choices=Use)
    channel = models.CharField(max_length=20, choices=Channel)
    encoder_version = models.ForeignKey(EncoderVersion, models.PROTECT, related_name="+")
    tau = models.FloatField()
    threshold = models.ForeignKey(
        Threshold, models.SET_NULL, null=True, blank=True, related_name="+", help_text="The decision tau comes from."
    )
    probe_sha256 = models.CharField(max_length=64, blank=True)
    second_sha256 = models.CharField(max_length=64, blank=True, help_text="Of the other photo, where two were brought.")
    answer = models.JSONField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    api_key = models.ForeignKey(ApiKey, models.SET_NULL, null=True, blank=True, related_name="+")
    request_id = models.CharField(max_length=64, blank=True)
    duration_ms = models.FloatField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        """Newest first."""

        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(tau__gte=0) & Q(tau__lte=4), name="search_event_tau_0_to_4"),
            models.CheckConstraint(
                condition=Q(use__in=["verification", "recognition", "similar"]), name="search_event_use_known"
            ),
            models.CheckConstraint(
                condition=~Q(probe_sha256="") | Q(use="similar"), name="search_event_probe_unless_similar"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["gallery", "-created_at"], name="search_event_by_time")]

    def __str__(self) -> str:
        """Return use and number."""
        return f"{self.get_use_display()} {self.pk}"
