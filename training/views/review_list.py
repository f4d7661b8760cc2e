"""Questions: is the gallery right about who somebody is?"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from faces.models import Gallery, Job
from faces.views.page import gallery_in_use, page, remember_gallery, render_page
from faces.views.paging import listing
from training.models import ReviewItem
from training.querysets import ReviewItemQuerySet
from training.views.forms.review import ReviewFilterForm
from training.views.review_cards import answer_words, question_of
from training.views.review_changes import CHANGES

PER_PAGE = 24
GALLERIES = Gallery.objects.select_related("encoder_version")
LONGEST_ID = 18


@dataclass(frozen=True)
class Progress:
    """How many questions there are, and how many have an answer."""

    answered: int
    waiting: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.answered + self.waiting

    @property
    def percent(self) -> int:
        """How many have an answer, of 100."""
        return round(100 * self.answered / self.total) if self.total else 0


@page("training.view_reviewitem", "faces.view_person")
def questions(request: HttpRequest, gallery_id: int | None = None) -> HttpResponse:
    """Show one question large, and the other open ones; or those that were answered."""
    form = ReviewFilterForm(request.GET)
    form.is_valid()
    gallery = _gallery(request, form) if gallery_id is None else get_object_or_404(GALLERIES, pk=gallery_id)
    if gallery is None:
        return render_page(request, "training/review/list.html", title="Questions", gallery=None)
    remember_gallery(request, gallery)
    kind, show = form.cleaned_data.get("kind", ""), form.cleaned_data.get("show", "")
    rows = ReviewItem.objects.of(gallery)
    rows = rows.filter(kind=kind) if kind else rows
    job = Job.objects.filter(gallery=gallery, kind=Job.Kind.NAMES).order_by("-id").first()
    shown = _answered(request, rows) if show == ReviewFilterForm.ANSWERED else _waiting(request, rows)
    return render_page(
        request,
        "training/review/list.html",
        title="Questions",
        form=ReviewFilterForm(initial={"gallery": gallery.pk, "kind": kind, "show": show}),
        gallery=gallery,
        several_galleries=Gallery.objects.count() > 1,
        kind=kind,
        query=urlencode({"gallery": gallery.pk, "kind": kind}),
        progress=Progress(rows.answered().count(), rows.waiting().count()),
        job=job,
        job_is_under_way=job is not None and not job.is_finished,
        may_answer=request.user.has_perms(CHANGES),
        just_answered=_just_answered(request, gallery),
        **shown,
    )


def _gallery(request: HttpRequest, form: ReviewFilterForm) -> Gallery | None:
    chosen = form.cleaned_data.get("gallery")
    number = str(chosen.pk if chosen is not None else gallery_in_use(request) or "")
    found = GALLERIES.filter(pk=int(number)).first() if _is_id(number) else None
    return found or GALLERIES.first()


def _is_id(text: str) -> bool:
    return text.isdecimal() and len(text) <= LONGEST_ID


def _waiting(request: HttpRequest, rows: ReviewItemQuerySet[ReviewItem]) -> dict[str, Any]:
    waiting = rows.waiting().with_everything().order_by("by_chance", "id")
    item = _chosen(request, waiting) or waiting.first()
    if item is None:
        return {"question": None}
    before = Q(by_chance__lt=item.by_chance) | Q(by_chance=item.by_chance, pk__lt=item.pk)
    others = rows.waiting().exclude(pk=item.pk)
    return {
        "question": question_of(item),
        "earlier": others.filter(before).order_by("-by_chance", "-id").first(),
        "later": others.exclude(before).order_by("by_chance", "id").first(),
        "listing": listing(request, waiting, per_page=PER_PAGE),
    }


def _chosen(request: HttpRequest, waiting: ReviewItemQuerySet[ReviewItem]) -> ReviewItem | None:
    number = request.GET.get("item", "")
    return waiting.filter(pk=int(number)).first() if _is_id(number) else None


def _answered(request: HttpRequest, rows: ReviewItemQuerySet[ReviewItem]) -> dict[str, Any]:
    found = listing(request, rows.answered().with_everything().order_by("-decided_at", "-id"), per_page=PER_PAGE)
    return {"shows_answered": True, "listing": found, "answered": [(item, answer_words(item)) for item in found.rows]}


def _just_answered(request: HttpRequest, gallery: Gallery) -> tuple[ReviewItem, str] | None:
    number = request.GET.get("answered", "")
    rows = ReviewItem.objects.of(gallery).answered().select_related("first_person", "second_person")
    item = rows.filter(pk=int(number)).first() if _is_id(number) else None
    return None if item is None else (item, answer_words(item))


@page("training.view_reviewitem")
def progress(request: HttpRequest, gallery_id: int) -> HttpResponse:
    """Answer HTMX with how far the check of names is; has the whole page loaded again when it is over."""
    gallery = get_object_or_404(Gallery, pk=gallery_id)
    job = Job.objects.filter(gallery=gallery, kind=Job.Kind.NAMES).order_by("-id").first()
    if job is None or job.is_finished:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "training/review/progress.html", {"job": job})
