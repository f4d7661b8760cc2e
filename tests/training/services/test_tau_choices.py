"""A tau chosen by the error rate that a gallery can live with."""

from dataclasses import replace

import pytest

from faces.exceptions import InvalidRequestError
from faces.models import Gallery, Threshold
from faces.services.thresholds import restore_tau, tau_in_force
from tests import factories
from tests.training import measured as rows
from training.exceptions import NotMeasuredError, TooFewPeopleError, WrongRateError
from training.metrics.figures import Series, Verdict
from training.services.measured import Measured, figures_at, newest_measured
from training.services.shown_rates import smallest_shown
from training.services.tau_choices import Choice, choose_tau, save_by_hand, save_choice

pytestmark = pytest.mark.django_db

VERIFICATION, RECOGNITION = Threshold.Use.VERIFICATION, Threshold.Use.RECOGNITION


@pytest.fixture
def gallery() -> Gallery:
    """One that was measured."""
    made = factories.gallery(name="Staff")
    rows.report(gallery=made)
    return made


def measured(gallery: Gallery) -> Measured:
    found = newest_measured(gallery=gallery, encoder_version=gallery.encoder_version)
    assert found is not None
    return found


def with_fpir(gallery: Gallery, taus: list[float], fpir: Series) -> Measured:
    """What was measured, with another FPIR: one that a test can see through."""
    before = measured(gallery)
    flat = Series([0.1] * len(taus), [0.0] * len(taus), [0.3] * len(taus), [40] * len(taus), 100.0)
    recognition = replace(before.figures.recognition, fpir=fpir, fnir=flat, sizes=[])
    verification = replace(before.figures.person, fmr=flat, fnmr=flat)
    figures = replace(before.figures, taus=taus, recognition=recognition, person=verification, photo=verification)
    return replace(before, figures=figures, size=recognition.size)


def choose(seen: Measured, fpir: float) -> Choice:
    return choose_tau(seen, use=RECOGNITION, fpir=fpir)


STEPS = Series(
    value=[0.0, 0.002, 0.01, 0.05],
    low=[0.0, 0.001, 0.006, 0.04],
    high=[0.003, 0.006, 0.016, 0.06],
    people=[0, 2, 31, 90],
    trials=1000.0,
)
TAUS = [0.05, 0.1, 0.2, 0.3]


@pytest.mark.parametrize(
    ("asked", "tau", "verdict"),
    [
        (0.05, 0.3, Verdict.MEASURED),
        (0.049, 0.2, Verdict.MEASURED),
        (0.01, 0.2, Verdict.MEASURED),
        (0.0099, 0.1, Verdict.TOO_FEW),
        (0.002, 0.1, Verdict.TOO_FEW),
        (0.9, 0.3, Verdict.MEASURED),
    ],
)
def test_the_loosest_tau_that_holds_the_rate_is_chosen(
    gallery: Gallery, asked: float, tau: float, verdict: Verdict
) -> None:
    choice = choose(with_fpir(gallery, TAUS, STEPS), asked)
    assert (choice.tau, choice.verdict) == (tau, verdict)
    assert choice.rates["fpir"].value == STEPS.value[TAUS.index(tau)]


def test_where_fewer_than_thirty_people_had_errors_the_choice_says_so(gallery: Gallery) -> None:
    seen = with_fpir(gallery, TAUS, STEPS)
    assert choose(seen, 0.01).warning == ""
    assert choose(seen, 0.005).warning.startswith("Rough: errors of only 2 people were seen, 30 are enough")
    assert "1 in 167" in choose(seen, 0.005).warning


def test_a_rate_below_what_seeing_no_error_shows_is_refused_and_the_smallest_is_named(gallery: Gallery) -> None:
    seen = with_fpir(gallery, TAUS, STEPS)
    with pytest.raises(
        TooFewPeopleError, match=r"At most 1 in 1,000 strangers .* they can show is 1 in 500: ask"
    ) as told:
        choose(seen, 0.001)
    assert told.value.params["smallest"] == 0.002
    assert choose(seen, 1 / 500).tau == 0.1


