"""A job that a worker would do, done by a command in its own process, with a progress bar."""

import sys
from collections.abc import Mapping
from typing import Protocol

from django.core.management.base import CommandError
from django.db import OperationalError

from faces.exceptions import JobCancelledError
from faces.management.base import ERROR, INTERRUPTED, FacetCommand, leave_connection, progress_bar, was_interrupted
from faces.models import Job
from faces.services.working import Show, perform


class ShownWork(Protocol):
    """Work of a job that tells of its progress as it goes."""

    def __call__(self, job: Job, /, *, show: Show) -> Mapping[str, object]:
        """Do what the job asks for."""
        ...


def perform_here(
    command: FacetCommand,
    job: Job,
    work: ShownWork,
    *,
    description: str,
    unit: str,
    interrupted: str,
    is_shown: bool,
) -> None:
    """Do a job to its end; Ctrl-C cancels it, and ends the command with the status of an interruption.

    Args:
        command: what was called.
        job: queued.
        work: does it.
        description: of the progress bar.
        unit: what is counted.
        interrupted: what to say after Ctrl-C.
        is_shown: whether there is a progress bar.

    Raises:
        CommandError: a worker has begun it, it failed, or somebody cancelled it on a page.
    """
    is_interrupted = False
    with progress_bar(total=0, description=description, unit=unit, is_shown=is_shown) as bar:

        def show(done: int, total: int, note: str) -> None:
            bar.total = total
            bar.set_postfix_str(note, refresh=False)
            bar.update(done - bar.n)

        def do(job: Job) -> Mapping[str, object]:
            nonlocal is_interrupted
            try:
                return work(job, show=show)
            except (KeyboardInterrupt, OperationalError) as error:
                if not was_interrupted(error):
                    raise
                is_interrupted = True
                leave_connection()
                raise JobCancelledError("It was interrupted.") from None

        is_mine = perform(job=job, work=do)
    if is_interrupted:
        command.stderr.write(interrupted)
        sys.exit(INTERRUPTED)
    job.refresh_from_db()
    if not is_mine:
        raise CommandError("A worker has begun the same job. Follow it on the page of jobs.", returncode=ERROR)
    if job.state != Job.State.SUCCEEDED:
        raise CommandError(job.error or "It was cancelled.", returncode=ERROR)
