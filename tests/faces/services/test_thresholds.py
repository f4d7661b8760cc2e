"""Which tau is in force, and who may say so."""

import math

import pytest

from faces.exceptions import InvalidRequestError, InvalidTauError
from faces.models import Gallery, Threshold
from faces.services.encoders import (
    FACTORY_PROBE_NOISE,
    FACTORY_REASON,
    FACTORY_TAUS,
    default_encoder_version,
    ensure_factory_encoder,
)
from faces.services.galleries import create_gallery
from faces.services.thresholds import set_tau, tau_in_force

pytestmark = pytest.mark.django_db
USE = Threshold.Use.VERIFICATION


def put(gallery: Gallery | None, tau: float | None, reason: str = "test") -> Threshold:
    return set_tau(
        gallery=gallery, encoder_version=default_encoder_version(), use=USE, tau=tau, reason=reason, user=None
    )


def in_force(gallery: Gallery | None) -> float:
    return tau_in_force(gallery=gallery, encoder_version=default_encoder_version(), use=USE).tau


def test_the_factory_taus_name_the_error_rate_they_stand_for() -> None:
    for measured in FACTORY_TAUS:
        row = Threshold.objects.get(use=measured.use)
        assert (row.tau, row.error_rate_kind, row.error_rate) == (measured.tau, "fmr", measured.fmr)
        assert "Labeled Faces in the Wild" in row.evidence
        person, photo = row.measured["fmr"], row.measured["fmr_photo"]
        assert person["low"] < person["value"] <= measured.fmr < person["high"]
        assert person["value"] == pytest.approx(person["errors"] / person["trials"], rel=0.001)
        assert photo["value"] < person["value"]


def test_a_factory_tau_without_its_measured_rates_is_followed_by_one_that_has_them() -> None:
    Threshold.objects.update(measured={})
    ensure_factory_encoder()
    ensure_factory_encoder()
    assert Threshold.objects.count() == 2 * len(FACTORY_TAUS)
    assert all("fmr" in Threshold.objects.filter(use=use).latest("pk").measured for use in Threshold.Use)


def test_the_factory_rows_are_added_once() -> None:
    ensure_factory_encoder()
    assert Threshold.objects.count() == len(FACTORY_TAUS)


def test_a_factory_tau_of_an_earlier_facet_is_followed_by_that_of_today() -> None:
    for use in Threshold.Use:
        set_tau(
            gallery=None,
            encoder_version=default_encoder_version(),
            use=use,
            tau=0.1045,
            reason=FACTORY_REASON if use == Threshold.Use.RECOGNITION else "The admin's own",
            user=None,
        )
    ensure_factory_encoder()
    ensure_factory_encoder()
    newest = [Threshold.objects.filter(use=use).order_by("-pk").values_list("tau", flat=True) for use in Threshold.Use]
    assert [list(taus) for taus in newest] == [[0.1045, 0.1245], [0.0993, 0.1045, 0.0993]]


def test_the_factory_encoders_noise_is_known_and_one_that_was_set_otherwise_stays() -> None:
    version = default_encoder_version()
    assert version.probe_noise == FACTORY_PROBE_NOISE
    for given, then in ((0.02, 0.02), (None, FACTORY_PROBE_NOISE)):
        version.probe_noise = given
        version.save()
        assert ensure_factory_encoder().probe_noise == then


def test_a_gallerys_own_tau_comes_before_the_general_one_whichever_is_newer() -> None:
    staff, visitors = create_gallery(name="Staff"), create_gallery(name="Visitors")
    put(staff, 0.3)
    put(None, 0.2)
    assert (in_force(staff), in_force(visitors), in_force(None)) == (0.3, 0.2, 0.2)


def test_giving_up_a_gallerys_own_tau_brings_the_general_one_back_and_keeps_the_history() -> None:
    staff = create_gallery(name="Staff")
    general = in_force(None)
    put(staff, 0.3)
    put(staff, None)
    assert in_force(staff) == general
    assert list(Threshold.objects.filter(gallery=staff).values_list("tau", flat=True)) == [None, 0.3]


def test_zero_is_a_tau_and_not_an_absent_one() -> None:
    staff = create_gallery(name="Staff")
    put(staff, 0.0)
    assert in_force(staff) == 0.0


@pytest.mark.parametrize("tau", [-0.001, 4.001, math.nan, math.inf])
def test_a_tau_outside_0_to_4_is_refused_and_nothing_changes(tau: float) -> None:
    before = in_force(None)
    with pytest.raises(InvalidTauError, match="from 0 to 4"):
        put(None, tau)
    assert in_force(None) == before


def test_the_general_tau_cannot_be_given_up() -> None:
    with pytest.raises(InvalidTauError, match="all galleries"):
        put(None, None)


def test_a_tau_without_a_reason_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="why"):
        put(None, 0.1, reason="  ")
