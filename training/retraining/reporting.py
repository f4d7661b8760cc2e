"""Telling of a run's progress, and hearing whether it shall stop."""

import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from faces.exceptions import JobCancelledError
from faces.models import Job
from faces.services.waiting import kept_alive
from faces.services.working import Show
from training.metrics.types import Progress
from training.models import TrainingRun

SECONDS_BETWEEN_REPORTS = 0.5

CANCELLED = "It was cancelled. What it has learned is kept: “Try again” goes on from the last checkpoint."


@dataclass
class Reporter:
    """Counts in units that take about equally long: steps, and batches of faces that are read or judged."""

    job: Job
    run: TrainingRun
    show: Show
    total: int = 0
    done: float = 0.0
    note: str = ""
    is_to_finish: bool = False
    _reported_at: float = field(default=float("-inf"), repr=False)

    def tell(self, note: str) -> None:
        """Say what is being done now.

        Raises:
            JobCancelledError: somebody cancelled the job, or it is gone.
        """
        self.note = note
        self._report()

    def advance(self, units: float, note: str = "") -> None:
        """Count what was done; tells of it twice a second at most, and raises what `tell` raises."""
        self.done = min(self.done + units, float(self.total))
        self.note = note or self.note
        if time.monotonic() - self._reported_at >= SECONDS_BETWEEN_REPORTS:
            self._report()

    def progress(self, note: str, items: int, *, units: float = 0.0) -> Progress:
        """Return what can be told of so many items, one after the other, that are so many units together."""
        self.tell(note)
        counted = 0

        def count(more: int) -> None:
            nonlocal counted
            counted += more
            share = more / max(items, 1)
            self.advance(units * share, f"{note}: {min(counted, items):,} of {items:,}")

        return count

    def alive(self, note: str) -> AbstractContextManager[None]:
        """Stay alive, and stop where somebody cancels, while something takes long that tells of nothing."""
        self.tell(note)
        return kept_alive(self.job, note=note)

    def _report(self) -> None:
        done = int(self.done)
        self.show(done, self.total, self.note)
        try:
            if not self.job.report(done, self.total, self.note):
                raise JobCancelledError(CANCELLED)
        except Job.DoesNotExist as error:
            raise JobCancelledError("The job is gone, and its gallery perhaps with it.") from error
        self.is_to_finish = TrainingRun.objects.filter(pk=self.run.pk, finish_requested_at__isnull=False).exists()
        self._reported_at = time.monotonic()
