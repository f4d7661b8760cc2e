"""Why verification must be better than 99.9 % to recognize among many: one gallery's FPIR by the number of people."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from faces.models import EncoderVersion, Gallery, Job, Threshold
from faces.services.thresholds import TauInForce, tau_or_none
from faces.views.page import page, render_page
from training.services.larger_galleries import LARGER, AtPeople, chart_of, with_people
from training.services.measured import Measured, figures_at, newest_measured
from training.views.forms.growth import RATES, PeopleForm
from training.views.rate_cards import RateCard, rate_cards

ASKED = 100
"""Where nothing was asked for: at most one stranger in so many."""

EXAMPLES = (10, 100, 1_000, 10_000, 100_000, 1_000_000)
ACCURACIES = (0.99, 0.999, 0.9999, 0.99999, 0.999999)


@dataclass(frozen=True)
class FactoryFigure:
    """FPIR of the factory's tau of recognition among so many people of Labeled Faces in the Wild, counted."""

    people: int
    fpir: float


FACTORY_FIGURES = (
    FactoryFigure(10, 0.0010),
    FactoryFigure(100, 0.0095),
    FactoryFigure(1_000, 0.068),
    FactoryFigure(4_000, 0.173),
)
"""`python -m benchmarks.calibration --photos lfw`, the table of the tau that is kept while the gallery grows."""


@dataclass(frozen=True)
class InWords:
    """What happens with so many people at the tau of one use."""

    use: Threshold.Use
    tau: float
    card: RateCard


@page("faces.view_threshold")
def growth_page(request: HttpRequest, version_id: int, gallery_id: int) -> HttpResponse:
    """Show how FMR becomes FPIR as the gallery grows; `?people=` and `?one_in=` ask for a number and a rate."""
    version = get_object_or_404(EncoderVersion, pk=version_id)
    gallery = get_object_or_404(Gallery, pk=gallery_id)
    in_force = _in_force(gallery, version)
    measured = newest_measured(gallery=gallery, encoder_version=version)
    taus = {use.value: found.tau for use, found in in_force.items()}
    about = _measured(request, measured, in_force, taus) if measured is not None else _unmeasured(gallery, version)
    return render_page(
        request,
        "training/growth.html",
        title="Thresholds",
        heading="Why verification must be better than 99.9 % to recognize among many",
        gallery=gallery,
        version=version,
        taus=taus,
        examples=[(people, [1 - accuracy**people for accuracy in ACCURACIES]) for people in EXAMPLES],
        accuracies=ACCURACIES,
        **about,
    )


def _in_force(gallery: Gallery, version: EncoderVersion) -> dict[Threshold.Use, TauInForce]:
    found = {
        use: tau_or_none(gallery=gallery, encoder_version=version, use=use)
        for use in (Threshold.Use.RECOGNITION, Threshold.Use.VERIFICATION)
    }
    return {use: tau for use, tau in found.items() if tau is not None}


def _measured(
    request: HttpRequest,
    measured: Measured,
    in_force: Mapping[Threshold.Use, TauInForce],
    taus: Mapping[str, float],
) -> dict[str, Any]:
    asked = _asked(in_force)
    initial = {"people": 10 * measured.size, "one_in": asked}
    form = PeopleForm(request.GET if "people" in request.GET else None, initial=initial)
    values = form.cleaned_data if form.is_bound and form.is_valid() else initial
    rate = 1 / values["one_in"]
    figures = measured.figures
    sizes = [times * measured.size for times in LARGER]
    return {
        "measured": measured,
        "form": form,
        "one_in": values["one_in"],
        "answer": None if form.errors else _answer(measured, values["people"], taus, rate),
        "rows": [with_people(figures, size, taus=taus, asked=rate) for size in sizes],
        "verification": _verification(measured, taus),
        "chart": chart_of(figures, taus, now=measured.size) if taus else None,
    }


def _asked(in_force: Mapping[Threshold.Use, TauInForce]) -> int:
    """Return one in how many strangers the gallery's tau was asked for, as far as the form offers it."""
    row = in_force[Threshold.Use.RECOGNITION].threshold if Threshold.Use.RECOGNITION in in_force else None
    if row is None or row.error_rate_kind != Threshold.ErrorRate.FPIR or not row.error_rate:
        return ASKED
    return min(RATES, key=lambda rate: abs(rate - 1 / (row.error_rate or 1)))


def _answer(measured: Measured, people: int, taus: Mapping[str, float], asked: float) -> dict[str, Any]:
    found: AtPeople = with_people(measured.figures, people, taus=taus, asked=asked)
    return {
        "found": found,
        "uses": [
            InWords(Threshold.Use(use), taus[use], rate_cards({"fpir": rate}, ("fpir",))[0])
            for use, rate in found.fpir.items()
        ],
        "missed": rate_cards({"fnir": found.needed_fnir}, ("fnir",))[0] if found.needed_fnir is not None else None,
    }


def _verification(measured: Measured, taus: Mapping[str, float]) -> dict[str, Any] | None:
    """Return how good verification is at its tau, and what that very tau does to recognition in this gallery."""
    use = Threshold.Use.VERIFICATION.value
    if use not in taus:
        return None
    figures = measured.figures
    among = with_people(figures, measured.size, taus={use: taus[use]}, asked=1.0).fpir[use]
    fmr = figures_at(measured, taus[use])["fmr"]
    if fmr.value is None or among.value is None:
        return None
    formula = 1 - (1 - fmr.value) ** measured.size
    return {"tau": taus[use], "fmr": fmr, "right": 1 - fmr.value, "fpir": among, "formula": formula}


def _unmeasured(gallery: Gallery, version: EncoderVersion) -> dict[str, Any]:
    """Return what is shown instead: figures of other photos, and a measurement."""
    job = Job.objects.unfinished().filter(gallery=gallery, kind=Job.Kind.EVALUATION).first()
    is_served = gallery.encoder_version_id == version.pk
    return {"measured": None, "job": job, "is_served": is_served, "factory": FACTORY_FIGURES}
