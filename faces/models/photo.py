"""One uploaded picture, with any number of faces, and its way through the workers."""

import uuid
from datetime import datetime
from pathlib import PurePosixPath
from typing import ClassVar

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.signals import post_delete
from django.dispatch import receiver

from faces.models.gallery import Gallery
from faces.models.job import Job
from faces.models.person import Person
from faces.querysets import PhotoQuerySet


def photo_path(photo: "Photo", filename: str) -> str:
    """Return where a photo's bytes lie in the storage: under a random name, so that no path can be guessed."""
    key = photo.key.hex
    return f"photos/{key[:2]}/{key}{PurePosixPath(filename).suffix.lower()[:6]}"


class Photo(models.Model):
    """A photo that Facet accepted: its bytes are stored, and a worker will encode it exactly once.

    States: `pending → encoding → ready | rejected | failed`, and back to `pending` when a lease lapses or an admin
    asks for another try. `reason` says in a code why it was rejected, or what a ready photo still needs from an admin.
    A claim is a conditional UPDATE that hands out a random `claim`; only its holder may write the outcome.
    """

    class State(models.TextChoices):
        """Where a photo stands."""

        PENDING = "pending", "Waiting"
        ENCODING = "encoding", "Being encoded"
        READY = "ready", "Ready"
        REJECTED = "rejected", "Refused"
        FAILED = "failed", "Failed"

    FINISHED: ClassVar = (State.READY, State.REJECTED, State.FAILED)
    RETRYABLE: ClassVar = (State.REJECTED, State.FAILED)

    gallery = models.ForeignKey(Gallery, models.CASCADE, related_name="photos")
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    file = models.FileField(upload_to=photo_path, max_length=200)
    name = models.CharField(max_length=300, blank=True, help_text="The file's name where it came from.")
    sha256 = models.CharField(max_length=64)
    media_type = models.CharField(max_length=50)
    size_bytes = models.PositiveBigIntegerField()
    width = models.PositiveIntegerField(help_text="Pixels, EXIF turned.")
    height = models.PositiveIntegerField(help_text="Pixels, EXIF turned.")
    portrait_of = models.ForeignKey(
        Person,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="portraits",
        help_text="The person it was uploaded for: its main face becomes theirs.",
    )
    state = models.CharField(max_length=20, choices=State, default=State.PENDING)
    reason = models.CharField(max_length=50, blank=True)
    error = models.TextField(blank=True, help_text="For operators: what went wrong when it failed.")
    attempts = models.PositiveSmallIntegerField(default=0)
    claim = models.UUIDField(null=True, blank=True, editable=False)
    leased_until = models.DateTimeField(null=True, blank=True, editable=False)
    sent_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="When a task for it was last sent.")
    job = models.ForeignKey(Job, models.SET_NULL, null=True, blank=True, related_name="photos")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = PhotoQuerySet["Photo"].as_manager()

    class Meta:
        """The same bytes twice are one photo."""

        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["gallery", "sha256"], name="photo_once_per_gallery"),
            models.UniqueConstraint(fields=["gallery", "id"], name="photo_of_gallery"),
            models.CheckConstraint(condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="photo_digest_is_sha256"),
            models.CheckConstraint(condition=Q(width__gt=0) & Q(height__gt=0), name="photo_has_pixels"),
            models.CheckConstraint(
                condition=Q(state__in=["pending", "encoding", "ready", "rejected", "failed"]),
                name="photo_state_known",
            ),
            models.CheckConstraint(condition=~Q(state="rejected") | ~Q(reason=""), name="photo_rejected_for_a_reason"),
            models.CheckConstraint(condition=~Q(state="failed") | ~Q(error=""), name="photo_failed_with_an_error"),
            models.CheckConstraint(
                condition=Q(state="encoding", claim__isnull=False, leased_until__isnull=False)
                | (~Q(state="encoding") & Q(claim__isnull=True, leased_until__isnull=True)),
                name="photo_claimed_while_encoding",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["id"], condition=Q(state="pending"), name="photo_waiting"),
            models.Index(fields=["leased_until"], condition=Q(state="encoding"), name="photo_leased"),
            models.Index(fields=["gallery", "state", "-id"], name="photo_by_state"),
        ]

    def __str__(self) -> str:
        """Return the file's name, or the number where there is none."""
        return self.name or f"Photo {self.pk}"

    @property
    def is_finished(self) -> bool:
        """Whether a worker is done with it."""
        return self.state in self.FINISHED

    @classmethod
    def claim_batch(cls, ids: list[int], *, until: datetime) -> tuple[uuid.UUID, list["Photo"]]:
        """Claim those of these photos that nobody holds.

        Two workers may be handed the same ids: the UPDATE gives each photo to one of them.

        Returns:
            The claim, and the photos it holds; possibly none.
        """
        claim = uuid.uuid4()
        cls.objects.filter(pk__in=ids, state=cls.State.PENDING).update(
            state=cls.State.ENCODING, claim=claim, leased_until=until, attempts=F("attempts") + 1
        )
        return claim, list(cls.objects.filter(claim=claim).select_related("gallery__encoder_version").order_by("pk"))

    @classmethod
    def release_lapsed(cls) -> int:
        """Put photos whose worker vanished back in the queue; returns how many."""
        return cls.objects.with_lapsed_lease().update(
            state=cls.State.PENDING, claim=None, leased_until=None, sent_at=None
        )

    def finish(self, state: "Photo.State", *, reason: str = "", error: str = "") -> bool:
        """Write the outcome, if this object's claim still holds; returns whether it did."""
        return bool(type(self).objects.held([self]).finish(state, reason=reason, error=error))


@receiver(post_delete, sender=Photo)
def delete_file(instance: Photo, **_: object) -> None:
    """Remove the bytes once the row's deletion is certain, however it came about (page, API, a gallery's end)."""
    storage, path = instance.file.storage, str(instance.file.name)
    transaction.on_commit(lambda: storage.delete(path))
