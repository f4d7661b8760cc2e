"""The unit vector of one face by one encoder version."""

from typing import ClassVar

from django.db import models
from pgvector.django import HalfVectorField

from faces.models.encoder_version import EncoderVersion
from faces.models.face import Face
from faces.models.gallery import Gallery
from faces.models.person import Person
from faces.querysets import EmbeddingQuerySet


class Embedding(models.Model):
    """A face's vector; it carries its face's gallery, person and `is_enrolled` along, so that a query reads one table.

    Searches compare a probe with people's templates, which the database makes of these rows (see `Template`).

    The column has no fixed dimension, so that encoder versions of different sizes live side by side; a trigger
    holds each row to its version's dimension and to its face, a check holds it to unit length (within half precision).
    """

    face = models.ForeignKey(Face, models.CASCADE, related_name="embeddings", db_constraint=False, db_index=False)
    encoder_version = models.ForeignKey(EncoderVersion, models.PROTECT, related_name="embeddings", db_index=False)
    gallery = models.ForeignKey(Gallery, models.CASCADE, related_name="embeddings", db_constraint=False, db_index=False)
    person = models.ForeignKey(
        Person, models.RESTRICT, null=True, blank=True, related_name="embeddings", db_constraint=False
    )
    is_enrolled = models.BooleanField()
    vector = HalfVectorField()

    objects = EmbeddingQuerySet["Embedding"].as_manager()

    class Meta:
        """One row per face and version."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["face", "encoder_version"], name="embedding_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["gallery", "encoder_version"], name="embedding_of_gallery"),
            models.Index(
                fields=["gallery", "encoder_version"],
                condition=models.Q(person__isnull=True),
                name="embedding_of_nobody",
            ),
        ]

    def __str__(self) -> str:
        """Return face and version."""
        return f"Embedding of face {self.face_id} by version {self.encoder_version_id}"
