"""A training run: the work of a job."""

from collections.abc import Mapping

from faces.exceptions import InvalidRequestError
from faces.models import Job
from faces.services.working import Show, unseen
from training.models import TrainingRun


def train_encoder(job: Job, *, show: Show = unseen) -> Mapping[str, object]:
    """Do the job's training run, from its beginning or from its last checkpoint.

    Raises:
        InvalidRequestError: the job has no run.
    """
    run = TrainingRun.objects.filter(job=job).first()
    if run is None:
        raise InvalidRequestError("This job belongs to no training run.")
    show(0, 0, "")
    raise NotImplementedError
