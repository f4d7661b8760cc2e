"""The composition root names the work of every kind of job."""

import pytest
from django.conf import settings

from faces.models import Job
from faces.tasks import work_of


@pytest.mark.parametrize("kind", Job.DONE_BY_A_WORKER)
def test_every_kind_of_job_that_a_worker_does_has_its_work(kind: str) -> None:
    assert callable(work_of(kind))


def test_no_work_is_named_for_a_kind_that_is_not_there() -> None:
    assert set(settings.JOB_WORK) == set(Job.DONE_BY_A_WORKER)
