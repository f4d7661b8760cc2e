"""What learning encoders leaves in the database."""

from training.models.epoch_record import EpochRecord
from training.models.evaluation_report import EvaluationReport
from training.models.review_item import ReviewItem
from training.models.training_run import TrainingRun

__all__ = ["EpochRecord", "EvaluationReport", "ReviewItem", "TrainingRun"]
