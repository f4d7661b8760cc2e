"""How good an encoder version was found to be, on what."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from faces.models import EncoderVersion, Gallery, Job
from training.models.training_run import TrainingRun


class EvaluationReport(models.Model):
    """Error rates of one version on one set of people, alone or against another version on the same people.

    `figures` is `training.metrics.figures.Figures` as JSON, `snapshot` what it was measured on: the state of the
    gallery, the version's digest, the taus in force, the seed.
    Where `compared_with` is set, `difference` is this version's TAR minus the other's at the same FMR, with the limits
    of a 95 % interval from resampling people.
    """

    class Kind(models.TextChoices):
        """What was measured."""

        PAIRS = "pairs", "Verification of the pairs of a file"
        GALLERY = "gallery", "Verification and recognition within a gallery"
        HELD_OUT = "held_out", "People who were held out from training"

    encoder_version = models.ForeignKey(EncoderVersion, models.CASCADE, related_name="evaluation_reports")
    gallery = models.ForeignKey(Gallery, models.CASCADE, null=True, blank=True, related_name="evaluation_reports")
    training_run = models.ForeignKey(
        TrainingRun, models.CASCADE, null=True, blank=True, related_name="evaluation_reports"
    )
    job = models.OneToOneField(Job, models.SET_NULL, null=True, blank=True, related_name="evaluation_report")
    kind = models.CharField(max_length=20, choices=Kind)
    measured_on = models.CharField(max_length=300, help_text="Which photos, in words.")
    people = models.PositiveIntegerField()
    photos = models.PositiveIntegerField()
    mated = models.PositiveBigIntegerField(help_text="Comparisons or searches of the same person.")
    non_mated = models.PositiveBigIntegerField(help_text="Comparisons or searches of different people.")
    snapshot = models.JSONField(default=dict)
    figures = models.JSONField(default=dict)
    seconds = models.FloatField(default=0, help_text="How long it took.")
    compared_with = models.ForeignKey(EncoderVersion, models.CASCADE, null=True, blank=True, related_name="+")
    difference = models.FloatField(null=True, blank=True)
    difference_low = models.FloatField(null=True, blank=True)
    difference_high = models.FloatField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        """A report says on what, and a comparison has all of its numbers."""

        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kind__in=["pairs", "gallery", "held_out"]), name="evaluation_report_kind_known"
            ),
            models.CheckConstraint(condition=~Q(measured_on=""), name="evaluation_report_says_on_what"),
            models.CheckConstraint(
                condition=~Q(kind="gallery") | Q(gallery__isnull=False), name="evaluation_report_of_a_gallery"
            ),
            models.CheckConstraint(
                condition=~Q(kind="held_out") | Q(training_run__isnull=False), name="evaluation_report_of_a_run"
            ),
            models.CheckConstraint(
                condition=Q(compared_with__isnull=True) | ~Q(compared_with=F("encoder_version")),
                name="evaluation_report_compares_two_versions",
            ),
            models.CheckConstraint(
                condition=Q(
                    compared_with__isnull=True,
                    difference__isnull=True,
                    difference_low__isnull=True,
                    difference_high__isnull=True,
                )
                | Q(
                    compared_with__isnull=False,
                    difference__isnull=False,
                    difference_low__isnull=False,
                    difference_high__isnull=False,
                    difference_low__gte=-1,
                    difference_low__lte=F("difference"),
                    difference_high__gte=F("difference"),
                    difference_high__lte=1,
                ),
                name="evaluation_report_difference_within_its_interval",
            ),
        ]

    def __str__(self) -> str:
        """Return what was judged, on what."""
        return f"{self.encoder_version} on {self.measured_on}"
