"""How a distance becomes a probability."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from faces.models.encoder_version import EncoderVersion
from faces.models.gallery import Gallery


class PairClassifier(models.Model):
    """The probability that two faces are one person's: face recognition posed as binary classification.

    Rows are only ever added; the newest of a gallery, encoder version and kind of comparison is in force, and a
    gallery's own comes before the one for all galleries. A row that is not `is_calibrated` says why there is no
    probability in `note`, and ends an earlier one.
    """

    class Compares(models.TextChoices):
        """Which distance it takes."""

        PERSON = "person", "A face with a person's template"
        PHOTO = "photo", "A face with a face"
        SEARCH = "search", "A face with the nearest of all templates"

    encoder_version = models.ForeignKey(EncoderVersion, models.CASCADE, related_name="pair_classifiers")
    gallery = models.ForeignKey(
        Gallery, models.CASCADE, null=True, blank=True, related_name="pair_classifiers", help_text="Empty: all."
    )
    compares = models.CharField(max_length=20, choices=Compares)
    is_calibrated = models.BooleanField()
    parameters = models.JSONField(default=dict, help_text="What the probability is computed from.")
    figures = models.JSONField(default=dict, help_text="How good it was on people it never saw.")
    people = models.PositiveIntegerField(help_text="How many people it was fitted, calibrated and measured on.")
    note = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        """One that has no probability says why."""

        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(compares__in=["person", "photo", "search"]), name="pair_classifier_compares_known"
            ),
            models.CheckConstraint(
                condition=Q(is_calibrated=True) | ~Q(note=""), name="pair_classifier_says_why_there_is_none"
            ),
            models.CheckConstraint(
                condition=Q(is_calibrated=False) | ~Q(parameters={}), name="pair_classifier_calibrated_by_parameters"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["encoder_version", "compares", "gallery", "-id"], name="pair_classifier_in_force")
        ]

    def __str__(self) -> str:
        """Return what it compares, and its number."""
        return f"{self.get_compares_display()} ({self.pk})"
