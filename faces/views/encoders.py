"""Encoder versions: what they are, what their licences allow, which galleries they serve; making one available."""

import json
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse

from encoder.spec import DETECTOR_FILES, DETECTOR_LICENCE, DETECTOR_SOURCE
from faces.exceptions import FacetError
from faces.models import EncoderVersion, Threshold
from faces.services.encoders import make_available
from faces.services.licences import LicenceTerms, terms_of
from faces.services.thresholds import TauInForce, tau_or_none
from faces.views.forms.encoders import AvailableForm
from faces.views.page import page, render_page, signed_in

BADGES: dict[str, str] = {
    EncoderVersion.State.CANDIDATE: "busy",
    EncoderVersion.State.AVAILABLE: "good",
    EncoderVersion.State.RETIRED: "",
}


@dataclass(frozen=True)
class VersionCard:
    """An encoder version as it stands in the list: with its state's kind of badge, and what its licence allows."""

    version: EncoderVersion
    badge: str
    terms: LicenceTerms

    @property
    def spec(self) -> str:
        """Everything that decides the version's output, as text."""
        return json.dumps(self.version.spec, indent=2, ensure_ascii=False)


def card_of(version: EncoderVersion) -> VersionCard:
    """Return a version with what is said of it; its galleries should be prefetched."""
    return VersionCard(version, BADGES[version.state], terms_of(version.licence))


def _versions() -> QuerySet[EncoderVersion]:
    return EncoderVersion.objects.select_related("parent").prefetch_related("galleries")


@page("faces.view_encoderversion")
def version_list(request: HttpRequest) -> HttpResponse:
    """Show all versions with their licences and the galleries that they serve, and the detector before them."""
    cards = [card_of(version) for version in _versions()]
    return render_page(
        request,
        "faces/encoders/list.html",
        title="Encoder versions",
        cards=cards,
        detector={
            "source": DETECTOR_SOURCE,
            "digests": [(Path(file.path).name, file.sha256) for file in DETECTOR_FILES],
            "licence": DETECTOR_LICENCE,
            "terms": terms_of(DETECTOR_LICENCE),
        },
    )


@page("faces.view_encoderversion", methods=("GET", "POST"))
def version_page(request: HttpRequest, version_id: int) -> HttpResponse:
    """Show all of one version; POST makes a candidate available, with its taus."""
    version = get_object_or_404(_versions(), pk=version_id)
    may_change = request.user.has_perms(("faces.change_encoderversion", "faces.add_threshold"))
    form = AvailableForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and may_change and _make_available(request, version, form):
        return redirect("pages:encoder-version", version.pk)
    is_candidate = version.state == EncoderVersion.State.CANDIDATE
    return render_page(
        request,
        "faces/encoders/detail.html",
        title="Encoder versions",
        heading=version.name,
        card=card_of(version),
        taus=[(use, _tau(version, use)) for use in Threshold.Use],
        form=form if may_change and is_candidate else None,
        is_candidate=is_candidate,
        more=[
            (words, reverse(name, args=[version.pk]))
            for words, name, permissions in settings.ENCODER_PAGES
            if request.user.has_perms(permissions)
        ],
    )


def _tau(version: EncoderVersion, use: Threshold.Use) -> TauInForce | None:
    return tau_or_none(gallery=None, encoder_version=version, use=use)


def _make_available(request: HttpRequest, version: EncoderVersion, form: AvailableForm) -> bool:
    if not form.is_valid():
        return False
    try:
        make_available(version=version, taus=form.taus, reason=form.cleaned_data["reason"], user=signed_in(request))
    except FacetError as error:
        form.refuse(error)
        return False
    messages.success(request, f"Encoder version “{version.name}” is available. A new gallery can be served by it.")
    return True
