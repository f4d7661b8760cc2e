"""What the workers do for training beside the runs themselves."""

import logging

from celery import shared_task

from training.services.mining import drop_leftovers
from training.services.run_files import remove_leftover_files
from training.services.run_scratch import remove_leftover_folders
from training.services.run_states import settle_runs

logger = logging.getLogger(__name__)


@shared_task(name="training.tasks.sweep_runs")
def sweep_runs() -> None:
    """End runs whose job has ended without them, and remove what killed processes and deleted runs have left."""
    settled = settle_runs()
    if settled:
        logger.warning("%d training runs had ended with their jobs", settled)
    left = remove_leftover_files() + remove_leftover_folders() + drop_leftovers()
    if left:
        logger.warning("Removed %d files, folders and tables that training runs had left", left)
