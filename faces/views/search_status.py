"""Search: how each gallery is searched, how much an index misses, how long it takes, and what follows from it."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import filesizeformat

from faces.exceptions import InvalidRequestError
from faces.models import Gallery
from faces.services.indexing import request_index
from faces.services.recall import GOALS, set_recall_goal
from faces.services.search_status import SearchStatus, search_status, search_statuses
from faces.tasks import send_jobs
from faces.views.forms.search_status import GoalForm
from faces.views.page import back, page, render_page, signed_in
from faces.views.paging import listing
from faces.views.recall_words import RecallBar, Verdict, percent, recall_bar, recall_sentence, verdict

PER_PAGE = 20


@dataclass(frozen=True)
class StatusCard:
    """One gallery on the page."""

    status: SearchStatus
    form: GoalForm

    @property
    def how(self) -> str:
        """How it is searched, in a sentence."""
        return how_it_is_searched(self.status)

    @property
    def bar(self) -> RecallBar | None:
        """Recall as a picture."""
        return recall_bar(self.status.recall.share, self.status.plan.recall_goal)

    @property
    def verdict(self) -> Verdict:
        """What the recall means for the goal."""
        return verdict(self.status.recall, self.status.plan.recall_goal)

    @property
    def recall(self) -> str:
        """Recall in a sentence."""
        return recall_sentence(self.status.recall)

    @property
    def goal(self) -> str:
        """The goal, as percent."""
        return percent(self.status.plan.recall_goal)

    @property
    def bar_start(self) -> str:
        """Where the picture begins, as percent."""
        return percent(self.bar.start) if self.bar is not None else ""

    @property
    def size(self) -> str:
        """Of the index, in words."""
        return filesizeformat(self.status.counts.index_bytes)

    @property
    def was_raised(self) -> bool:
        """Whether searches look through more lists of the present index than when it was built."""
        plan = self.status.plan
        return plan.raised_at is not None and (plan.index_built_at is None or plan.raised_at >= plan.index_built_at)


def how_it_is_searched(status: SearchStatus) -> str:
    """Say how a gallery is searched, in a sentence."""
    people = _people(status.counts.people)
    if status.counts.people == 0:
        return "There is nobody to be found yet."
    if not status.is_exact:
        beside = f", and {_people(status.counts.tail)} beside it exactly" if status.counts.tail else ""
        return f"Through an index of {_people(status.counts.people - status.counts.tail)}{beside}."
    return f"Each face is compared with all {people}. Nobody is missed."


def search_line(status: SearchStatus) -> str:
    """Say in a few words how a gallery is searched and what is known of its recall."""
    if status.is_exact:
        return f"Exact scan of {_people(status.counts.people)}"
    value = status.recall.share.value
    return f"Index; recall {percent(value)}" if value is not None else "Index; recall not measured yet"


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count:,} people"


def _card(status: SearchStatus) -> StatusCard:
    return StatusCard(status, GoalForm(initial={"goal": f"{status.plan.recall_goal:g}"}))


@page("faces.view_gallery")
def search_list(request: HttpRequest) -> HttpResponse:
    """Show all galleries, how each is searched and how well that works."""
    galleries = listing(request, Gallery.objects.select_related("encoder_version"), per_page=PER_PAGE)
    cards = [_card(status) for status in search_statuses(list(galleries.rows))]
    return render_page(request, "faces/search/list.html", title="Search", cards=cards, listing=galleries)


@page("faces.view_gallery")
def search_card(request: HttpRequest, gallery_id: int) -> HttpResponse:
    """Answer HTMX with one gallery's card; it asks again as long as an index is being built."""
    gallery = get_object_or_404(Gallery.objects.select_related("encoder_version"), pk=gallery_id)
    return render(request, "faces/search/card.html", {"card": _card(search_status(gallery))})


@page("faces.change_gallery", methods=("POST",))
def set_goal(request: HttpRequest, gallery_id: int) -> HttpResponse:
    """Set what share of a gallery's answers must be the exact ones."""
    gallery = get_object_or_404(Gallery.objects.select_related("encoder_version"), pk=gallery_id)
    form = GoalForm(request.POST)
    if not form.is_valid():
        raise InvalidRequestError(f"Choose one of {', '.join(percent(goal) for goal in GOALS)} as the goal.")
    plan = set_recall_goal(gallery=gallery, goal=float(form.cleaned_data["goal"]))
    messages.success(request, f"The goal for “{gallery.name}” is {percent(plan.recall_goal)} now.")
    return redirect("pages:search-status")


@page("faces.change_gallery", methods=("POST",))
def rebuild(request: HttpRequest, gallery_id: int) -> HttpResponse:
    """Have a gallery's index built anew."""
    gallery = get_object_or_404(Gallery.objects.select_related("encoder_version"), pk=gallery_id)
    request_index(gallery=gallery, user=signed_in(request))
    send_jobs()
    messages.success(request, "A worker builds the index. Searches go on meanwhile, and use it when it is there.")
    return back(request, "pages:search-status")
