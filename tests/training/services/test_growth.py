"""An FPIR that was asked for, after the gallery has grown."""

from dataclasses import replace
from math import exp, log1p

import pytest
from pytest_django import DjangoAssertNumQueries

from faces.models import Gallery, Threshold
from tests import factories
from tests.training import measured as rows
from tests.training.measured import made
from training.metrics.figures import AtSize, Figures, Series
from training.services.growth import growth_of, growths
from training.services.measured import Measured, figures_at, newest_measured
from training.services.rates_at_size import fnir_at_size, fpir_at_size, fpir_when_grown
from training.services.tau_choices import choose_tau, save_by_hand, save_choice

RECOGNITION = Threshold.Use.RECOGNITION
ASKED = 0.1


@pytest.fixture
def gallery(db: None) -> Gallery:
    """One that was measured, with as many people as then."""
    gallery = factories.gallery(name="Staff")
    rows.report(gallery=gallery)
    return gallery


def measured(gallery: Gallery, size: int) -> Measured:
    found = newest_measured(gallery=gallery, encoder_version=gallery.encoder_version)
    assert found is not None
    return replace(found, size=size)


def asked_at(gallery: Gallery, size: int) -> Threshold:
    """A tau that held with so many people."""
    return save_choice(choose_tau(measured(gallery, size), use=RECOGNITION, fpir=ASKED), reason="test", user=None)


def test_while_the_gallery_stays_as_it_is_nobody_is_told_anything(gallery: Gallery) -> None:
    row = asked_at(gallery, 60)
    for people in (30, 60, 65):
        assert growth_of(row, people=people, measured=measured(gallery, people)) is None


def test_a_gallery_that_has_tripled_is_told_what_is_expected_and_which_tau_holds_again(gallery: Gallery) -> None:
    row = asked_at(gallery, 60)
    growth = growth_of(row, people=180, measured=measured(gallery, 180))
    assert growth is not None
    assert growth.expected == figures_at(measured(gallery, 180), row.tau or 0)["fpir"]
    assert (growth.expected.value or 0) > 1.25 * ASKED
    assert growth.choice is not None
    assert growth.choice.tau < (row.tau or 0)
    assert (growth.choice.rates["fpir"].value or 1) <= ASKED
    assert growth.is_outdated, "three times as many as were measured"


def test_a_tau_that_holds_in_spite_of_growth_is_left_in_peace(gallery: Gallery) -> None:
    row = save_choice(choose_tau(measured(gallery, 60), use=RECOGNITION, fpir=0.02), reason="test", user=None)
    Threshold.objects.filter(pk=row.pk).update(error_rate=0.5)
    strict = Threshold.objects.get(pk=row.pk)
    assert growth_of(strict, people=600, measured=measured(gallery, 600)) is None


def test_without_a_report_the_growth_itself_says_what_is_expected(gallery: Gallery) -> None:
    row = asked_at(gallery, 60)
    growth = growth_of(row, people=120, measured=None)
    assert growth is not None
    assert growth.expected.value == pytest.approx(1 - (1 - ASKED) ** 2)
    assert (growth.expected.low, growth.choice, growth.is_outdated) == (None, None, True)
    assert growth_of(row, people=72, measured=None) is None


def test_a_tau_that_was_set_by_hand_promises_nothing(gallery: Gallery) -> None:
    row = save_by_hand(
        gallery=gallery, encoder_version=gallery.encoder_version, use=RECOGNITION, tau=0.6, reason="x", user=None
    )
    assert growth_of(row, people=6000, measured=measured(gallery, 6000)) is None


def test_where_no_tau_can_be_shown_to_hold_again_none_is_offered(gallery: Gallery) -> None:
    row = asked_at(gallery, 60)
    all_seen = Series([1.0], [1.0], [1.0], [60], 240.0)
    seen = measured(gallery, 600)
    recognition = replace(seen.figures.recognition, fpir=all_seen, fnir=all_seen, sizes=[])
    verification = replace(seen.figures.person, fmr=all_seen, fnmr=all_seen)
    figures = replace(seen.figures, taus=[0.1], recognition=recognition, person=verification, photo=verification)
    growth = growth_of(row, people=600, measured=replace(seen, figures=figures))
    assert growth is not None
    assert growth.choice is None


