"""The handle on tau in a real browser: moved, saved, restored."""

import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Locator, Page, expect

from faces.models import Gallery, Threshold
from faces.services.thresholds import tau_in_force
from tests import factories
from tests.faces.pages.browser.conftest import Open
from tests.training import measured as rows
from training.services.measured import confused_at, figures_at, newest_measured
from training.services.tau_choices import choose_tau
from training.views.rate_cards import SHOWN, rate_cards

RECOGNITION = Threshold.Use.RECOGNITION
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def gallery(ada: User) -> Gallery:
    """One that was measured, in which two people are 0.45 apart, and two others 0.9."""
    gallery = factories.gallery(name="Crew")
    faces = rows.enroll(gallery, 60)
    rows.report(gallery=gallery, figures=rows.confusing(rows.made(), faces, [0.45, 0.9]))
    return gallery


def address(gallery: Gallery, use: Threshold.Use = RECOGNITION) -> str:
    return f"/admin/thresholds/{gallery.encoder_version_id}/{use}/{gallery.pk}/"


def tau_of(page: Page) -> float:
    return float(page.get_by_label("tau", exact=True).input_value())


def said_of(page: Page, name: str) -> str:
    return " ".join(page.locator(f"[data-rate={name}]").inner_text().split())


def in_force(gallery: Gallery) -> Threshold:
    return tau_in_force(gallery=gallery, encoder_version=gallery.encoder_version, use=RECOGNITION).threshold


def drag(page: Page, plot: Locator, start: float, end: float) -> None:
    """Drag within the plot, in shares of its width."""
    box = plot.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + start * box["width"], box["y"] + 80)
    page.mouse.down()
    page.mouse.move(box["x"] + end * box["width"], box["y"] + 90, steps=4)
    page.mouse.up()


@pytest.mark.parametrize("use", Threshold.Use)
def test_wherever_the_handle_stands_the_page_says_what_the_platform_would(
    open_page: Open, gallery: Gallery, use: Threshold.Use
) -> None:
    page = open_page(address(gallery, use))
    measured = newest_measured(gallery=gallery, encoder_version=gallery.encoder_version)
    assert measured is not None
    for tau in (0.0, 0.3, 0.5, 0.62, 0.9, 1.4, 3.9):
        page.get_by_label("tau", exact=True).fill(str(tau))
        expect(page.locator(".t-pill-text")).to_have_text(f"tau {tau:.4f}")
        rates = figures_at(measured, tau)
        for card in rate_cards(rates, SHOWN[use][0] + SHOWN[use][1]):
            told = f"{card.value} {card.words} {card.kind.short}: {card.interval} {card.doubt}".strip()
            assert said_of(page, card.kind.name) == told
        expect(page.locator("[data-pair-count]")).to_have_text(str(confused_at(measured.figures, tau)))


def test_a_tau_that_is_dragged_to_is_saved_with_its_reason_and_an_earlier_one_restored(
    open_page: Open, gallery: Gallery
) -> None:
    factory = in_force(gallery).tau
    page = open_page(address(gallery))
    plot = page.locator("[data-tau-plot]")
    before = said_of(page, "fpir")
    drag(page, plot, 0.2, 0.8)
    dragged = tau_of(page)
    assert dragged > 0.3
    assert said_of(page, "fpir") != before
    page.keyboard.press("ArrowLeft")  # the slider took the focus
    assert tau_of(page) < dragged
    chosen = tau_of(page)
    page.get_by_role("button", name="Set tau").click()  # the browser itself asks for a reason
    assert in_force(gallery).tau == factory
    page.get_by_label("Why").fill("Dragged there")
    page.get_by_role("button", name="Set tau").click()
    expect(page.get_by_text(f"tau is {chosen:g} now")).to_be_visible()
    assert in_force(gallery).tau == chosen
    page.get_by_label("tau", exact=True).fill("0.1")
    page.get_by_label("Why").fill("Stricter")
    page.get_by_role("button", name="Set tau").click()
    expect(page.get_by_text("tau is 0.1 now")).to_be_visible()
    page.get_by_role("row").filter(has_text="Dragged there").get_by_role("button", name="Restore").click()
    expect(page.get_by_text(f"tau is {chosen:g} again")).to_be_visible()
    assert in_force(gallery).tau == chosen
    assert in_force(gallery).measured["people"] == 60


def test_a_number_of_strangers_moves_the_handle_to_the_tau_that_is_then_saved(
    open_page: Open, gallery: Gallery
) -> None:
    page = open_page(address(gallery))
    field = page.get_by_label("At most 1 in")
    field.press_sequentially("10")
    measured = newest_measured(gallery=gallery, encoder_version=gallery.encoder_version)
    choice = choose_tau(measured, use=RECOGNITION, fpir=0.1)
    expect(page.get_by_label("By what may go wrong")).to_be_checked()
    expect(page.locator("[data-one-in-note]")).to_contain_text(f"tau {choice.tau:.4f}, roughly")
    assert tau_of(page) == choice.tau
    page.get_by_label("Why").fill("One in ten will do")
    page.get_by_role("button", name="Set tau").click()
    expect(page.get_by_text(f"tau is {choice.tau:g} now")).to_be_visible()
    assert (in_force(gallery).tau, in_force(gallery).error_rate) == (choice.tau, 0.1)
    page.get_by_label("At most 1 in").fill("1000000")
    expect(page.locator("[data-one-in-note]")).to_contain_text("Too few people were measured to show that")
    assert tau_of(page) == choice.tau


def test_when_the_handle_rests_the_faces_of_those_who_would_be_confused_are_shown(
    open_page: Open, gallery: Gallery
) -> None:
    page = open_page(address(gallery))
    expect(page.locator("[data-pairs]")).to_contain_text("Nobody of this gallery lies within")
    page.get_by_label("tau", exact=True).fill("0.5")
    expect(page.locator("[data-pairs] article")).to_have_count(1)
    expect(page.locator("[data-pairs] img")).to_have_count(2)
    page.get_by_label("tau", exact=True).fill("0.95")
    expect(page.locator("[data-pairs] article")).to_have_count(2)


def test_without_scripts_the_form_with_a_number_does(open_page: Open, gallery: Gallery) -> None:
    page = open_page(address(gallery), scripts=False)
    expect(page.get_by_label("Move tau")).to_be_hidden()
    page.get_by_label("By what may go wrong").check()
    page.get_by_label("At most 1 in").fill("10")
    page.get_by_label("Why").fill("No scripts here")
    page.get_by_role("button", name="Set tau").click()
    expect(page.get_by_text(re.compile(r"tau is 0\.\d+ now"))).to_be_visible()
    assert in_force(gallery).error_rate == 0.1


def test_no_page_of_a_tau_is_wider_than_a_telephone(open_page: Open, gallery: Gallery) -> None:
    page = open_page(address(gallery), width=390)
    page.get_by_label("tau", exact=True).fill("0.95")
    expect(page.locator("[data-pairs] article")).to_have_count(2)
    assert page.evaluate(SIDEWAYS) == 0
    page.goto("/admin/thresholds/")
    assert page.evaluate(SIDEWAYS) == 0
