"""What one epoch of a training run came to."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from training.models.training_run import TrainingRun


def _shares(*names: str) -> Q:
    """A condition: each of these fields is a share from 0 to 1, or null."""
    condition = Q()
    for name in names:
        condition &= Q(**{f"{name}__isnull": True}) | Q(**{f"{name}__gte": 0, f"{name}__lte": 1})
    return condition


class EpochRecord(models.Model):
    """Number 0 is the parent, judged before the first step; it has no loss and no triplets."""

    run = models.ForeignKey(TrainingRun, models.CASCADE, related_name="epoch_records")
    number = models.PositiveSmallIntegerField()
    steps = models.PositiveIntegerField(default=0, help_text="Batches in it.")
    loss = models.FloatField(null=True, blank=True, help_text="The mean triplet loss of the active triplets.")
    parent_loss = models.FloatField(
        null=True, blank=True, help_text="The mean squared L2 from the parent's embeddings of the same faces."
    )
    triplets = models.PositiveIntegerField(default=0, help_text="How many were looked at.")
    active = models.PositiveIntegerField(default=0, help_text="How many of them had a loss.")
    semi_hard = models.PositiveIntegerField(default=0, help_text="How many of them were semi-hard.")
    hard = models.PositiveIntegerField(default=0, help_text="How many of them were hard.")
    suspects = models.PositiveIntegerField(default=0, help_text="Pairs of people that were kept from being negatives.")
    mean_positive_distance = models.FloatField(null=True, blank=True, help_text="d(a, p), squared L2.")
    mean_negative_distance = models.FloatField(null=True, blank=True, help_text="d(a, n), squared L2.")
    held_out_eer = models.FloatField(
        null=True, blank=True, help_text="Of the watched people, their probes changed as the run's augmentation does."
    )
    held_out_tar = models.FloatField(null=True, blank=True, help_text="At `held_out_fmr`.")
    held_out_fmr = models.FloatField(null=True, blank=True)
    plain_eer = models.FloatField(null=True, blank=True, help_text="Of the watched people, photos as they are.")
    plain_tar = models.FloatField(null=True, blank=True, help_text="At `held_out_fmr`.")
    learning_rate = models.FloatField(null=True, blank=True)
    curve = models.JSONField(
        default=list, blank=True, help_text="Within the epoch: [step of the run, loss, share of active triplets]."
    )
    mining_seconds = models.FloatField(default=0)
    seconds = models.FloatField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        """Each epoch once; shares are shares and distances are distances."""

        ordering: ClassVar = ["run", "number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "number"], name="epoch_record_once"),
            models.CheckConstraint(
                condition=_shares("held_out_eer", "held_out_tar", "held_out_fmr", "plain_eer", "plain_tar"),
                name="epoch_record_shares_0_to_1",
            ),
            models.CheckConstraint(
                condition=Q(held_out_tar__isnull=True) | Q(held_out_fmr__isnull=False),
                name="epoch_record_tar_names_its_fmr",
            ),
            models.CheckConstraint(
                condition=(
                    Q(mean_positive_distance__isnull=True)
                    | Q(mean_positive_distance__gte=0, mean_positive_distance__lte=4)
                )
                & (
                    Q(mean_negative_distance__isnull=True)
                    | Q(mean_negative_distance__gte=0, mean_negative_distance__lte=4)
                ),
                name="epoch_record_distances_0_to_4",
            ),
            models.CheckConstraint(
                condition=Q(triplets__gte=F("semi_hard") + F("hard")) & Q(triplets__gte=F("active")),
                name="epoch_record_kinds_within_triplets",
            ),
            models.CheckConstraint(
                condition=Q(loss__isnull=True) | Q(loss__gte=0), name="epoch_record_loss_not_negative"
            ),
            models.CheckConstraint(condition=Q(seconds__gte=0), name="epoch_record_time_not_negative"),
        ]

    def __str__(self) -> str:
        """Return run and number."""
        return f"Epoch {self.number} of run {self.run_id}"
