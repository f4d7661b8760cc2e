"""The curves of a report in a real browser: drawn, told on hover, switched, and in the colors of the theme."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from tests import factories
from tests.faces.pages.browser.conftest import Open
from tests.training.measured import confusing, enroll, made, report
from training.models import EvaluationReport
from training.services.report_exports import Form, export_report
from training.services.report_words import percent

SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

# How many pixels of a chart are not those of its background
INK = """(key) => {
  const canvas = document.querySelector(`[data-chart=chart-${key}] canvas`);
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let i = 3; i < data.length; i += 4) if (data[i]) count++;
  return count;
}"""
IS_DRAWN = "(key) => Boolean(Chart.getChart(document.querySelector(`[data-chart=chart-${key}] canvas`)))"
DATA = """([key, set]) => {
  const chart = Chart.getChart(document.querySelector(`[data-chart=chart-${key}] canvas`));
  return chart.data.datasets[set].data.map(({ x, y }) => [x, y]);
}"""
COLOR = (
    "(key) => Chart.getChart(document.querySelector(`[data-chart=chart-${key}] canvas`)).data.datasets[0].borderColor"
)
TOLD = """(key) => {
  const { tooltip } = Chart.getChart(document.querySelector(`[data-chart=chart-${key}] canvas`));
  return [...tooltip.title, ...tooltip.beforeBody, ...tooltip.body.flatMap(({ lines }) => lines)];
}"""
HAS_TOLD = "(key) => Chart.getChart(document.querySelector(`[data-chart=chart-${key}] canvas`)).tooltip.opacity > 0"
VISIBLE = """(key) => {
  const chart = Chart.getChart(document.querySelector(`[data-chart=chart-${key}] canvas`));
  return chart.data.datasets.map((_, index) => chart.isDatasetVisible(index));
}"""
LEGEND = """([key, item]) => {
  const chart = Chart.getChart(document.querySelector(`[data-chart=chart-${key}] canvas`));
  const { left, top, width, height } = chart.legend.legendHitBoxes[item];
  return [left + width / 2, top + height / 2];
}"""


@pytest.fixture
def stored(ada: User) -> EvaluationReport:
    """With two people who look alike."""
    gallery = factories.gallery(name="Crew")
    return report(gallery=gallery, figures=confusing(made(), enroll(gallery, 2), [0.1]))


def chart_on(page: Page, key: str) -> None:
    """Bring a chart into sight and wait until it is drawn."""
    page.locator(f"[data-chart=chart-{key}]").scroll_into_view_if_needed()
    page.wait_for_function(IS_DRAWN, arg=key)


def told_by(page: Page, key: str) -> list[str]:
    """What hovering over the middle of a chart tells, which comes with the next frame."""
    chart_on(page, key)
    page.locator(f"[data-chart=chart-{key}] canvas").hover()
    page.wait_for_function(HAS_TOLD, arg=key)
    lines: list[str] = page.evaluate(TOLD, key)
    return lines


def wait_until_visible(page: Page, key: str, visible: list[bool]) -> None:
    """Wait until just these curves are to be seen."""
    page.wait_for_function(f"([key, wanted]) => String(({VISIBLE})(key)) === String(wanted)", arg=[key, visible])


def test_every_chart_is_drawn_with_the_report_s_figures(open_page: Open, stored: EvaluationReport) -> None:
    page = open_page(f"/admin/evaluations/{stored.pk}/")
    for key in ("person-det", "person-rates", "person-distances", "recognition-sizes", "recognition-ranks"):
        chart_on(page, key)
        assert page.evaluate(INK, key) > 3000, key
    figures = made()
    drawn = page.evaluate(DATA, ["recognition-ranks", 0])
    assert [y for _, y in drawn] == pytest.approx(figures.recognition.ranks.value, rel=1e-4)


def test_hovering_tells_the_rate_its_interval_and_tau(open_page: Open, stored: EvaluationReport) -> None:
    page = open_page(f"/admin/evaluations/{stored.pk}/")
    figures = made()
    title, fmr, fnmr = told_by(page, "person-rates")
    tau = float(re.fullmatch(r"tau ([\d.]+)", title)[1])  # type: ignore[index]
    place = min(range(len(figures.taus)), key=lambda place: abs(figures.taus[place] - tau))
    near = range(max(place - 1, 0), min(place + 2, len(figures.taus)))  # the title has three decimals
    assert any(fmr.startswith(f"FMR {percent(figures.person.fmr.value[each])}, ") for each in near)
    assert any(
        f"{percent(figures.person.fmr.low[each])} to {percent(figures.person.fmr.high[each])}" in fmr for each in near
    )
    assert fnmr.startswith("FNMR ")
    told = told_by(page, "person-det")
    assert re.fullmatch(r"tau [\d.]+", told[0])
    assert told[1].startswith("FMR ")
    assert told[2].startswith("FNMR ")


def test_scripts_write_percent_as_the_pages_do(open_page: Open, stored: EvaluationReport) -> None:
    page = open_page(f"/admin/evaluations/{stored.pk}/")
    shares = [0, 1, 0.5, 0.25, 0.1, 0.099, 0.05, 0.0123, 0.001, 1e-6, 3.1e-5, 0.9, 0.95, 0.9876, 0.9998, 0.999999]
    assert page.evaluate("(shares) => shares.map(facetCharts.percent)", shares) == [percent(share) for share in shares]


def test_what_a_face_is_compared_with_is_switched(open_page: Open, stored: EvaluationReport) -> None:
    page = open_page(f"/admin/evaluations/{stored.pk}/")
    person, photo = page.locator("#compared-person"), page.locator("#compared-photo")
    expect(person).to_be_visible()
    expect(photo).to_be_hidden()
    chart_on(page, "person-rates")
    page.get_by_role("button", name="With a single photo").click()
    expect(photo).to_be_visible()
    expect(person).to_be_hidden()
    chart_on(page, "photo-rates")
    figures = made()
    for key, fnmr in (("person", figures.person.fnmr), ("photo", figures.photo.fnmr)):
        drawn = page.evaluate(DATA, [f"{key}-rates", 3])  # after FMR and the two limits of its band
        seen = [(y, value) for (_, y), value in zip(drawn, fnmr.value, strict=True) if value > 0]
        assert [y for y, _ in seen] == pytest.approx([value for _, value in seen], rel=1e-4)
    expect(photo).to_contain_text(percent(figures.photo.eer.value or 0))
    page.get_by_role("button", name="With a person").click()
    expect(person).to_be_visible()


def test_a_curve_is_hidden_with_its_band_by_its_name(open_page: Open, stored: EvaluationReport) -> None:
    page = open_page(f"/admin/evaluations/{stored.pk}/")
    chart_on(page, "person-rates")
    canvas = page.locator("[data-chart=chart-person-rates] canvas")
    x, y = page.evaluate(LEGEND, ["person-rates", 0])
    canvas.click(position={"x": x, "y": y})
    wait_until_visible(page, "person-rates", [False, False, False, True, True, True])
    canvas.click(position={"x": x, "y": y})
    wait_until_visible(page, "person-rates", [True] * 6)


def test_a_chart_can_be_read_as_a_table(open_page: Open, stored: EvaluationReport) -> None:
    page = open_page(f"/admin/evaluations/{stored.pk}/")
    figure = page.locator("[data-chart=chart-person-rates]")
    expect(figure.locator("table")).to_be_hidden()
    figure.get_by_text("In numbers").click()
    expect(figure.get_by_role("columnheader", name="FMR: different people accepted")).to_be_visible()
    assert figure.locator("tbody tr").count() > 5


def test_charts_follow_the_theme(open_page: Open, stored: EvaluationReport) -> None:
    page = open_page(f"/admin/evaluations/{stored.pk}/")
    chart_on(page, "person-rates")
    light = page.evaluate(COLOR, "person-rates")
    page.evaluate("document.documentElement.classList.add('dark')")
    page.wait_for_function(f"(light) => ({COLOR})('person-rates') !== light", arg=light)
    assert re.fullmatch(r"rgba\(\d+, \d+, \d+, 1\)", page.evaluate(COLOR, "person-rates"))


def test_without_scripts_both_comparisons_and_all_tables_are_there(open_page: Open, stored: EvaluationReport) -> None:
    page = open_page(f"/admin/evaluations/{stored.pk}/", scripts=False)
    expect(page.locator("#compared-person")).to_be_visible()
    expect(page.locator("#compared-photo")).to_be_visible()
    expect(page.locator("canvas").first).to_be_hidden()
    assert page.get_by_text("In numbers").count() == 12


def test_no_page_is_wider_than_a_telephone(open_page: Open, stored: EvaluationReport) -> None:
    figures = made()
    groups = [replace(figures.groups[0], field="a_field_without_a_space" * 6, value="x" * 120), *figures.groups]
    long = report(
        gallery=factories.gallery(name="A gallery that never ends " * 7), figures=replace(figures, groups=groups)
    )
    few = report(gallery=factories.gallery(), figures=made(4))
    page = open_page(width=390)
    for path in ("", f"{stored.pk}/", f"{long.pk}/", f"{few.pk}/"):
        page.goto(f"/admin/evaluations/{path}")
        assert (path, page.evaluate(SIDEWAYS)) == (path, 0)


def test_the_exported_file_opens_by_itself_and_is_no_wider_than_a_telephone(
    open_page: Open, stored: EvaluationReport, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    path.write_text(export_report(stored, Form.HTML).text, encoding="utf-8")
    page = open_page(width=390)
    page.goto("about:blank", wait_until="networkidle")  # the page before may still ask for its icon
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    assert asked == [path.as_uri()]
    assert page.evaluate(SIDEWAYS) == 0
    curve = page.locator("#chart-person-rates svg path.curve.c1").last
    box = curve.bounding_box()
    assert box is not None
    assert box["width"] > 100
    expect(page.get_by_role("heading", name="Error rates of “Crew”")).to_be_visible()


def test_a_file_is_downloaded_from_the_page(open_page: Open, stored: EvaluationReport, tmp_path: Path) -> None:
    page = open_page(f"/admin/evaluations/{stored.pk}/")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename == f"facet-evaluation-{stored.pk}-crew.csv"
    assert Path(download.value.path()).read_text(encoding="utf-8").startswith("series,")
