"""Long work, as a row."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from faces.exceptions import WrongStateError
from faces.models.gallery import Gallery
from faces.querysets import JobQuerySet


class Job(models.Model):
    """Something that takes longer than a request, with progress, a heartbeat and a wish to cancel.

    States: `queued → running → succeeded | failed | cancelled`, `queued → cancelled`, and back to `queued` from
    `failed` or `cancelled` when somebody asks for another try, or from `running` when its worker vanished.

    A job either follows photos through the workers (uploads, imports), or is itself work that one worker does
    (`DONE_BY_A_WORKER`): of these a gallery has one unfinished one of a kind.
    """

    class Kind(models.TextChoices):
        """What is done."""

        UPLOAD = "upload", "Upload of photos"
        IMPORT = "import", "Import of a folder"
        INDEX = "index", "Index for searches"
        GROUPING = "grouping", "Grouping of unknown faces"
        EVALUATION = "evaluation", "Measurement of error rates"
        TRAINING = "training", "Retraining of the encoder"
        NAMES = "names", "Check of names"

    class State(models.TextChoices):
        """Where a job stands."""

        QUEUED = "queued", "Waiting"
        RUNNING = "running", "Running"
        SUCCEEDED = "succeeded", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    FINISHED: ClassVar = (State.SUCCEEDED, State.FAILED, State.CANCELLED)
    DONE_BY_A_WORKER: ClassVar = (Kind.INDEX, Kind.GROUPING, Kind.EVALUATION, Kind.TRAINING, Kind.NAMES)
    TRANSITIONS: ClassVar[dict[str, tuple[str, ...]]] = {
        State.QUEUED: (State.RUNNING, State.CANCELLED),
        State.RUNNING: (State.SUCCEEDED, State.FAILED, State.CANCELLED, State.QUEUED),
        State.SUCCEEDED: (State.RUNNING,),
        State.FAILED: (State.QUEUED, State.RUNNING),
        State.CANCELLED: (State.QUEUED, State.RUNNING),
    }

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    gallery = models.ForeignKey(Gallery, models.CASCADE, null=True, blank=True, related_name="jobs")
    kind = models.CharField(max_length=30, choices=Kind)
    title = models.CharField(max_length=300)
    state = models.CharField(max_length=20, choices=State, default=State.QUEUED)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    inputs_complete = models.BooleanField(default=False, help_text="Whether everything it will work on is known.")
    note = models.CharField(max_length=300, blank=True)
    parameters = models.JSONField(default=dict, blank=True, help_text="What was asked for, besides gallery and kind.")
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Workers that began it.")
    result = models.JSONField(default=dict, blank=True)
    error = models.TextField(blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = JobQuerySet["Job"].as_manager()

    class Meta:
        """No more can be done than there is."""

        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(done__lte=F("total")), name="job_done_within_total"),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running", "succeeded", "failed", "cancelled"]),
                name="job_state_known",
            ),
            models.UniqueConstraint(
                fields=["gallery", "kind"],
                condition=Q(
                    kind__in=["index", "grouping", "evaluation", "training", "names"], state__in=["queued", "running"]
                ),
                name="job_one_of_a_kind",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running"], finished_at__isnull=True)
                | Q(state__in=["succeeded", "failed", "cancelled"], finished_at__isnull=False),
                name="job_finished_has_a_time",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["state"], name="job_by_state")]

    def __str__(self) -> str:
        """Return the title."""
        return self.title

    @property
    def is_finished(self) -> bool:
        """Whether nothing more will happen unless somebody asks."""
        return self.state in self.FINISHED

    @property
    def follows_photos(self) -> bool:
        """Whether its progress is that of photos on their way through the workers."""
        return self.kind not in self.DONE_BY_A_WORKER

    @property
    def percent(self) -> int:
        """How much is done, 0 to 100; 100 only when all is."""
        return 100 if self.total == 0 and self.is_finished else 100 * self.done // max(self.total, 1)

    def move_to(self, state: "Job.State", *, error: str = "") -> None:
        """Make one transition.

        Raises:
            WrongStateError: this transition does not exist, or somebody else made another one first.
        """
        allowed = [old for old, targets in self.TRANSITIONS.items() if state in targets]
        now = timezone.now()
        finished = now if state in self.FINISHED else None
        values: dict[str, object] = {
            "state": state,
            "error": error,
            "finished_at": finished,
            "heartbeat_at": now,
        }
        if state == self.State.RUNNING:
            values["started_at"] = self.started_at or now
        if state in (self.State.QUEUED, self.State.RUNNING):
            values["cancel_requested_at"] = None
        moved = type(self).objects.filter(pk=self.pk, state__in=allowed).update(**values)
        self.refresh_from_db()
        if not moved:
            raise WrongStateError(
                f"The job is {self.get_state_display().lower()}; it cannot become {state}.", state=self.state
            )

    def report(self, done: int, total: int, note: str = "") -> bool:
        """Write progress and heartbeat; returns whether to go on (nobody asked to cancel)."""
        type(self).objects.filter(pk=self.pk, state=self.State.RUNNING).update(
            done=done, total=total, note=note[:300], heartbeat_at=timezone.now()
        )
        self.refresh_from_db()
        return self.cancel_requested_at is None and self.state == self.State.RUNNING
