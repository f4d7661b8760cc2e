"""What a step of training did."""

from dataclasses import dataclass


@dataclass(frozen=True)
class StepOutcome:
    """The numbers of one step, before its weights were changed.

    Attributes:
        loss: all of it: the triplet loss and what the parent adds.
        parent_loss: mean squared L2 distance of the embeddings from the parent's of the same faces, without its weight.
        triplets: how many the loss was taken of.
        active: of these, how many have anything left to learn.
        hard: of these, how many have a negative that is no farther from the anchor than the positive.
        semi_hard: the other active ones.
        positive_distance: mean squared L2 of pairs of one person in the batch; 0 where there is none.
        negative_distance: the same of pairs of two people that are not barred.
        gradient_norm: L2, before it was cut.
        learning_rate: of this step.
    """

    loss: float
    parent_loss: float
    triplets: int
    active: int
    hard: int
    semi_hard: int
    positive_distance: float
    negative_distance: float
    gradient_norm: float
    learning_rate: float
