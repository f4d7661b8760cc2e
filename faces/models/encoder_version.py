"""One set of weights with everything needed to reproduce its output."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from faces.exceptions import WrongStateError


class EncoderVersion(models.Model):
    """Weights, preprocessing and licence of one encoder.

    States: `candidate → available → retired`. Only an available version may serve a gallery. A retired one
    never comes back: its embeddings are gone.
    """

    class State(models.TextChoices):
        """Where a version stands."""

        CANDIDATE = "candidate", "Candidate"
        AVAILABLE = "available", "Available"
        RETIRED = "retired", "Retired"

    TRANSITIONS: ClassVar[dict[str, tuple[str, ...]]] = {
        State.CANDIDATE: (State.AVAILABLE, State.RETIRED),
        State.AVAILABLE: (State.RETIRED,),
        State.RETIRED: (),
    }

    name = models.CharField(max_length=100, unique=True)
    architecture = models.CharField(max_length=50, help_text="The network's name in the encoder library.")
    weights = models.CharField(
        max_length=300,
        help_text="`package:` and a path inside an installed package, or `storage:` and a path in the storage.",
    )
    weights_sha256 = models.CharField(max_length=64)
    dimension = models.PositiveIntegerField(help_text="Numbers in one embedding.")
    preprocessing_version = models.PositiveIntegerField(
        help_text="Rises whenever detection, alignment or averaging change what the same weights answer."
    )
    spec = models.JSONField(help_text="The encoder library's EncoderSpec: all that decides the output.")
    licence = models.CharField(max_length=200)
    probe_noise = models.FloatField(
        null=True,
        blank=True,
        help_text="Scatter of a person's embeddings along a line, where it was measured; galleries may know better.",
    )
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    state = models.CharField(max_length=20, choices=State, default=State.CANDIDATE)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        """Two rows never describe the same function."""

        ordering: ClassVar = ["-created_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["weights_sha256", "architecture", "preprocessing_version"],
                name="encoder_version_once",
            ),
            models.CheckConstraint(
                condition=Q(weights_sha256__regex=r"^[0-9a-f]{64}$"), name="encoder_version_digest_is_sha256"
            ),
            models.CheckConstraint(
                condition=Q(dimension__gte=1) & Q(dimension__lte=4000),
                name="encoder_version_dimension_indexable",
            ),
            models.CheckConstraint(
                condition=Q(probe_noise__isnull=True) | Q(probe_noise__gt=0), name="encoder_version_noise_positive"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["candidate", "available", "retired"]),
                name="encoder_version_state_known",
            ),
        ]

    def __str__(self) -> str:
        """Return the name."""
        return self.name

    @property
    def input_size(self) -> int:
        """Side of the square crop that the network sees, in pixels."""
        return int(self.spec["input_size"])

    @property
    def source(self) -> str:
        """Where the weights come from."""
        return str(self.spec["source"])

    def move_to(self, state: "EncoderVersion.State") -> None:
        """Make one transition.

        Raises:
            WrongStateError: this transition does not exist, or somebody else made another one first.
        """
        allowed = [old for old, targets in self.TRANSITIONS.items() if state in targets]
        moved = type(self).objects.filter(pk=self.pk, state__in=allowed).update(state=state)
        if not moved:
            self.refresh_from_db()
            raise WrongStateError(
                f"Encoder version {self.name} is {self.state}; it cannot become {state}.", state=self.state
            )
        self.state = state
