"""The error rates of a gallery: the work of a job."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from faces.exceptions import InvalidRequestError
from faces.models import Job

Show: TypeAlias = Callable[[int, int, str], None]
"""Told how much is done, of how much, and what is being done."""


def _unseen(_done: int, _total: int, _note: str) -> None:
    pass


def evaluate_gallery(job: Job, *, show: Show = _unseen) -> Mapping[str, object]:
    """Measure the error rates of the job's gallery and keep them as an `EvaluationReport`."""
    show(0, job.total, "")
    raise InvalidRequestError("There is no evaluation yet.")
