"""What an epoch's steps come to, and which epoch is the best."""

import pytest

from training.exceptions import TrainingFailedError
from training.learning.outcome import StepOutcome
from training.models import EpochRecord
from training.retraining.epochs import POINTS, Tally, standing


def outcome(
    loss: float, *, active: int = 1, triplets: int = 10, hard: int = 0, parent_loss: float = 0.0, rate: float = 1e-4
) -> StepOutcome:
    """A step's numbers."""
    return StepOutcome(
        loss=loss,
        parent_loss=parent_loss,
        triplets=triplets,
        active=active,
        hard=hard,
        semi_hard=active - hard,
        positive_distance=0.1,
        negative_distance=0.5,
        gradient_norm=1.0,
        learning_rate=rate,
    )


def tally(*outcomes: StepOutcome, first_step: int = 0, parent_weight: float = 1.0) -> Tally:
    counted = Tally(first_step=first_step, parent_weight=parent_weight)
    for each in outcomes:
        counted.add(each)
    return counted


def test_the_loss_is_that_of_the_active_triplets_without_the_parents_part() -> None:
    found = tally(
        outcome(0.5, active=2, parent_loss=0.1, hard=1),
        outcome(0.3, active=6, parent_loss=0.05, rate=2e-4),
        outcome(0.04, active=0, parent_loss=0.02),
        parent_weight=2.0,
    ).as_fields()
    assert found["loss"] == pytest.approx((2 * 0.3 + 6 * 0.2) / 8)
    assert found["parent_loss"] == pytest.approx((0.1 + 0.05 + 0.02) / 3)
    assert (found["steps"], found["triplets"], found["active"], found["hard"], found["semi_hard"]) == (3, 30, 8, 1, 7)
    assert found["learning_rate"] == 1e-4
    assert found["curve"] == [[1, 0.3, 0.2], [2, 0.2, 0.6], [3, 0.0, 0.0]]


def test_steps_without_any_triplet_have_no_loss() -> None:
    found = tally(outcome(0.0, active=0, triplets=0)).as_fields()
    assert (found["loss"], found["curve"]) == (0.0, [[1, 0.0, 0.0]])


def test_a_curve_has_no_more_points_than_can_be_seen_and_ends_with_the_last_step() -> None:
    curve = tally(*[outcome(0.1 * (place % 2)) for place in range(3 * POINTS + 1)], first_step=50).as_fields()["curve"]
    assert POINTS / 2 < len(curve) <= POINTS
    assert curve[-1][0] == 50 + 3 * POINTS + 1
    assert [point[0] for point in curve] == sorted(point[0] for point in curve)
    assert all(0 <= point[1] <= 0.1 for point in curve)


def test_a_loss_that_is_no_number_ends_it() -> None:
    with pytest.raises(TrainingFailedError, match="The loss of step 8 is not a number"):
        tally(outcome(0.1), outcome(float("inf")), first_step=6)


def test_the_best_epoch_has_the_least_eer_then_the_highest_tar_then_comes_last() -> None:
    rates = [(None, None), (0.1, 0.9), (0.05, 0.7), (0.05, 0.8), (0.05, 0.8), (0.05, None)]
    records = [
        EpochRecord(number=number, held_out_eer=eer, held_out_tar=tar) for number, (eer, tar) in enumerate(rates)
    ]
    assert [record.number for record in sorted(records, key=standing)] == [4, 3, 2, 5, 1, 0]
