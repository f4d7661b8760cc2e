"""One tau: what it stands for, what another one would, choosing it by hand or by an error rate."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from faces.exceptions import FacetError, InvalidRequestError
from faces.models import EncoderVersion, Gallery, Job, Threshold
from faces.services.thresholds import MAX_DISTANCE, set_tau
from faces.views.page import page, render_page, signed_in
from faces.views.paging import listing
from training.exceptions import NotMeasuredError, TooFewPeopleError
from training.services.confused_people import confused_people
from training.services.growth import Growth, growth_of
from training.services.measured import Measured, figures_at, newest_measured, people_in
from training.services.report_words import one_in
from training.services.tau_choices import FALSE_RATE, choose_tau, save_by_hand, save_choice
from training.views.forms.thresholds import BY_HAND, ONE_IN, HoldForm, TauForm
from training.views.rate_cards import SHOWN, rate_cards
from training.views.tau_chart import chart_data
from training.views.thresholds import Decision, address_of, decision_of, newest_by_scope

HISTORY_PER_PAGE = 20
PAIRS_SHOWN = 12


@page("faces.view_threshold", methods=("GET", "POST"))
def threshold_page(request: HttpRequest, version_id: int, use: str, gallery_id: int | None = None) -> HttpResponse:
    """Show one tau with its history; POST sets another, or gives up a gallery's own (`general`)."""
    decision = _decision(version_id, use, gallery_id)
    may_change = request.user.has_perm("faces.add_threshold")
    is_sent = request.method == "POST" and "general" not in request.POST
    form = TauForm(request.POST if is_sent else None, initial={"how": BY_HAND, "tau": _tau_of(decision)})
    measured = _measured(decision)
    if request.method == "POST" and may_change:
        done = _set(request, decision, measured, form) if is_sent else _give_up(request, decision)
        if done:
            return redirect(decision.address)
    history = Threshold.objects.filter(
        encoder_version=decision.version, gallery=decision.gallery, use=decision.use
    ).select_related("set_by")
    growth = _growth(decision, measured)
    return render_page(
        request,
        "training/thresholds/detail.html",
        title="Thresholds",
        heading=f"{decision.use.label} · {decision.gallery.name if decision.gallery else 'all galleries'}",
        decision=decision,
        form=form if may_change else None,
        one_in_words=ONE_IN[decision.use],
        listing=listing(request, history, per_page=HISTORY_PER_PAGE),
        growth=growth,
        hold_form=_hold_form(growth) if may_change and growth is not None and growth.choice is not None else None,
        **(_rates(decision, measured) if measured is not None else _unmeasured(decision)),
    )


def _decision(version_id: int, use: str, gallery_id: int | None) -> Decision:
    if use not in Threshold.Use.values:
        raise Http404
    version = get_object_or_404(EncoderVersion, pk=version_id)
    gallery = get_object_or_404(Gallery, pk=gallery_id) if gallery_id is not None else None
    return decision_of(version, gallery, Threshold.Use(use), newest_by_scope())


def _tau_of(decision: Decision) -> float | None:
    return decision.row.tau if decision.row is not None else None


def _measured(decision: Decision) -> Measured | None:
    if decision.gallery is None:
        return None
    return newest_measured(gallery=decision.gallery, encoder_version=decision.version)


def _growth(decision: Decision, measured: Measured | None) -> Growth | None:
    if decision.row is None or decision.gallery is None or not decision.is_own:
        return None
    people = measured.size if measured is not None else people_in(decision.gallery, decision.version)
    return growth_of(decision.row, people=people, measured=measured)


def _hold_form(growth: Growth) -> HoldForm:
    return HoldForm(initial={"reason": f"The gallery has {growth.people:,} people now: {one_in(growth.asked)} again"})


def _rates(decision: Decision, measured: Measured) -> dict[str, Any]:
    """Return what the page tells of the tau in force, and what its script needs to tell of any other."""
    tau = _tau_of(decision)
    shown = figures_at(measured, tau if tau is not None else measured.figures.taus[0])
    main, beside = SHOWN[decision.use]
    return {
        "measured": measured,
        "main_rates": rate_cards(shown, main),
        "beside_rates": rate_cards(shown, beside),
        "chart": chart_data(measured, decision.use, tau),
    }


