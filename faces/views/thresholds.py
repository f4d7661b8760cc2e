"""Thresholds: which tau decides where, what it stands for, how it came about, and setting another."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse

from faces.exceptions import FacetError
from faces.models import EncoderVersion, Gallery, Threshold
from faces.services.thresholds import newest_thresholds, restore_tau, set_tau
from faces.views.forms.thresholds import TauForm
from faces.views.page import page, render_page, signed_in
from faces.views.paging import listing
from faces.views.scale import Scale, scale

HISTORY_PER_PAGE = 20


@dataclass(frozen=True)
class Decision:
    """The tau that decides for one scope and use; `row` is None where nothing was ever set."""

    version: EncoderVersion
    gallery: Gallery | None
    use: Threshold.Use
    row: Threshold | None
    is_own: bool

    @property
    def address(self) -> str:
        """The page on which it is changed."""
        return address_of(self.version.pk, self.use, self.gallery.pk if self.gallery else None)

    @property
    def scale(self) -> Scale | None:
        """It as a picture."""
        return scale(self.row.tau) if self.row is not None and self.row.tau is not None else None


@dataclass(frozen=True)
class Scope:
    """All galleries of an encoder version (`gallery` None), or one of them, with both decisions."""

    gallery: Gallery | None
    decisions: tuple[Decision, ...]


def address_of(version_id: int, use: str, gallery_id: int | None) -> str:
    """Return the address of the page of one tau."""
    if gallery_id is None:
        return reverse("pages:threshold", args=[version_id, use])
    return reverse("pages:threshold-gallery", args=[version_id, use, gallery_id])


@page("faces.view_threshold")
def threshold_list(request: HttpRequest) -> HttpResponse:
    """Show the tau in force for every gallery and use, and for all galleries that have none of their own."""
    newest = {(row.encoder_version_id, row.gallery_id, row.use): row for row in newest_thresholds()}
    galleries = list(Gallery.objects.select_related("encoder_version"))
    used = {gallery.encoder_version_id for gallery in galleries}
    versions = [
        version
        for version in EncoderVersion.objects.all()
        if version.pk in used or version.state == EncoderVersion.State.AVAILABLE
    ]
    return render_page(
        request,
        "faces/thresholds/list.html",
        title="Thresholds",
        versions=[(version, _scopes(version, galleries, newest)) for version in versions],
    )


Newest = dict[tuple[int, int | None, str], Threshold]


def _scopes(version: EncoderVersion, galleries: list[Gallery], newest: Newest) -> list[Scope]:
    scopes = [None, *(gallery for gallery in galleries if gallery.encoder_version_id == version.pk)]
    return [
        Scope(gallery, tuple(_decision(version, gallery, use, newest) for use in Threshold.Use)) for gallery in scopes
    ]


def _decision(version: EncoderVersion, gallery: Gallery | None, use: Threshold.Use, newest: Newest) -> Decision:
    own = newest.get((version.pk, gallery.pk if gallery else None, use))
    if own is not None and own.tau is not None:
        return Decision(version, gallery, use, own, is_own=True)
    return Decision(version, gallery, use, newest.get((version.pk, None, use)), is_own=False)


@page("faces.view_threshold", methods=("GET", "POST"))
def threshold_page(request: HttpRequest, version_id: int, use: str, gallery_id: int | None = None) -> HttpResponse:
    """Show one tau with its history; POST sets another, or gives up a gallery's own (`general`)."""
    if use not in Threshold.Use.values:
        raise Http404
    version = get_object_or_404(EncoderVersion, pk=version_id)
    gallery = get_object_or_404(Gallery, pk=gallery_id) if gallery_id is not None else None
    newest = {(row.encoder_version_id, row.gallery_id, row.use): row for row in newest_thresholds()}
    decision = _decision(version, gallery, Threshold.Use(use), newest)
    may_change = request.user.has_perm("faces.add_threshold")
    form = TauForm(request.POST if request.method == "POST" and "general" not in request.POST else None)
    if request.method == "POST" and may_change:
        done = _give_up(request, decision) if "general" in request.POST else _set(request, decision, form)
        if done:
            return redirect(decision.address)
    history = Threshold.objects.filter(encoder_version=version, gallery=gallery, use=use).select_related("set_by")
    return render_page(
        request,
        "faces/thresholds/detail.html",
        title="Thresholds",
        heading=f"{decision.use.label} · {gallery.name if gallery else 'all galleries'}",
        decision=decision,
        form=form if may_change else None,
        listing=listing(request, history, per_page=HISTORY_PER_PAGE),
    )


def _set(request: HttpRequest, decision: Decision, form: TauForm) -> bool:
    if not form.is_valid():
        return False
    try:
        row = set_tau(
            gallery=decision.gallery,
            encoder_version=decision.version,
            use=decision.use,
            tau=form.cleaned_data["tau"],
            reason=form.cleaned_data["reason"],
            user=signed_in(request),
        )
    except FacetError as error:
        form.refuse(error)
        return False
    messages.success(request, f"tau is {row.tau:g} now. The very next request is decided by it.")
    return True


def _give_up(request: HttpRequest, decision: Decision) -> bool:
    set_tau(
        gallery=decision.gallery,
        encoder_version=decision.version,
        use=decision.use,
        tau=None,
        reason="Back to the value for all galleries",
        user=signed_in(request),
    )
    messages.success(request, "The value for all galleries applies again.")
    return True


@page("faces.add_threshold", methods=("POST",))
def restore(request: HttpRequest, threshold_id: int) -> HttpResponse:
    """Put an earlier tau in force again."""
    earlier = get_object_or_404(Threshold, pk=threshold_id)
    row = restore_tau(threshold=earlier, user=signed_in(request))
    value = "The value for all galleries applies" if row.tau is None else f"tau is {row.tau:g}"
    messages.success(request, f"{value} again.")
    return redirect(address_of(row.encoder_version_id, row.use, row.gallery_id))
