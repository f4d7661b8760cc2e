"""The history of tau."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from faces.models.encoder_version import EncoderVersion
from faces.models.gallery import Gallery


class Threshold(models.Model):
    """One decision about tau; rows are only ever added, and the newest that applies is in force.

    A gallery's own rows come before those for all galleries. A row without `tau` ends a gallery's own value:
    the value for all galleries applies again.
    """

    class Use(models.TextChoices):
        """What the tau decides."""

        VERIFICATION = "verification", "Verification (1:1)"
        RECOGNITION = "recognition", "Recognition (1:N)"

    class ErrorRate(models.TextChoices):
        """Which error rate a tau was asked for."""

        NONE = "", "Set by hand"
        FMR = "fmr", "False match rate"
        FPIR = "fpir", "False positive identification rate"

    encoder_version = models.ForeignKey(EncoderVersion, models.PROTECT, related_name="thresholds")
    gallery = models.ForeignKey(
        Gallery,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="thresholds",
        help_text="Empty: all galleries.",
    )
    use = models.CharField(max_length=20, choices=Use)
    tau = models.FloatField(null=True, blank=True, help_text="Squared L2 of unit vectors, 0 to 4.")
    error_rate_kind = models.CharField(max_length=10, choices=ErrorRate, default=ErrorRate.NONE, blank=True)
    error_rate = models.FloatField(null=True, blank=True, help_text="The share that was asked for, 0 to 1.")
    gallery_size = models.PositiveIntegerField(
        null=True, blank=True, help_text="The number of people an FPIR holds for."
    )
    evidence = models.CharField(max_length=300, blank=True, help_text="What the error rate was measured on.")
    measured = models.JSONField(
        default=dict,
        blank=True,
        help_text="The error rates at this tau by name, each with its interval, and the report they come from.",
    )
    reason = models.CharField(max_length=500, help_text="Why it was set.")
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        """tau lies between 0 (same vector) and 4 (opposite vectors)."""

        ordering: ClassVar = ["-created_at", "-id"]
        get_latest_by = "created_at"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(tau__isnull=True, gallery__isnull=False) | Q(tau__isnull=False, tau__gte=0, tau__lte=4),
                name="threshold_tau_0_to_4",
            ),
            models.CheckConstraint(
                condition=Q(error_rate__isnull=True, error_rate_kind="")
                | Q(~Q(error_rate_kind=""), error_rate__isnull=False, error_rate__gte=0, error_rate__lte=1),
                name="threshold_error_rate_0_to_1_of_a_kind",
            ),
            models.CheckConstraint(
                condition=~Q(error_rate_kind="fpir") | Q(gallery_size__isnull=False),
                name="threshold_fpir_names_its_n",
            ),
            models.CheckConstraint(condition=Q(use__in=["verification", "recognition"]), name="threshold_use_known"),
            models.CheckConstraint(condition=~Q(reason=""), name="threshold_set_for_a_reason"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["encoder_version", "use", "gallery", "-created_at"], name="threshold_in_force")
        ]

    def __str__(self) -> str:
        """Return use and value."""
        return f"{self.use}: {'back to the general value' if self.tau is None else self.tau}"
