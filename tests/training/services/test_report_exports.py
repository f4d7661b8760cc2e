"""Reports as files: whatever was measured is in them, and nothing about who it was measured on."""

import csv
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest

from faces.exceptions import ConflictError, InvalidRequestError
from faces.models import PairClassifier
from tests import factories
from tests.training.measured import confusing, enroll, made, report
from training.metrics.figures import FORMAT, Figures
from training.models import EvaluationReport
from training.services.charts import Axis, Kind
from training.services.report_charts import recognition_charts
from training.services.report_csv import COLUMNS, MEANINGS, report_csv
from training.services.report_exports import Form, export_report, form_of
from training.services.report_summary import at_fmr, at_fpir
from training.services.report_words import interval, percent
from training.services.svg import svg, ticks

pytestmark = pytest.mark.django_db

NAME = "Grace Hopper"


@pytest.fixture
def figures() -> Figures:
    """With a group whose name a spreadsheet would run."""
    figures = made()
    first, *rest = figures.groups
    return replace(figures, groups=[replace(first, value='=HYPERLINK("http://example.org")', field="<b>team"), *rest])


@pytest.fixture
def stored(figures: Figures) -> EvaluationReport:
    gallery = factories.gallery(name="Staff <east>")
    faces = enroll(gallery, 4)
    person = faces[0].person
    assert person is not None
    person.name = NAME
    person.save()
    return report(gallery=gallery, figures=confusing(figures, faces, [0.1, 0.2]), snapshot={"seed": 7, "faces": 240})


