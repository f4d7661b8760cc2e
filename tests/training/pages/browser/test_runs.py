"""A training run in a real browser: its curves grow while it goes on, and the page is whole again when it ends."""

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from faces.models import Gallery, Job
from tests import factories
from tests.faces.pages.browser.conftest import Open
from tests.training.pages.runs import epoch, judged_run, run_with_job
from training.models import TrainingRun

SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
DRAWN = """(key) => {
  const chart = Chart.getChart(document.querySelector(`[data-chart=chart-run-${key}] canvas`));
  return chart ? chart.data.datasets.map(({ data }) => data.map(({ x, y }) => [x, y])) : null;
}"""
HAS_POINTS = f"([key, count]) => (({DRAWN})(key)?.[0] ?? []).length === count"
HIDDEN = "(key) => !Chart.getChart(document.querySelector(`[data-chart=chart-run-${key}] canvas`)).isDatasetVisible(0)"


@pytest.fixture
def gallery(ada: User) -> Gallery:
    return factories.gallery(name="A gallery whose name never ends " * 3)


def points_of(page: Page, key: str, count: int) -> list[list[float]]:
    """The points of a chart's first curve, once there are so many."""
    page.locator(f"[data-chart=chart-run-{key}]").scroll_into_view_if_needed()
    page.wait_for_function(HAS_POINTS, arg=[key, count])
    drawn: list[list[list[float]]] = page.evaluate(DRAWN, key)
    return drawn[0]


def test_curves_and_epochs_grow_while_the_run_goes_on(open_page: Open, gallery: Gallery) -> None:
    run = run_with_job(gallery, epochs=1)
    page = open_page(reverse("training:run", args=[run.pk]))
    assert points_of(page, "eer", 2) == [[0, 0.1], [1, 0.05]]
    assert len(points_of(page, "loss", 2)) == 2
    expect(page.locator("#run-epochs tbody tr")).to_have_count(2)

    epoch(run, 2)
    TrainingRun.objects.update(best_epoch=2, steps=20)
    Job.objects.update(done=60, note="Epoch 3 of 10")
    assert points_of(page, "eer", 3)[2] == [2, pytest.approx(0.1 / 3, rel=1e-4)]
    assert [x for x, _ in points_of(page, "loss", 4)] == [5, 10, 15, 20]
    expect(page.locator("#run-epochs tbody tr")).to_have_count(3)
    expect(page.locator("#run-epochs tr.r-best")).to_contain_text("2 best")
    expect(page.locator("#run-live")).to_contain_text("60 %")
    expect(page.locator("#run-live")).to_contain_text("Epoch 3 of 10")


def test_curves_begin_where_there_was_nothing(open_page: Open, gallery: Gallery) -> None:
    run = run_with_job(gallery)
    page = open_page(reverse("training:run", args=[run.pk]))
    nothing = page.locator("[data-chart=chart-run-eer] [data-nothing]")
    expect(nothing).to_be_visible()
    page.wait_for_function(
        "(key) => Boolean(Chart.getChart(document.querySelector(`[data-chart=chart-run-${key}] canvas`)))", arg="eer"
    )
    epoch(run, 0)
    epoch(run, 1)
    assert len(points_of(page, "eer", 2)) == 2
    expect(nothing).to_be_hidden()


def test_a_curve_that_was_hidden_stays_hidden(open_page: Open, gallery: Gallery) -> None:
    run = run_with_job(gallery, epochs=1)
    page = open_page(reverse("training:run", args=[run.pk]))
    points_of(page, "eer", 2)
    page.evaluate(
        "Chart.getChart(document.querySelector('[data-chart=chart-run-eer] canvas')).setDatasetVisibility(0, false)"
    )
    epoch(run, 2)
    points_of(page, "eer", 3)
    assert page.evaluate(HIDDEN, "eer")


def test_the_page_is_loaded_again_when_the_run_ends(open_page: Open, gallery: Gallery) -> None:
    run = run_with_job(gallery, epochs=1)
    page = open_page(reverse("training:run", args=[run.pk]))
    expect(page.get_by_role("button", name="Stop now and keep the best")).to_be_visible()
    Job.objects.update(state=Job.State.FAILED, error="The disk is full.", finished_at=timezone.now())
    expect(page.get_by_role("alert")).to_contain_text("The disk is full.")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


def test_a_run_is_asked_for_with_a_preset_and_a_setting_of_its_own(open_page: Open, gallery: Gallery) -> None:
    for _ in range(30):
        person = factories.person(gallery=gallery)
        for _ in range(2):
            factories.face(person=person)
    other = factories.gallery(name="Visitors")
    page = open_page(reverse("training:run-start"))
    page.get_by_label("Gallery to learn from").select_option(str(other.pk))
    expect(page.get_by_role("button", name="Start retraining")).to_be_disabled()
    page.get_by_label("Gallery to learn from").select_option(str(gallery.pk))
    expect(page.get_by_role("button", name="Start retraining")).to_be_enabled()
    page.get_by_role("link", name="Quick: last layers only").click()
    expect(page.locator(".r-preset[aria-current]")).to_contain_text("Quick")
    page.get_by_text("More settings").click()
    expect(page.get_by_label("Layers that learn")).to_have_value("last")
    page.get_by_label("Margin alpha").fill("5")
    page.get_by_role("button", name="Start retraining").click()
    expect(page.get_by_role("alert")).to_contain_text("from 0.005 to 1, not 5")
    expect(page.get_by_label("Layers that learn")).to_have_value("last")
    page.get_by_label("Margin alpha").fill("0.25")
    page.get_by_role("button", name="Start retraining").click()
    page.wait_for_url("**/admin/training/*/")
    expect(page.locator("#run-live")).to_contain_text("It waits for the worker that trains.")
    run = TrainingRun.objects.get()
    assert (run.configuration["alpha"], run.configuration["layers"]) == (0.25, "last")


def test_no_page_is_wider_than_a_telephone(open_page: Open, gallery: Gallery) -> None:
    running = run_with_job(gallery, epochs=3)
    judged, _ = judged_run(people=12)
    page = open_page(width=390)
    for name, arguments in (
        ("runs", []),
        ("run-start", []),
        ("run", [running.pk]),
        ("run", [judged.pk]),
        ("run-compare", [judged.pk]),
    ):
        page.goto(reverse(f"training:{name}", args=arguments))
        page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
        assert (name, page.evaluate(SIDEWAYS)) == (name, 0)