def test_grown_galleries_are_found_among_all_rows(
    gallery: Gallery, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    small = made(20, 4)
    grown = factories.gallery(name="Visitors")
    rows.report(gallery=grown, figures=small)
    row = save_choice(choose_tau(measured(grown, 20), use=RECOGNITION, fpir=0.3), reason="test", user=None)
    rows.enroll(grown, 100)
    rows.enroll(gallery, 60)
    stays = asked_at(gallery, 60)
    found = list(Threshold.objects.select_related("gallery", "encoder_version").filter(pk__in=[row.pk, stays.pk]))
    with django_assert_num_queries(3):  # how many people there are; of the one that has grown its report, and again
        result = growths(found)
    assert list(result) == [row.pk]
    assert result[row.pk].people == 100
    with django_assert_num_queries(0):
        assert growths(Threshold.objects.none()) == {}


def with_sizes(**sizes: float) -> Figures:
    """Figures in which FPIR is one number at each size."""
    figures = made()

    def series(value: float) -> Series:
        return Series([value], [value / 2], [min(2 * value, 1)], [round(100 * value)], 1000.0)

    found = figures.recognition
    at = [
        AtSize(int(name[1:]), int(name[1:]) > 100, series(value), series(value / 3), found.ranks, [value])
        for name, value in sizes.items()
    ]
    return replace(figures, recognition=replace(found, size=100, fpir=series(0.1), fnir=series(0.04), sizes=at))


def test_fpir_of_a_size_that_was_told_is_taken_as_it_is() -> None:
    figures = with_sizes(n50=0.06, n200=0.17)
    assert [fpir_at_size(figures, size).value[0] for size in (50, 100, 200)] == [0.06, 0.1, 0.17]


def test_between_two_sizes_the_hazard_is_drawn_straight() -> None:
    figures = with_sizes(n50=0.06, n200=0.17)
    hazard = 0.75 * log1p(-0.1) + 0.25 * log1p(-0.17)
    assert fpir_at_size(figures, 125).value[0] == pytest.approx(1 - exp(hazard))
    at = fpir_at_size(figures, 125)
    assert at.low[0] < at.value[0] < at.high[0]
    assert (at.people, at.trials) == ([17], 1000.0)


def test_beyond_the_last_size_people_are_equally_likely_to_be_mistaken() -> None:
    figures = with_sizes(n50=0.06, n200=0.17)
    assert fpir_at_size(figures, 400).value[0] == pytest.approx(1 - (1 - 0.17) ** 2)
    assert fpir_at_size(figures, 25).value[0] == pytest.approx(1 - (1 - 0.06) ** 0.5)
    assert fpir_at_size(with_sizes(), 200).value[0] == pytest.approx(1 - 0.9**2)


def test_fnir_is_drawn_between_sizes_and_stays_beyond_them() -> None:
    figures = with_sizes(n50=0.06, n200=0.18)
    assert [fnir_at_size(figures, size).value[0] for size in (20, 50, 100, 200, 900)] == [0.02, 0.02, 0.04, 0.06, 0.06]
    assert fnir_at_size(figures, 150).value[0] == pytest.approx(1 - exp(0.5 * log1p(-0.04) + 0.5 * log1p(-0.06)))


def test_everybody_being_recognized_stays_so_however_many_there_are() -> None:
    assert fpir_at_size(with_sizes(n200=1.0), 1000).value[0] == pytest.approx(1.0)
    assert fpir_at_size(with_sizes(n200=0.0), 1000).value[0] == 0.0


def test_an_fpir_grows_with_the_number_of_people() -> None:
    assert fpir_when_grown(0.01, before=100, now=200) == pytest.approx(1 - 0.99**2)
    assert fpir_when_grown(0.01, before=100, now=100) == pytest.approx(0.01)
    assert fpir_when_grown(1.0, before=1, now=10) == pytest.approx(1.0)
