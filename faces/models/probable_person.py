"""Unknown faces that are probably one person's."""

from typing import ClassVar

from django.db import models

from faces.models.encoder_version import EncoderVersion
from faces.models.gallery import Gallery
from faces.querysets import ProbablePersonQuerySet


class ProbablePerson(models.Model):
    """Faces that belong to nobody yet and probably show one person, until an admin names, merges or dismisses them.

    Its faces point at it (`Face.probable_person`). It is a proposal: no search finds anybody by it.
    """

    gallery = models.ForeignKey(Gallery, models.CASCADE, related_name="probable_people")
    encoder_version = models.ForeignKey(EncoderVersion, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    dismissed_at = models.DateTimeField(
        null=True, blank=True, help_text="When an admin said that nobody needs to look at these faces."
    )

    refused = models.ManyToManyField(
        "faces.Face",
        related_name="refused_by",
        blank=True,
        db_constraint=False,
        help_text="Faces that an admin took out of it; no grouping puts them back.",
    )

    objects = ProbablePersonQuerySet["ProbablePerson"].as_manager()

    class Meta:
        """Newest first."""

        ordering: ClassVar = ["-id"]
        verbose_name_plural = "probable people"
        constraints: ClassVar = [models.UniqueConstraint(fields=["gallery", "id"], name="probable_person_of_gallery")]

    def __str__(self) -> str:
        """Return a number: nobody knows the name."""
        return f"Probable person {self.pk}"
