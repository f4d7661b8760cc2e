"""A job that waits for one long statement: it is heard of, and can be cancelled."""

import time
from threading import Timer

import pytest
from django.db import OperationalError, connection

from faces.exceptions import JobCancelledError
from faces.models import Job
from faces.services.jobs import cancel_job
from faces.services.waiting import kept_alive
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

OFTEN_S = 0.05


def sleep(seconds: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(%s)", [seconds])


@pytest.fixture
def job() -> Job:
    return factories.job(kind=Job.Kind.GROUPING, title="Grouping", done=2, total=5)


def test_progress_stays_and_the_heart_beats(job: Job) -> None:
    with kept_alive(job, note="A long statement", every_s=OFTEN_S):
        sleep(0.5)
    first = Job.objects.get(pk=job.pk)
    assert (first.done, first.total, first.note) == (2, 5, "A long statement")
    assert first.heartbeat_at is not None


def test_a_cancelled_job_breaks_the_statement_off(job: Job) -> None:
    def cancel() -> None:
        try:
            cancel_job(job=Job.objects.get(pk=job.pk))
        finally:
            connection.close()

    Timer(0.3, cancel).start()
    started = time.monotonic()
    with pytest.raises(JobCancelledError), kept_alive(job, note="A long statement", every_s=OFTEN_S):
        sleep(60)
    assert time.monotonic() - started < 30
    sleep(0)  # the connection is as good as before


def test_another_failure_of_the_database_is_no_cancellation(job: Job) -> None:
    with pytest.raises(OperationalError), kept_alive(job, note="A long statement", every_s=OFTEN_S):
        raise OperationalError("The database is away.")
