"""Staying alive as a job while the database works at one long statement."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from django.db import OperationalError, connection
from psycopg.errors import QueryCanceled

from faces.exceptions import JobCancelledError
from faces.models import Job

SECONDS = 5.0


@contextmanager
def kept_alive(job: Job, *, note: str, every_s: float = SECONDS) -> Iterator[None]:
    """Report a job's progress over a second connection while this one is busy.

    Raises:
        JobCancelledError: somebody cancelled the job; the statement was broken off.
    """
    connection.ensure_connection()
    backend = connection.connection.info.backend_pid
    is_over = Event()
    watch = Thread(target=_watch, args=(job.pk, note, backend, is_over, every_s), daemon=True)
    watch.start()
    try:
        yield
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise JobCancelledError("It was cancelled.") from error
        raise
    finally:
        is_over.set()
        watch.join()


def _watch(job_id: int, note: str, backend: int, is_over: Event, every_s: float) -> None:
    try:
        while not is_over.wait(every_s):
            job = Job.objects.get(pk=job_id)
            if job.report(job.done, job.total, note):
                continue
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_cancel_backend(%s)", [backend])
            return
    finally:
        connection.close()
