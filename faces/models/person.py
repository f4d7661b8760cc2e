"""One person of one gallery."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from faces.models.gallery import Gallery
from faces.querysets import PersonQuerySet


class Person(models.Model):
    """A person whom searches in a gallery may find, once one of their faces is enrolled."""

    class Consent(models.TextChoices):
        """What the person has agreed to, as far as the organisation has recorded it."""

        UNKNOWN = "unknown", "Not recorded"
        GIVEN = "given", "Given"
        WITHHELD = "withheld", "Withheld"

    gallery = models.ForeignKey(Gallery, models.CASCADE, related_name="people")
    name = models.CharField(max_length=300)
    external_id = models.CharField(
        max_length=200, blank=True, help_text="The organisation's own number for this person."
    )
    metadata = models.JSONField(default=dict, blank=True)
    consent = models.CharField(max_length=20, choices=Consent, default=Consent.UNKNOWN)
    consent_purpose = models.CharField(max_length=300, blank=True)
    consent_until = models.DateField(null=True, blank=True)
    merged_into = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="merged_from")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = PersonQuerySet["Person"].as_manager()

    class Meta:
        """Names repeat in life; external ids do not."""

        ordering: ClassVar = ["name", "id"]
        verbose_name_plural = "people"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["gallery", "external_id"],
                condition=~Q(external_id=""),
                name="person_external_id_once",
            ),
            models.UniqueConstraint(fields=["gallery", "id"], name="person_of_gallery"),
            models.CheckConstraint(condition=~Q(name=""), name="person_has_a_name"),
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | ~Q(merged_into=F("id")),
                name="person_not_merged_into_self",
            ),
            models.CheckConstraint(
                condition=Q(consent__in=["unknown", "given", "withheld"]), name="person_consent_known"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["gallery", "name"], name="person_by_name")]

    def __str__(self) -> str:
        """Return the name."""
        return self.name
