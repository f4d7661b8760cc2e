"""What is going on: the numbers of the overview, and the part of it that renews itself."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from faces.models import Job, Photo
from faces.views.page import page

RECENT_JOBS = 6

PATIENCE = timedelta(minutes=1)
"""How long photos may wait, with nothing being encoded, before the overview says that no worker seems to run."""


@dataclass(frozen=True)
class Work:
    """What the workers do. `seems_idle`: photos have been waiting for a while, and nobody is encoding any."""

    waiting: int
    encoding: int
    ready: int
    refused: int
    failed: int
    seems_idle: bool
    jobs: tuple[Job, ...]
    recent: tuple[Job, ...]

    @property
    def is_busy(self) -> bool:
        """Whether anything will change soon."""
        return bool(self.waiting or self.encoding or self.jobs)


def present_work() -> Work:
    """Count photos by state and fetch the jobs under way, in at most four queries."""
    rows = Photo.objects.order_by().values("state").annotate(number=Count("id"))
    counts = {row["state"]: row["number"] for row in rows}
    waiting, encoding = counts.get(Photo.State.PENDING, 0), counts.get(Photo.State.ENCODING, 0)
    jobs = tuple(Job.objects.unfinished().select_related("gallery")[:RECENT_JOBS])
    recent = Job.objects.filter(state__in=Job.FINISHED).select_related("gallery")[: RECENT_JOBS - len(jobs)]
    return Work(
        waiting=waiting,
        encoding=encoding,
        ready=counts.get(Photo.State.READY, 0),
        refused=counts.get(Photo.State.REJECTED, 0),
        failed=counts.get(Photo.State.FAILED, 0),
        seems_idle=bool(waiting and not encoding and _waits_in_vain()),
        jobs=jobs,
        recent=tuple(recent),
    )


def _waits_in_vain() -> bool:
    before = timezone.now() - PATIENCE
    if Photo.objects.filter(finished_at__gt=before, state__in=(Photo.State.READY, Photo.State.FAILED)).exists():
        return False
    oldest = Photo.objects.waiting().aggregate(oldest=Min("created_at"))["oldest"]
    return oldest is not None and oldest < before


@page("faces.view_photo", "faces.view_job")
def work(request: HttpRequest) -> HttpResponse:
    """Answer HTMX with the part of the overview that renews itself."""
    return render(request, "faces/overview/work.html", {"work": present_work()})
