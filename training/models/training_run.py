"""One retraining of an encoder on a gallery's photos."""

from functools import partial
from typing import ClassVar

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.utils import timezone

from faces.exceptions import WrongStateError
from faces.models import EncoderVersion, Gallery, Job


class TrainingRun(models.Model):
    """A fine-tuning with the triplet loss max(d(a, p) - d(a, n) + alpha, 0), from a parent version to a candidate.

    States: `queued → training → evaluating → succeeded`, and from each of the first three to `failed` or `cancelled`;
    one of these that is tried again goes back to `queued`, and on from its last checkpoint. It succeeds with a
    candidate, whatever the candidate is worth: that is for its evaluation to say.

    `checkpoint` and `best` are empty, or say where in the storage a file of the run's own lies, with its SHA-256 and
    the number of its epoch: {"path", "sha256", "epoch"}. The one is all that is needed to go on, the other the weights
    of the best epoch so far. `checkpoint` has `moved`, too: see `training.services.training_sets.moved_people`.
    """

    class State(models.TextChoices):
        """Where a run stands."""

        QUEUED = "queued", "Waiting"
        TRAINING = "training", "Training"
        EVALUATING = "evaluating", "Being evaluated"
        SUCCEEDED = "succeeded", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    FINISHED: ClassVar = (State.SUCCEEDED, State.FAILED, State.CANCELLED)
    TRANSITIONS: ClassVar[dict[str, tuple[str, ...]]] = {
        State.QUEUED: (State.TRAINING, State.FAILED, State.CANCELLED),
        State.TRAINING: (State.EVALUATING, State.FAILED, State.CANCELLED),
        State.EVALUATING: (State.SUCCEEDED, State.FAILED, State.CANCELLED),
        State.SUCCEEDED: (),
        State.FAILED: (State.QUEUED,),
        State.CANCELLED: (State.QUEUED,),
    }

    gallery = models.ForeignKey(Gallery, models.CASCADE, related_name="training_runs")
    parent = models.ForeignKey(
        EncoderVersion, models.PROTECT, related_name="training_runs", help_text="The version it starts from."
    )
    candidate = models.OneToOneField(
        EncoderVersion,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="training_run",
        help_text="The version it made.",
    )
    job = models.OneToOneField(Job, models.SET_NULL, null=True, blank=True, related_name="training_run")
    state = models.CharField(max_length=20, choices=State, default=State.QUEUED)
    configuration = models.JSONField(default=dict, help_text="`training.configuration.TrainingConfiguration` as JSON.")
    device = models.CharField(max_length=100, blank=True, help_text="What it ran on, in words.")
    people = models.PositiveIntegerField(default=0, help_text="Trained on.")
    photos = models.PositiveIntegerField(default=0, help_text="Faces trained on.")
    watched_people = models.PositiveIntegerField(default=0)
    held_out_people = models.PositiveIntegerField(default=0)
    steps = models.PositiveIntegerField(default=0, help_text="Done so far.")
    best_epoch = models.PositiveSmallIntegerField(null=True, blank=True)
    checkpoint = models.JSONField(default=dict, blank=True)
    best = models.JSONField(default=dict, blank=True)
    finish_requested_at = models.DateTimeField(
        null=True, blank=True, help_text="Somebody wished it to stop and to make a candidate of the best epoch so far."
    )
    error = models.TextField(blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """What a run promises at each of its states."""

        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=["succeeded", "failed", "cancelled"], finished_at__isnull=False)
                | Q(state__in=["queued", "training", "evaluating"], finished_at__isnull=True),
                name="training_run_finished_has_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="succeeded") | Q(candidate__isnull=False),
                name="training_run_succeeds_with_a_candidate",
            ),
            models.CheckConstraint(
                condition=Q(candidate__isnull=True) | ~Q(candidate=F("parent")),
                name="training_run_candidate_is_new",
            ),
            models.CheckConstraint(
                condition=~Q(state="failed") | ~Q(error=""), name="training_run_failed_with_an_error"
            ),
            models.UniqueConstraint(
                fields=["gallery"],
                condition=Q(state__in=["queued", "training", "evaluating"]),
                name="training_run_one_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        """Return a number and what it starts from."""
        return f"Training run {self.pk} of {self.parent}"

    @property
    def is_finished(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in self.FINISHED

    def move_to(self, state: "TrainingRun.State", *, error: str = "", candidate: EncoderVersion | None = None) -> None:
        """Make one transition.

        Args:
            state: where to.
            error: what went wrong, for `FAILED`.
            candidate: what was made, for `SUCCEEDED`.

        Raises:
            WrongStateError: this transition does not exist, or somebody else made another one first.
        """
        allowed = [old for old, targets in self.TRANSITIONS.items() if state in targets]
        now = timezone.now()
        values: dict[str, object] = {"state": state, "error": error}
        if state in self.FINISHED:
            values["finished_at"] = now
        if state == self.State.TRAINING:
            values["started_at"] = self.started_at or now
        if state == self.State.QUEUED:
            values["finished_at"] = None
        if candidate is not None:
            values["candidate"] = candidate
        moved = type(self).objects.filter(pk=self.pk, state__in=allowed).update(**values)
        self.refresh_from_db()
        if not moved:
            raise WrongStateError(
                f"The training run is {self.get_state_display().lower()}; it cannot become {state}.", state=self.state
            )


@receiver(post_delete, sender=TrainingRun)
def delete_files(instance: TrainingRun, **_: object) -> None:
    """Remove what the run keeps once the row's deletion is certain, however it came about (page, a gallery's end)."""
    for entry in (instance.checkpoint, instance.best):
        if entry:
            transaction.on_commit(partial(default_storage.delete, entry["path"]))
