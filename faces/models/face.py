"""One detected face of one photo."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from faces.models.gallery import Gallery
from faces.models.person import Person
from faces.models.photo import Photo
from faces.models.probable_person import ProbablePerson
from faces.querysets import FaceQuerySet


class Face(models.Model):
    """A box, five landmarks and a quality; belongs to a person or to nobody yet.

    Coordinates are pixels of the EXIF-turned photo, origin top left. The database keeps photo and person in the
    same gallery by composite foreign keys, and carries `person` and `is_enrolled` over to the face's embeddings.
    """

    class AssignedBy(models.TextChoices):
        """Who said whose face this is."""

        NOBODY = "", "Nobody"
        ADMIN = "admin", "An admin"
        IMPORT = "import", "The upload"
        SUGGESTION = "suggestion", "A suggestion that was accepted"

    gallery = models.ForeignKey(Gallery, models.CASCADE, related_name="faces")
    photo = models.ForeignKey(Photo, models.CASCADE, related_name="faces", db_constraint=False)
    person = models.ForeignKey(
        Person, models.RESTRICT, null=True, blank=True, related_name="faces", db_constraint=False
    )
    probable_person = models.ForeignKey(
        ProbablePerson, models.SET_NULL, null=True, blank=True, related_name="faces", db_index=False
    )
    left = models.FloatField()
    top = models.FloatField()
    right = models.FloatField()
    bottom = models.FloatField()
    landmarks = models.JSONField(
        help_text="Five [x, y]: eye, eye, nose, mouth corner, mouth corner; left in the picture first."
    )
    detection_score = models.FloatField()
    size = models.FloatField(help_text="The shorter side of the box, pixels.")
    sharpness = models.FloatField(help_text="0 to 1.")
    brightness = models.FloatField(help_text="0 to 1.")
    yaw = models.FloatField(help_text="Degrees.")
    pitch = models.FloatField(help_text="Degrees.")
    roll = models.FloatField(help_text="Degrees.")
    quality = models.FloatField(help_text="0 to 1, bigger is better.")
    assigned_by = models.CharField(max_length=20, choices=AssignedBy, default=AssignedBy.NOBODY, blank=True)
    is_enrolled = models.BooleanField(default=False, help_text="Whether searches can find it.")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = FaceQuerySet["Face"].as_manager()

    class Meta:
        """Only a face that belongs to somebody can be enrolled."""

        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["gallery", "id"], name="face_of_gallery"),
            models.CheckConstraint(condition=Q(right__gt=F("left")) & Q(bottom__gt=F("top")), name="face_box_has_area"),
            models.CheckConstraint(
                condition=Q(detection_score__gte=0) & Q(detection_score__lte=1),
                name="face_detection_score_0_to_1",
            ),
            models.CheckConstraint(condition=Q(quality__gte=0) & Q(quality__lte=1), name="face_quality_0_to_1"),
            models.CheckConstraint(
                condition=Q(is_enrolled=False) | Q(person__isnull=False), name="face_enrolled_for_a_person"
            ),
            models.CheckConstraint(
                condition=Q(person__isnull=True) | Q(probable_person__isnull=True), name="face_probable_until_named"
            ),
            models.CheckConstraint(
                condition=Q(person__isnull=True, assigned_by="") | (Q(person__isnull=False) & ~Q(assigned_by="")),
                name="face_assigned_by_somebody",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["probable_person"], condition=Q(probable_person__isnull=False), name="face_probable_person"
            ),
        ]

    def __str__(self) -> str:
        """Return a number: a face has no other name."""
        return f"Face {self.pk}"
