"""Watching the workers from the command line."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from django.utils import timezone

from faces.exceptions import UnavailableError
from faces.models import Job, Photo
from faces.tasks import encoding_workers

POLL_SECONDS = 0.5

QUIET_SECONDS = 10.0
"""How long nothing may move before the workers are asked whether they are there."""


class WaitingEnd(Enum):
    """Why the waiting ended."""

    DONE = "every photo is finished"
    NO_WORKER = "no worker answers"
    CANCELLED = "the job was cancelled"


@dataclass
class _Watch:
    """What was last seen to move, and when."""

    finished: int = -1
    moved_at: float = 0.0

    def see(self, finished: int) -> bool:
        """Note how many photos are finished; returns whether it is time to look for the workers."""
        now = time.monotonic()
        if finished != self.finished:
            self.finished, self.moved_at = finished, now
        return now - self.moved_at > QUIET_SECONDS

    def restart(self) -> None:
        """Wait another while before asking again."""
        self.moved_at = time.monotonic()


def wait_for_workers(job: Job, progress: Callable[[int, int], None]) -> WaitingEnd:
    """Wait until the workers have finished all photos of a job.

    Returns when every photo is finished, when the job was cancelled, or when nothing moves and no worker answers: the
    photos are safe in any case.

    Args:
        job: an import whose inputs are complete.
        progress: told how many photos are finished, of how many.
    """
    watch = _Watch()
    while True:
        photos = Photo.objects.filter(job=job)
        total, left = photos.count(), photos.unfinished().count()
        progress(total - left, total)
        if not left:
            return WaitingEnd.DONE
        job.refresh_from_db()
        if job.cancel_requested_at is not None:
            return WaitingEnd.CANCELLED
        if watch.see(total - left):
            if not _somebody_works():
                return WaitingEnd.NO_WORKER
            watch.restart()
        time.sleep(POLL_SECONDS)


def _somebody_works() -> bool:
    """Whether some worker holds photos under a lease it renews, or answers when it is asked."""
    if Photo.objects.filter(state=Photo.State.ENCODING, leased_until__gt=timezone.now()).exists():
        return True
    try:
        return encoding_workers() > 0
    except UnavailableError:
        return False