def test_seeing_no_error_shows_a_rate_by_the_rule_of_three(gallery: Gallery) -> None:
    jump = Series([0.0, 0.5], [0.0, 0.4], [0.003, 0.6], [0, 60], 1000.0)
    choice = choose(with_fpir(gallery, [0.1, 0.2], jump), 0.003)
    assert (choice.tau, choice.verdict) == (0.1, Verdict.NONE_SEEN)
    assert choice.warning == "No error was seen, which shows no less than 1 in 333"
    with pytest.raises(TooFewPeopleError, match="1 in 333"):
        choose(with_fpir(gallery, [0.1, 0.2], jump), 0.0029)


def test_a_rate_that_may_as_well_be_ten_times_as_much_is_not_shown(gallery: Gallery) -> None:
    vague = Series([0.0, 0.01, 0.2], [0.0, 0.001, 0.1], [0.3, 0.5, 0.6], [0, 1, 12], 100.0)
    seen = with_fpir(gallery, [0.1, 0.2, 0.3], vague)
    for asked in (0.01, 0.049):
        with pytest.raises(TooFewPeopleError, match="1 in 20: ask"):
            choose(seen, asked)
    assert choose(seen, 1 / 20).tau == 0.2
    assert choose(seen, 0.2).tau == 0.3


def test_so_few_people_that_nothing_can_be_shown_are_told_so(gallery: Gallery) -> None:
    nothing = Series([0.0, 1.0], [0.0, 0.2], [1.0, 1.0], [0, 2], 2.0)
    with pytest.raises(TooFewPeopleError, match="can show no rate at all; set tau by hand"):
        choose(with_fpir(gallery, [0.1, 0.2], nothing), 0.3)


def test_the_smallest_rate_that_is_named_can_be_asked_for(gallery: Gallery) -> None:
    seen = measured(gallery)
    for use, name, series in ((RECOGNITION, "fpir", seen.fpir), (VERIFICATION, "fmr", seen.figures.person.fmr)):
        least = smallest_shown(series)
        choice = choose_tau(seen, use=use, **{name: least})
        assert choice.rates[name].value is not None
        with pytest.raises(TooFewPeopleError):
            choose_tau(seen, use=use, **{name: least / 2})


@pytest.mark.parametrize("asked", [0.3, 0.1, 0.05, 0.02])
@pytest.mark.parametrize(("use", "name"), [(RECOGNITION, "fpir"), (VERIFICATION, "fmr")])
def test_of_a_measured_gallery_no_looser_tau_holds_the_rate(
    gallery: Gallery, asked: float, use: Threshold.Use, name: str
) -> None:
    seen = measured(gallery)
    choice = choose_tau(seen, use=use, **{name: asked})
    values = {tau: figures_at(seen, tau)[name].value or 0.0 for tau in seen.figures.taus}
    loosest = max(tau for tau, value in values.items() if value <= asked)
    assert choice.tau == pytest.approx(loosest, abs=1e-5)
    assert choice.tau <= loosest
    assert (choice.rates[name].value or 0.0) <= asked


def test_between_two_taus_rates_are_never_told_smaller_than_measured(gallery: Gallery) -> None:
    seen = measured(gallery)
    taus = seen.figures.taus
    for place in range(0, len(taus) - 1, 25):
        between = figures_at(seen, (taus[place] + taus[place + 1]) / 2)
        tight, loose = figures_at(seen, taus[place]), figures_at(seen, taus[place + 1])
        for name in ("fmr", "fmr_photo", "fpir"):
            assert between[name] == loose[name]
        for name in ("fnmr", "fnmr_photo", "fnir"):
            assert between[name] == tight[name]
    assert figures_at(seen, 4.0) == figures_at(seen, taus[-1])


@pytest.mark.parametrize(
    ("use", "asked"),
    [
        (RECOGNITION, {}),
        (RECOGNITION, {"fmr": 0.01}),
        (VERIFICATION, {"fpir": 0.01}),
        (VERIFICATION, {"fmr": 0.01, "fpir": 0.01}),
        (RECOGNITION, {"fpir": 0.0}),
        (RECOGNITION, {"fpir": 1.0}),
        (RECOGNITION, {"fpir": float("nan")}),
    ],
)
def test_a_rate_that_does_not_fit_the_use_is_refused(
    gallery: Gallery, use: Threshold.Use, asked: dict[str, float]
) -> None:
    with pytest.raises(WrongRateError, match="such as 0"):
        choose_tau(measured(gallery), use=use, **asked)


