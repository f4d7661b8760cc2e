"""Keys by which programs call the REST API."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from faces.models.gallery import Gallery


class ApiKey(models.Model):
    """What a program may do, and in which galleries. The secret itself is shown once and kept only as a digest.

    A key without galleries may see none.
    """

    class Scope(models.TextChoices):
        """What a key allows."""

        READ = "read", "Read people, photos, faces, jobs and thresholds"
        WRITE = "write", "Create, change and delete people, photos and faces"
        SEARCH = "search", "Recognize and verify"
        ADMIN = "admin", "Create galleries, set tau"

    name = models.CharField(max_length=100, help_text="Which program uses it.")
    prefix = models.CharField(max_length=12, unique=True, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False, help_text="SHA-256 of the whole key.")
    scopes: ArrayField[list[str], list[str]] = ArrayField(models.CharField(max_length=10, choices=Scope))
    galleries = models.ManyToManyField(Gallery, blank=True, related_name="api_keys")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        """A key that allows nothing is a mistake."""

        ordering: ClassVar = ["-id"]
        verbose_name = "API key"
        constraints: ClassVar = [models.CheckConstraint(condition=~Q(scopes=[]), name="api_key_allows_something")]

    def __str__(self) -> str:
        """Return name and the part of the key that is no secret."""
        return f"{self.name} ({self.prefix}…)"
