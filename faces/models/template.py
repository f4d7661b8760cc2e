"""What searches compare a probe with: one vector a person and encoder version."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from pgvector.django import HalfVectorField

from faces.models.encoder_version import EncoderVersion
from faces.models.gallery import Gallery
from faces.models.person import Person
from faces.querysets import TemplateQuerySet


class Template(models.Model):
    """The quality-weighted mean of a person's enrolled faces, outliers left out, of unit length.

    Nobody writes templates but the database: a trigger on the embeddings renews them in the same transaction. A
    template is never changed, only replaced by one with a higher id, so that rows beyond an index's last id are exactly
    those that the index does not know (see `SearchPlan`).
    """

    person = models.ForeignKey(Person, models.CASCADE, related_name="templates", db_constraint=False, db_index=False)
    encoder_version = models.ForeignKey(EncoderVersion, models.PROTECT, related_name="templates", db_index=False)
    gallery = models.ForeignKey(Gallery, models.CASCADE, related_name="templates", db_constraint=False, db_index=False)
    faces = models.PositiveIntegerField(help_text="Enrolled faces that it is the mean of.")
    left_out = models.PositiveIntegerField(help_text="Enrolled faces too far from the others to be part of it.")
    vector = HalfVectorField()

    objects = TemplateQuerySet["Template"].as_manager()

    class Meta:
        """One row per person and version."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "encoder_version"], name="template_once"),
            models.CheckConstraint(condition=Q(faces__gte=1), name="template_of_a_face"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["gallery", "encoder_version", "id"], name="template_searchable"),
            models.Index(fields=["person"], condition=Q(left_out__gt=0), name="template_leaves_out"),
        ]

    def __str__(self) -> str:
        """Return person and version."""
        return f"Template of person {self.person_id} by version {self.encoder_version_id}"
