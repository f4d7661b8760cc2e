"""The set of people one searches in."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.text import slugify

from faces.models.encoder_version import EncoderVersion
from faces.querysets import GalleryQuerySet


class Gallery(models.Model):
    """Owns people, photos, thresholds and jobs; no search crosses its border.

    `encoder_version` is the one version that serves it: every probe is encoded by it, and compared with its
    embeddings only.
    """

    name = models.CharField(max_length=200, unique=True)
    slug = models.SlugField(max_length=200, unique=True, allow_unicode=True)
    encoder_version = models.ForeignKey(EncoderVersion, models.PROTECT, related_name="galleries")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = GalleryQuerySet["Gallery"].as_manager()

    class Meta:
        """A gallery has a name."""

        ordering: ClassVar = ["name"]
        verbose_name_plural = "galleries"
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(name=""), name="gallery_has_a_name"),
            models.CheckConstraint(condition=~Q(slug=""), name="gallery_has_a_slug"),
        ]

    def __str__(self) -> str:
        """Return the name."""
        return self.name

    @staticmethod
    def slug_for(name: str) -> str:
        """Return the slug of a name in any script; a name of signs alone becomes `gallery`."""
        return slugify(name, allow_unicode=True)[:200] or "gallery"
