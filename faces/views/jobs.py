"""Jobs: long work, its progress and its outcome."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from faces.models import Job, Photo
from faces.services.jobs import cancel_job
from faces.tasks import try_again
from faces.views.outcomes import counted_words
from faces.views.page import back, page, render_page
from faces.views.paging import listing
from faces.words import words_for

PER_PAGE = 30


@dataclass(frozen=True)
class PhotoCount:
    """How many of a job's photos are in one state for one reason."""

    state: str
    reason: str
    number: int

    @property
    def label(self) -> str:
        """In words."""
        label = Photo.State(self.state).label
        return f"{label}: {words_for(self.reason).label}" if self.reason else label


@page("faces.view_job")
def job_list(request: HttpRequest) -> HttpResponse:
    """Show all jobs, newest first."""
    rows = listing(request, Job.objects.select_related("gallery", "created_by"), per_page=PER_PAGE)
    return render_page(request, "faces/jobs/list.html", title="Jobs", listing=rows)


@page("faces.view_job")
def job_page(request: HttpRequest, key: UUID) -> HttpResponse:
    """Show one job: how far it is, and what it came to."""
    job = get_object_or_404(Job.objects.select_related("gallery", "created_by"), key=key)
    return render_page(request, "faces/jobs/detail.html", title="Jobs", heading=job.title, **_state_of(job))


@page("faces.view_job")
def progress(request: HttpRequest, key: UUID) -> HttpResponse:
    """Answer HTMX with the part of a page that shows a job's progress; it asks again until the job is finished."""
    job = get_object_or_404(Job.objects.select_related("gallery", "created_by"), key=key)
    return render(request, "faces/jobs/progress.html", _state_of(job))


def _state_of(job: Job) -> dict[str, Any]:
    counts = _photo_counts(job)
    return {
        "job": job,
        "counts": counts,
        "taken_in": counted_words(job.result) if job.follows_photos else [],
        "can_retry": job.is_finished and _has_more_to_do(job),
        "outcome": _outcome_of(job),
    }


def _outcome_of(job: Job) -> str:
    """Return the address where what a job came to is shown; empty where there is none."""
    page_name, name = settings.JOB_PAGES.get(job.kind, ("", ""))
    return reverse(page_name, args=[job.result[name]]) if name in job.result else ""


def _has_more_to_do(job: Job) -> bool:
    if not job.follows_photos:
        return job.state != Job.State.SUCCEEDED
    return Photo.objects.filter(job=job).to_try_again().exists()


def _photo_counts(job: Job) -> Sequence[PhotoCount]:
    rows = Photo.objects.filter(job=job).order_by().values("state", "reason").annotate(number=Count("id"))
    return [
        PhotoCount(row["state"], row["reason"], row["number"]) for row in rows.order_by("-number", "state", "reason")
    ]


@page("faces.change_job", methods=("POST",))
def cancel(request: HttpRequest, key: UUID) -> HttpResponse:
    """Stop a job; what is being worked on is finished."""
    cancel_job(job=get_object_or_404(Job, key=key))
    messages.info(request, "The job is cancelled. What a worker has begun is finished; the rest is set aside.")
    return back(request, "pages:jobs")


@page("faces.change_job", methods=("POST",))
def retry(request: HttpRequest, key: UUID) -> HttpResponse:
    """Send a job, or its failed and set-aside photos, to the workers again."""
    job = get_object_or_404(Job, key=key)
    photos = try_again(job)
    what = {0: "The job goes", 1: "One photo goes"}.get(photos, f"{photos} photos go")
    messages.success(request, f"{what} to a worker again.")
    return redirect("pages:job", job.key)
