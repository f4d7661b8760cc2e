"""Whether the gallery is right about who somebody is: a question to an admin."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from faces.exceptions import WrongStateError
from faces.models import Face, Gallery, Person
from training.models.training_run import TrainingRun
from training.querysets import ReviewItemQuerySet


class ReviewItem(models.Model):
    """Two people who are probably one, or a face of the first person that is probably the second one's.

    States: `open → answered`, and back to `open` by undoing the answer. Two people are asked about once, and so are a
    face and a person. Of two people the one with the smaller id comes first; the faces are those of the two that are
    most alike. Of a doubtful label, the first face is the doubtful one and the first person whose it is said to be.
    Faces and people belong to the same gallery, which the database sees to.

    `changes` is what the answer changed, and all that is needed to undo it (see `training.services.review_answers`).
    """

    class Kind(models.TextChoices):
        """What seems to be wrong."""

        DUPLICATE_PERSON = "duplicate_person", "Probably one person under two names"
        WRONG_LABEL = "wrong_label", "Probably somebody else's face"

    class State(models.TextChoices):
        """Where a question stands."""

        OPEN = "open", "Open"
        ANSWERED = "answered", "Answered"

    class Answer(models.TextChoices):
        """What was answered."""

        NONE = "", "Not yet"
        SAME = "same", "The same person"
        DIFFERENT = "different", "Two people"
        WRONG = "wrong", "A wrong label"

    gallery = models.ForeignKey(Gallery, models.CASCADE, related_name="review_items")
    training_run = models.ForeignKey(TrainingRun, models.SET_NULL, null=True, blank=True, related_name="review_items")
    kind = models.CharField(max_length=20, choices=Kind)
    first_face = models.ForeignKey(Face, models.CASCADE, related_name="+", db_constraint=False)
    second_face = models.ForeignKey(Face, models.CASCADE, related_name="+", db_constraint=False)
    first_person = models.ForeignKey(Person, models.CASCADE, related_name="+", db_constraint=False)
    second_person = models.ForeignKey(Person, models.CASCADE, related_name="+", db_constraint=False)
    distance = models.FloatField(help_text="Squared L2 of the two faces.")
    by_chance = models.FloatField(default=0, help_text="How many as sure as this one are expected by chance.")
    state = models.CharField(max_length=20, choices=State, default=State.OPEN)
    answer = models.CharField(max_length=20, choices=Answer, default=Answer.NONE, blank=True)
    changes = models.JSONField(default=dict, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    undone_at = models.DateTimeField(null=True, blank=True, help_text="When an answer was last undone.")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ReviewItemQuerySet["ReviewItem"].as_manager()

    class Meta:
        """Each pair is asked about once; the surest come first."""

        ordering: ClassVar = ["by_chance", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["first_person", "second_person"],
                condition=Q(kind="duplicate_person"),
                name="review_item_people_once",
            ),
            models.UniqueConstraint(
                fields=["first_face", "second_person"], condition=Q(kind="wrong_label"), name="review_item_face_once"
            ),
            models.CheckConstraint(condition=~Q(first_face=F("second_face")), name="review_item_of_two_faces"),
            models.CheckConstraint(condition=~Q(first_person=F("second_person")), name="review_item_of_two_people"),
            models.CheckConstraint(
                condition=~Q(kind="duplicate_person") | Q(first_person__lt=F("second_person")),
                name="review_item_people_in_order",
            ),
            models.CheckConstraint(
                condition=Q(distance__gte=0) & Q(distance__lte=4), name="review_item_distance_0_to_4"
            ),
            models.CheckConstraint(condition=Q(by_chance__gte=0), name="review_item_by_chance_not_negative"),
            models.CheckConstraint(
                condition=Q(kind__in=["duplicate_person", "wrong_label"]), name="review_item_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(state="open", answer="", decided_at__isnull=True, decided_by__isnull=True)
                | Q(state="answered", answer__in=["same", "different", "wrong"], decided_at__isnull=False),
                name="review_item_answered_has_a_time",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["gallery", "state", "by_chance"], name="review_item_open")]

    def __str__(self) -> str:
        """Return the question and its number."""
        return f"{self.get_kind_display()} ({self.pk})"

    def decide(self, answer: "ReviewItem.Answer", *, by: object, changes: dict[str, object] | None = None) -> None:
        """Answer an open question; what the answer means for people and faces is the caller's to do, before the commit.

        Args:
            answer: not none.
            by: the user who answers.
            changes: what was changed, to be undone.

        Raises:
            WrongStateError: it was answered before, or `answer` is none.
        """
        decided = answer != self.Answer.NONE and type(self).objects.filter(pk=self.pk, state=self.State.OPEN).update(
            state=self.State.ANSWERED,
            answer=answer,
            changes=changes or {},
            decided_by=by,
            decided_at=timezone.now(),
        )
        self.refresh_from_db()
        if not decided:
            raise WrongStateError(
                "Somebody answered this question meanwhile." if answer else "Say what the answer is.",
                state=self.state,
            )

    def reopen(self, *, by: object) -> None:
        """Take an answer back; what it changed is the caller's to undo, before the commit.

        Raises:
            WrongStateError: it is open.
        """
        reopened = (
            type(self)
            .objects.filter(pk=self.pk, state=self.State.ANSWERED)
            .update(
                state=self.State.OPEN,
                answer=self.Answer.NONE,
                changes={},
                decided_by=None,
                decided_at=None,
                undone_by=by,
                undone_at=timezone.now(),
            )
        )
        self.refresh_from_db()
        if not reopened:
            raise WrongStateError("This question has no answer that could be undone.", state=self.state)