class Seen(HTMLParser):
    """What a file asks a browser for, and what it says."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def seen_in(text: str) -> Seen:
    seen = Seen()
    seen.feed(text)
    seen.close()
    return seen


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_json_is_read_back_as_the_figures_it_was_made_from(stored: EvaluationReport) -> None:
    document = json.loads(export_report(stored, Form.JSON).text)
    assert Figures.from_json(document["figures"]) == Figures.from_json(stored.figures)
    assert document["snapshot"] == {"seed": 7, "faces": 240}
    assert document["report"]["gallery"] == stored.gallery.slug if stored.gallery else None
    assert document["report"]["encoder_version"]["weights_sha256"] == stored.encoder_version.weights_sha256


def test_json_says_what_each_of_its_fields_is(stored: EvaluationReport) -> None:
    document = json.loads(export_report(stored, Form.JSON).text)
    explained = " ".join(document["fields"])
    for name in document["figures"]:
        assert name in explained, name
    assert {"FMR", "FNMR", "FPIR", "FNIR", "tau"} <= set(document["definitions"])


def test_json_says_what_each_field_of_a_size_is(stored: EvaluationReport) -> None:
    document = json.loads(export_report(stored, Form.JSON).text)
    explained = " ".join(f"{name} {text}" for name, text in document["fields"].items() if ".sizes" in name)
    (projected, *_) = [size for size in document["figures"]["recognition"]["sizes"] if size["is_projected"]]
    for name in projected:
        assert name in explained, name


def test_json_has_the_probabilities_that_were_made_with_it(stored: EvaluationReport) -> None:
    PairClassifier.objects.create(
        encoder_version=stored.encoder_version,
        gallery=stored.gallery,
        compares="person",
        is_calibrated=False,
        people=12,
        note="Only 12 people.",
    )
    later = report(gallery=stored.encoder_version.galleries.get())
    (made_with,) = json.loads(export_report(stored, Form.JSON).text)["probabilities"]
    assert (made_with["compares"], made_with["note"]) == ("person", "Only 12 people.")
    assert json.loads(export_report(later, Form.JSON).text)["probabilities"] == []


def test_csv_has_every_point_of_every_curve(stored: EvaluationReport) -> None:
    figures = Figures.from_json(stored.figures)
    rows = rows_of(export_report(stored, Form.CSV).text)
    for name, series in (
        ("person.fmr", figures.person.fmr),
        ("photo.fnmr", figures.photo.fnmr),
        ("recognition.fpir", figures.recognition.fpir),
        ("recognition.fnir", figures.recognition.fnir),
    ):
        points = [row for row in rows if row["series"] == name]
        assert [float(row["tau"]) for row in points] == figures.taus
        assert [float(row["value"]) for row in points] == series.value
        assert [float(row["low"]) for row in points] == series.low
        assert [float(row["high"]) for row in points] == series.high
        assert [int(row["people"]) for row in points] == series.people


def test_csv_names_the_size_of_each_fpir_and_marks_projections(stored: EvaluationReport) -> None:
    figures = Figures.from_json(stored.figures)
    rows = rows_of(export_report(stored, Form.CSV).text)
    own = figures.recognition.size
    assert {row["size"] for row in rows if row["series"] == "recognition.fpir"} == {str(own)}
    projected = {int(row["size"]) for row in rows if row["series"] == "recognition.fpir_projected"}
    assert projected == {2 * own, 10 * own, 100 * own}
    for at in figures.recognition.sizes:
        kind = "projected" if at.is_projected else "counted"
        for name, axis, series in (("fnir", "tau", at.fnir), ("found_at_rank", "rank", at.ranks)):
            points = [
                row
                for row in rows
                if (row["series"], row["size"]) == (f"recognition.{name}_{kind}", str(at.size)) and row[axis]
            ]
            assert [float(row["value"]) for row in points] == series.value
            assert [float(row["high"]) for row in points] == series.high


def test_csv_has_verdicts_groups_and_confusions(stored: EvaluationReport) -> None:
    figures = Figures.from_json(stored.figures)
    rows = rows_of(export_report(stored, Form.CSV).text)
    held = {float(row["asked"]): row for row in rows if row["series"] == "person.fnmr_at_fmr"}
    for row in figures.person.at_fmr:
        expected = row.missed.verdict.value if row.missed else "no_tau"
        assert held[row.asked]["verdict"] == expected
    group = next(group for group in figures.groups if group.rates)
    rate = group.rates["fnmr"]
    assert any(
        row["series"] == "group.fnmr" and row["group"].lstrip("'") == group.value and float(row["value"]) == rate.value
        for row in rows
        if row["value"]
    )
    near = [row for row in rows if row["series"] == "confusion"]
    assert [(float(row["value"]), int(row["face"])) for row in near] == [
        (each.distance, each.face) for each in figures.confusions
    ]


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
def test_csv_has_no_text_that_a_spreadsheet_would_run(begin: str) -> None:
    figures = made()
    groups = [replace(figures.groups[0], field=f"{begin}1+1", value=f"{begin}cmd|' /C calc'!A0")]
    rows = rows_of(report_csv(replace(figures, groups=groups)))
    texts = [row[name] for row in rows for name in ("series", "field", "group", "verdict")]
    assert any(text.startswith("'") for text in texts)
    assert not [text for text in texts if text.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_every_column_of_the_csv_is_explained() -> None:
    assert set(MEANINGS) == set(COLUMNS)


def test_html_asks_for_nothing_from_anywhere(stored: EvaluationReport) -> None:
    text = export_report(stored, Form.HTML).text
    seen = seen_in(text)
    assert not {"script", "img", "link", "iframe", "object", "embed", "base", "form", "a", "image", "use"} & set(
        seen.tags
    )
    assert not [
        name for name, _ in seen.attributes if name in ("src", "href", "xlink:href", "srcset", "action", "data")
    ]
    assert not [name for name, _ in seen.attributes if name.startswith("on")]
    style = re.search("<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    assert "@import" not in style[1]
    assert "url(" not in style[1]
    assert all(value.startswith("url(#") for _, value in seen.attributes if "url(" in value)


def test_html_says_what_was_measured_with_all_the_rates_and_what_the_words_mean(stored: EvaluationReport) -> None:
    figures = Figures.from_json(stored.figures)
    text = seen_in(export_report(stored, Form.HTML).text).text
    assert "Error rates of “Staff <east>”" in text
    assert f"{figures.recognition.size} people" in text
    assert "seed 7" in text
    for row in [*at_fmr(figures.person), *at_fmr(figures.photo), *at_fpir(figures)]:
        if row.missed is not None and row.false is not None and row.tau is not None and row.missed.value is not None:
            shown = percent(row.missed.value) if row in at_fpir(figures) else percent(1 - row.missed.value)
            assert shown in text
            assert interval(row.false) in text
            assert f"{row.tau:.3f}" in text
        for doubt in row.doubts:
            assert doubt in text
    for group in figures.groups:
        assert group.value in text
    assert "False match rate" in text
    assert "projected" in text


def test_html_draws_each_chart_as_well_formed_svg_with_titles(stored: EvaluationReport) -> None:
    text = export_report(stored, Form.HTML).text
    drawn = re.findall(r"<svg .*?</svg>", text, re.DOTALL)
    assert len(drawn) == 12
    for picture in drawn:
        root = ET.fromstring(picture)
        assert root.findtext("title")
        assert root.findall("path[@class='axis']")
        curves = [path for path in root.iter("path") if path.get("class", "").startswith("curve")]
        assert curves
        numbers = " ".join(path.get("d", "") for path in root.iter("path"))
        assert "nan" not in numbers.lower()
        assert "inf" not in numbers.lower()
        assert any(circle.findtext("title") for circle in root.iter("circle"))


@pytest.mark.parametrize("form", Form)
def test_no_file_has_a_name_of_a_person_in_it(stored: EvaluationReport, form: Form) -> None:
    assert NAME not in export_report(stored, form).text


@pytest.mark.parametrize("form", Form)
def test_every_file_is_called_by_its_report_and_gallery(stored: EvaluationReport, form: Form) -> None:
    gallery = stored.gallery
    assert gallery is not None
    export = export_report(stored, form)
    assert export.name == f"facet-evaluation-{stored.pk}-{gallery.slug}.{form}"
    assert re.fullmatch(r"[a-z0-9.-]+", export.name)


def test_a_form_that_there_is_not_is_named_with_those_there_are() -> None:
    with pytest.raises(InvalidRequestError, match="html, json, csv, not as “pdf”"):
        form_of("pdf")


def test_figures_of_another_format_are_refused(stored: EvaluationReport) -> None:
    stored.figures = {**stored.figures, "format": FORMAT + 1}
    for form in Form:
        with pytest.raises(ConflictError, match="Measure the gallery again"):
            export_report(stored, form)


def test_a_report_without_any_tau_is_exported_too() -> None:
    bare = report(gallery=factories.gallery(), figures=replace(made(), tau={}))
    text = seen_in(export_report(bare, Form.HTML).text).text
    assert "No tau was set for it when this was measured" in text


def test_a_picture_has_its_curve_where_the_axes_say() -> None:
    figures = made()
    chart = next(chart for chart in recognition_charts(figures) if chart.key == "recognition-ranks")
    root = ET.fromstring(svg(chart))
    (curve,) = [path for path in root.iter("path") if path.get("class") == "curve c2" and len(path.get("d", "")) > 40]
    points = [tuple(map(float, pair.split())) for pair in curve.get("d", "")[1:].split("L")]
    left = {label.text: float(label.get("x", 0)) for label in root.iter("text") if label.get("text-anchor") == "middle"}
    up = {label.text: float(label.get("y", 0)) - 4 for label in root.iter("text") if label.get("text-anchor") == "end"}
    assert points[4][0] == pytest.approx(left["5"], abs=0.1)
    low, high = chart.y.low, chart.y.high
    bottom = up[percent(low)]
    place = bottom - (figures.recognition.ranks.value[0] - low) / (high - low) * (bottom - up["100 %"])
    assert points[0][1] == pytest.approx(place, abs=0.2)


def test_axes_are_labeled_at_round_numbers() -> None:
    assert ticks(Axis("", Kind.RATE, 1e-3, 1, is_log=True)) == pytest.approx([1e-3, 1e-2, 0.1, 1])
    assert ticks(Axis("", Kind.DISTANCE, 0, 0.5)) == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5])
    assert ticks(Axis("", Kind.COUNT, 1, 20)) == [5, 10, 15, 20]
    assert len(ticks(Axis("", Kind.RATE, 1e-10, 1, is_log=True))) <= 8