def test_where_nothing_was_measured_no_tau_is_chosen(gallery: Gallery) -> None:
    with pytest.raises(NotMeasuredError, match="Measure the gallery first"):
        choose_tau(None, use=RECOGNITION, fpir=0.01)
    nobody = Series([0.0], [0.0], [1.0], [0], 0.0)
    with pytest.raises(NotMeasuredError, match="two people"):
        choose(with_fpir(gallery, [0.1], nobody), 0.5)


def test_the_newest_evaluation_of_this_gallery_and_version_counts(gallery: Gallery) -> None:
    newer = rows.report(gallery=gallery)
    rows.report(gallery=factories.gallery())
    rows.report(gallery=gallery, encoder_version=factories.encoder_version())
    assert measured(gallery).report == newer
    newer.figures = {**newer.figures, "format": 0}
    newer.save()
    assert newest_measured(gallery=gallery, encoder_version=gallery.encoder_version) is None


def test_a_chosen_tau_is_in_force_with_everything_it_rests_on(gallery: Gallery) -> None:
    rows.enroll(gallery, 70)
    seen = measured(gallery)
    admin = factories.user(name="ada")
    row = save_choice(choose(seen, 0.1), reason="The door", user=admin)
    in_force = tau_in_force(gallery=gallery, encoder_version=gallery.encoder_version, use=RECOGNITION)
    assert in_force.threshold == row
    row.refresh_from_db()
    assert (row.error_rate_kind, row.error_rate, row.gallery_size) == ("fpir", 0.1, 70)
    assert (row.reason, row.set_by) == ("The door", admin)
    assert row.evidence.startswith("60 people and 240 photos of this gallery")
    assert row.measured["report"] == seen.report.pk
    assert row.measured["people"] == 70
    assert row.measured["fpir"]["value"] <= 0.1
    assert set(row.measured) == {"report", "people", "fmr", "fnmr", "fmr_photo", "fnmr_photo", "fpir", "fnir"}


def test_a_tau_for_verification_is_for_no_number_of_people(gallery: Gallery) -> None:
    row = save_choice(choose_tau(measured(gallery), use=VERIFICATION, fmr=0.05), reason="The app", user=None)
    assert (row.error_rate_kind, row.error_rate, row.gallery_size) == ("fmr", 0.05, None)


def test_without_a_reason_nothing_is_set(gallery: Gallery) -> None:
    before = Threshold.objects.count()
    with pytest.raises(InvalidRequestError, match="why"):
        save_choice(choose(measured(gallery), 0.1), reason=" ", user=None)
    assert Threshold.objects.count() == before


def test_a_tau_set_by_hand_keeps_what_was_measured_at_it(gallery: Gallery) -> None:
    version = gallery.encoder_version
    row = save_by_hand(gallery=gallery, encoder_version=version, use=RECOGNITION, tau=0.6, reason="a try", user=None)
    row.refresh_from_db()
    assert (row.error_rate_kind, row.error_rate) == ("", None)
    assert row.measured["fpir"]["value"] == figures_at(measured(gallery), 0.6)["fpir"].value
    other = factories.gallery()
    bare = save_by_hand(gallery=other, encoder_version=version, use=RECOGNITION, tau=0.6, reason="a try", user=None)
    everywhere = save_by_hand(gallery=None, encoder_version=version, use=RECOGNITION, tau=0.6, reason="x", user=None)
    assert bare.measured == everywhere.measured == {}


def test_a_restored_tau_carries_what_was_measured_at_it(gallery: Gallery) -> None:
    row = save_choice(choose(measured(gallery), 0.1), reason="The door", user=None)
    save_by_hand(
        gallery=gallery, encoder_version=gallery.encoder_version, use=RECOGNITION, tau=1.0, reason="a try", user=None
    )
    again = restore_tau(threshold=row, user=None)
    again.refresh_from_db()
    kept = ("tau", "error_rate_kind", "error_rate", "gallery_size", "evidence", "measured")
    assert [getattr(again, name) for name in kept] == [getattr(row, name) for name in kept]
