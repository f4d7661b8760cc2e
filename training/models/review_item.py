"""Two faces too close for what the gallery says about them."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from faces.exceptions import WrongStateError
from faces.models import Face, Gallery
from training.models.training_run import TrainingRun


class ReviewItem(models.Model):
    """A question for an admin that training came upon; such pairs are not trained on.

    States: `open → confirmed | dismissed`. The two faces belong to the same gallery, which the database sees to, and
    the one with the smaller id comes first, so that a pair is asked about once.
    """

    class Kind(models.TextChoices):
        """What seems to be wrong."""

        DUPLICATE_PERSON = "duplicate_person", "Probably one person, entered twice"
        WRONG_LABEL = "wrong_label", "Probably the face of somebody else"

    class State(models.TextChoices):
        """Where a question stands."""

        OPEN = "open", "Open"
        CONFIRMED = "confirmed", "Confirmed"
        DISMISSED = "dismissed", "Dismissed"

    gallery = models.ForeignKey(Gallery, models.CASCADE, related_name="review_items")
    training_run = models.ForeignKey(TrainingRun, models.SET_NULL, null=True, blank=True, related_name="review_items")
    kind = models.CharField(max_length=20, choices=Kind)
    first_face = models.ForeignKey(Face, models.CASCADE, related_name="+", db_constraint=False)
    second_face = models.ForeignKey(Face, models.CASCADE, related_name="+", db_constraint=False)
    distance = models.FloatField(help_text="Squared L2 of the two faces.")
    state = models.CharField(max_length=20, choices=State, default=State.OPEN)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        """A pair is asked about once for each kind."""

        ordering: ClassVar = ["distance", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "first_face", "second_face"], name="review_item_once"),
            models.CheckConstraint(condition=Q(first_face__lt=F("second_face")), name="review_item_faces_in_order"),
            models.CheckConstraint(
                condition=Q(distance__gte=0) & Q(distance__lte=4), name="review_item_distance_0_to_4"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["duplicate_person", "wrong_label"]), name="review_item_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(state="open", decided_at__isnull=True, decided_by__isnull=True)
                | Q(state__in=["confirmed", "dismissed"], decided_at__isnull=False),
                name="review_item_decided_has_a_time",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["gallery", "state", "distance"], name="review_item_open")]

    def __str__(self) -> str:
        """Return the question and its number."""
        return f"{self.get_kind_display()} ({self.pk})"

    def decide(self, state: "ReviewItem.State", *, by: object) -> None:
        """Answer an open question.

        Args:
            state: confirmed or dismissed.
            by: the user who answers.

        Raises:
            WrongStateError: it was answered before, or `state` is no answer.
        """
        decided = state != self.State.OPEN and type(self).objects.filter(pk=self.pk, state=self.State.OPEN).update(
            state=state, decided_by=by, decided_at=timezone.now()
        )
        self.refresh_from_db()
        if not decided:
            raise WrongStateError(
                f"The question is {self.get_state_display().lower()}; it cannot become {state}.", state=self.state
            )
