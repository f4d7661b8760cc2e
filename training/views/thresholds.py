"""Thresholds: which tau decides where, what it stands for, whether that still holds; earlier ones restored."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse

from faces.models import EncoderVersion, Gallery, Threshold
from faces.services.thresholds import newest_thresholds, restore_tau
from faces.views.page import page, render_page, signed_in
from faces.views.scale import Scale, scale
from training.services.growth import Growth, growths

Newest = dict[tuple[int, int | None, str], Threshold]


@dataclass(frozen=True)
class Decision:
    """The tau that decides for one scope and use; `row` is None where nothing was ever set."""

    version: EncoderVersion
    gallery: Gallery | None
    use: Threshold.Use
    row: Threshold | None
    is_own: bool
    growth: Growth | None = None

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
        return reverse("training:threshold", args=[version_id, use])
    return reverse("training:threshold-gallery", args=[version_id, use, gallery_id])


def newest_by_scope() -> Newest:
    """Return the newest row of each encoder version, gallery (or all) and use."""
    return {(row.encoder_version_id, row.gallery_id, row.use): row for row in newest_thresholds()}


def decision_of(version: EncoderVersion, gallery: Gallery | None, use: Threshold.Use, newest: Newest) -> Decision:
    """Return what decides: a gallery's own tau, unless it was given up, else that for all galleries."""
    own = newest.get((version.pk, gallery.pk if gallery else None, use))
    if own is not None and own.tau is not None:
        return Decision(version, gallery, use, own, is_own=True)
    return Decision(version, gallery, use, newest.get((version.pk, None, use)), is_own=False)


@page("faces.view_threshold")
def threshold_list(request: HttpRequest) -> HttpResponse:
    """Show the tau in force for every gallery and use, and for all galleries that have none of their own."""
    newest = newest_by_scope()
    galleries = list(Gallery.objects.select_related("encoder_version"))
    serving = {gallery.pk: gallery.encoder_version_id for gallery in galleries}
    grown = growths(row for row in newest.values() if serving.get(row.gallery_id or 0) == row.encoder_version_id)
    versions = [
        version
        for version in EncoderVersion.objects.all()
        if version.pk in serving.values() or version.state == EncoderVersion.State.AVAILABLE
    ]
    return render_page(
        request,
        "training/thresholds/list.html",
        title="Thresholds",
        versions=[(version, _scopes(version, galleries, newest, grown)) for version in versions],
    )


def _scopes(version: EncoderVersion, galleries: list[Gallery], newest: Newest, grown: dict[int, Growth]) -> list[Scope]:
    scopes = [None, *(gallery for gallery in galleries if gallery.encoder_version_id == version.pk)]
    return [
        Scope(gallery, tuple(_with_growth(decision_of(version, gallery, use, newest), grown) for use in Threshold.Use))
        for gallery in scopes
    ]


def _with_growth(decision: Decision, grown: dict[int, Growth]) -> Decision:
    if decision.row is None or decision.row.pk not in grown:
        return decision
    return Decision(
        decision.version, decision.gallery, decision.use, decision.row, decision.is_own, grown[decision.row.pk]
    )


@page("faces.add_threshold", methods=("POST",))
def restore(request: HttpRequest, threshold_id: int) -> HttpResponse:
    """Put an earlier tau in force again."""
    earlier = get_object_or_404(Threshold, pk=threshold_id)
    row = restore_tau(threshold=earlier, user=signed_in(request))
    value = "The value for all galleries applies" if row.tau is None else f"tau is {row.tau:g}"
    messages.success(request, f"{value} again.")
    return redirect(address_of(row.encoder_version_id, row.use, row.gallery_id))