def _unmeasured(decision: Decision) -> dict[str, Any]:
    """Return what the page offers instead: a measurement, or the galleries that have one of their own."""
    if decision.gallery is not None:
        job = Job.objects.unfinished().filter(gallery=decision.gallery, kind=Job.Kind.EVALUATION).first()
        return {"measured": None, "job": job, "is_served": decision.gallery.encoder_version_id == decision.version.pk}
    served = Gallery.objects.filter(encoder_version=decision.version)
    addresses = [(gallery, address_of(decision.version.pk, decision.use, gallery.pk)) for gallery in served]
    return {"measured": None, "galleries": addresses}


def _set(request: HttpRequest, decision: Decision, measured: Measured | None, form: TauForm) -> bool:
    if not form.is_valid():
        return False
    values = form.cleaned_data
    try:
        row = _chosen(request, decision, measured, values) if form.is_by_rate else _by_hand(request, decision, values)
    except (NotMeasuredError, TooFewPeopleError) as error:
        form.refuse(error, "one_in")
        return False
    except FacetError as error:
        form.refuse(error)
        return False
    messages.success(request, f"tau is {row.tau:g} now. The very next request is decided by it.")
    return True


def _chosen(
    request: HttpRequest, decision: Decision, measured: Measured | None, values: Mapping[str, Any]
) -> Threshold:
    asked = {FALSE_RATE[decision.use].value: 1 / values["one_in"]}
    choice = choose_tau(measured, use=decision.use, **asked)
    row = save_choice(choice, reason=values["reason"], user=signed_in(request))
    if choice.warning:
        messages.warning(request, f"{choice.warning}.")
    return row


def _by_hand(request: HttpRequest, decision: Decision, values: Mapping[str, Any]) -> Threshold:
    return save_by_hand(
        gallery=decision.gallery,
        encoder_version=decision.version,
        use=decision.use,
        tau=values["tau"],
        reason=values["reason"],
        user=signed_in(request),
    )


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
def hold(request: HttpRequest, threshold_id: int) -> HttpResponse:
    """Set the tau that holds what an earlier one was asked for, with as many people as there are now."""
    rows = Threshold.objects.select_related("gallery", "encoder_version")
    earlier = get_object_or_404(rows, pk=threshold_id, gallery__isnull=False, error_rate__isnull=False)
    form = HoldForm(request.POST)
    if earlier.gallery is None or not form.is_valid():
        raise InvalidRequestError("Say in a few words why tau is changed; the history keeps it.")
    measured = newest_measured(gallery=earlier.gallery, encoder_version=earlier.encoder_version)
    choice = choose_tau(measured, use=Threshold.Use(earlier.use), **{earlier.error_rate_kind: earlier.error_rate})
    row = save_choice(choice, reason=form.cleaned_data["reason"], user=signed_in(request))
    messages.success(request, f"tau is {row.tau:g} now. The very next request is decided by it.")
    return redirect(address_of(row.encoder_version_id, row.use, row.gallery_id))


@page("faces.view_threshold", "faces.view_person")
def confused(request: HttpRequest, version_id: int, use: str, gallery_id: int) -> HttpResponse:
    """Answer the page's script with the nearest pairs of people who are confused within `?tau=`."""
    gallery = get_object_or_404(Gallery, pk=gallery_id)
    version = get_object_or_404(EncoderVersion, pk=version_id)
    if use not in Threshold.Use.values:
        raise Http404
    tau = _asked_tau(request)
    measured = newest_measured(gallery=gallery, encoder_version=version)
    found = confused_people(measured, tau=tau, limit=PAIRS_SHOWN) if measured is not None else None
    return render(request, "training/thresholds/confused.html", {"found": found, "tau": tau})


def _asked_tau(request: HttpRequest) -> float:
    try:
        tau = float(request.GET.get("tau", ""))
    except ValueError:
        tau = -1.0
    if not 0 <= tau <= MAX_DISTANCE:
        raise InvalidRequestError("Give a tau from 0 to 4, such as ?tau=0.12.")
    return tau
