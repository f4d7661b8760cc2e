"""What one epoch comes to: its steps counted up, and the people who are watched."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from training.configuration import Augmentation, TrainingConfiguration
from training.exceptions import TrainingFailedError
from training.learning.learner import Learner
from training.learning.outcome import StepOutcome
from training.metrics.types import Counts
from training.metrics.watching import WatchedFigures, watched_figures
from training.models import EpochRecord

POINTS = 100
"""Of an epoch's curve, at most."""


@dataclass
class Tally:
    """The outcomes of an epoch's steps.

    Attributes:
        first_step: how many steps of the run came before.
        parent_weight: of the configuration: what is not the parent's in a step's loss is that of the triplets.
    """

    first_step: int
    parent_weight: float
    outcomes: list[StepOutcome] = field(default_factory=list)

    def add(self, outcome: StepOutcome) -> None:
        """Count a step.

        Raises:
            TrainingFailedError: its loss is not a number.
        """
        self.outcomes.append(outcome)
        if not math.isfinite(outcome.loss):
            raise TrainingFailedError(
                f"The loss of step {self.first_step + len(self.outcomes)} is not a number. Take a lower learning rate, "
                "or more warm-up steps."
            )

    def as_fields(self) -> dict[str, Any]:
        """Return the fields of the `EpochRecord` that say what happened in the steps."""
        done = self.outcomes
        return {
            "steps": len(done),
            "loss": self._loss(done),
            "parent_loss": _mean([outcome.parent_loss for outcome in done]),
            "triplets": sum(outcome.triplets for outcome in done),
            "active": sum(outcome.active for outcome in done),
            "semi_hard": sum(outcome.semi_hard for outcome in done),
            "hard": sum(outcome.hard for outcome in done),
            "mean_positive_distance": _mean([outcome.positive_distance for outcome in done]),
            "mean_negative_distance": _mean([outcome.negative_distance for outcome in done]),
            "learning_rate": done[-1].learning_rate if done else None,
            "curve": self._curve(),
        }

    def _curve(self) -> list[list[float]]:
        """Points of [step of the run, loss, share of active triplets], each the mean of as many steps."""
        points: list[list[float]] = []
        size = math.ceil(len(self.outcomes) / POINTS) or 1
        for start in range(0, len(self.outcomes), size):
            part = self.outcomes[start : start + size]
            active, triplets = sum(outcome.active for outcome in part), sum(outcome.triplets for outcome in part)
            share = round(active / triplets, 4) if triplets else 0.0
            points.append([self.first_step + start + len(part), round(self._loss(part), 6), share])
        return points

    def _loss(self, outcomes: Sequence[StepOutcome]) -> float:
        """The mean triplet loss of the active triplets; 0 where none was active."""
        active = sum(outcome.active for outcome in outcomes)
        losses = ((outcome.loss - self.parent_weight * outcome.parent_loss) * outcome.active for outcome in outcomes)
        return max(sum(losses) / active, 0.0) if active else 0.0


@dataclass(frozen=True)
class Watched:
    """How well the watched people are told apart.

    Attributes:
        domain: probes changed as the run's augmentation does, against the photos as they are.
        plain: photos against photos.
    """

    domain: WatchedFigures
    plain: WatchedFigures

    def as_fields(self) -> dict[str, Any]:
        """Return the fields of the `EpochRecord` that say so."""
        return {
            "held_out_eer": self.domain.eer,
            "held_out_tar": self.domain.tar,
            "held_out_fmr": self.domain.fmr,
            "plain_eer": self.plain.eer,
            "plain_tar": self.plain.tar if self.domain.fmr is not None else None,
        }


def watch(learner: Learner, rows: Counts, people: Counts, configuration: TrainingConfiguration) -> Watched:
    """Judge the present weights by the watched people: (R,) rows of the training set, and whose each is."""
    gallery = learner.embed(rows)
    plain = watched_figures(gallery, gallery, people)
    if configuration.augmentation in (Augmentation.NONE, Augmentation.USUAL):
        return Watched(domain=plain, plain=plain)
    return Watched(domain=watched_figures(learner.embed_augmented(rows), gallery, people), plain=plain)


def standing(record: EpochRecord) -> tuple[float, float, int]:
    """Return what epochs are compared by, the best one having the least: EER, then TAR, then the later one.

    Where the watched people cannot tell two epochs apart, the later one has learned more.
    """
    eer = math.inf if record.held_out_eer is None else record.held_out_eer
    return eer, -(record.held_out_tar or 0.0), -record.number


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None
