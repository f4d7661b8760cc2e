"""One evaluation on its page: figures in words, curves with their tables, who is most alike, and its files."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from faces.models import Gallery, Job, PairClassifier
from tests import factories
from tests.training.measured import confusing, enroll, made, report
from tests.training.pages.evaluations import page_of, text_of
from training.metrics.figures import FORMAT, Rate
from training.models import EvaluationReport
from training.services.report_summary import sizes_at_tau
from training.services.report_words import interval, one_in, percent, rate_at

SIGNED_IN = 2  # the session and its user

RELIABILITY = {
    "brier": {"value": 0.01, "low": 0.005, "high": 0.02},
    "log_loss": {"value": 0.05, "low": 0.04, "high": 0.06},
    "calibration_error": {"value": 0.02, "low": 0.01, "high": 0.03},
    "constant_brier": 0.25,
    "bins": [
        {"low": 0, "high": 0.5, "claimed": 0.2, "seen": 0.25, "share": 0.5, "comparisons": 50, "people": 30},
        {"low": 0.5, "high": 0.9, "claimed": None, "seen": None, "share": 0, "comparisons": 0, "people": 0},
        {"low": 0.9, "high": 1, "claimed": 0.95, "seen": 0.9, "share": 0.5, "comparisons": 50, "people": 30},
    ],
}


@pytest.fixture
def gallery(db: None) -> Gallery:
    return factories.gallery(name="Staff")


@pytest.fixture
def stored(gallery: Gallery) -> EvaluationReport:
    return report(gallery=gallery, snapshot={"seed": 7, "resamples": 40, "faces": 240, "is_complete": True})


def test_a_report_says_the_rates_at_the_taus_in_force_with_their_intervals(
    client: Client, stored: EvaluationReport
) -> None:
    figures = made()
    text = text_of(client, page_of(stored))
    for series, use in (
        (figures.recognition.fpir, "recognition"),
        (figures.recognition.fnir, "recognition"),
        (figures.person.fnmr, "verification"),
    ):
        rate = rate_at(series, figures.taus, figures.tau[use])
        assert rate.value
        assert one_in(rate.value) in text
        assert f"95 % interval {interval(rate)}" in text


def test_a_rate_without_an_error_is_bounded_and_never_said_to_be_zero(client: Client, gallery: Gallery) -> None:
    figures = made()
    none = [0.0] * len(figures.taus)
    fmr = replace(figures.person.fmr, value=none, low=none, high=[0.004] * len(none), people=[0] * len(none))
    stored = report(gallery=gallery, figures=replace(figures, person=replace(figures.person, fmr=fmr)))
    text = text_of(client, page_of(stored))
    assert f"none No impostor was accepted in {fmr.trials:,.0f} tries." in text
    assert "FMR at most 0.4 % (rule of three)" in text


def test_a_report_says_where_there_are_too_few_people_to_say(client: Client, gallery: Gallery) -> None:
    text = text_of(client, page_of(report(gallery=gallery, figures=made(6))))
    assert "too few people to say" in text
    assert "rule of three" in text


def test_a_report_says_what_it_was_measured_on(client: Client, stored: EvaluationReport) -> None:
    text = text_of(client, page_of(stored))
    assert stored.measured_on in text
    assert "240 enrolled (all of them)" in text
    assert "seed 7, 40 resamples" in text
    assert stored.encoder_version.weights_sha256[:16] in text


def test_every_chart_has_its_data_and_a_table(client: Client, stored: EvaluationReport) -> None:
    page = client.get(page_of(stored)).content.decode()
    for key in (
        "person-det",
        "person-rates",
        "person-distances",
        "photo-det",
        "recognition-sizes",
        "recognition-sizes-missed",
        "recognition-ranks",
    ):
        assert f'data-chart="chart-{key}"' in page
        assert f'<script id="chart-{key}" type="application/json">' in page
    assert page.count("<canvas") == page.count("In numbers") == 12


def test_each_number_of_people_has_its_rates_once(client: Client, stored: EvaluationReport) -> None:
    page = client.get(page_of(stored)).content.decode()
    text = text_of(client, page_of(stored))
    assert page.count('data-label="Rank 1"') == 4
    assert page.count("with everybody") == 1
    assert "with some of them" not in page
    for row in sizes_at_tau(made()):
        assert row.fnir.value is not None
        assert row.first.value is not None
        assert f"{percent(row.fnir.value)} {interval(row.fnir)}" in text
        assert f"{percent(row.first.value)} {percent(row.first.low or 0)} to {percent(row.first.high or 0)}" in text


def test_groups_are_compared_and_small_ones_only_counted(client: Client, gallery: Gallery) -> None:
    figures = made()
    small = replace(figures.groups[0], value="Night shift", people=4, rates={}, differences={})
    stored = report(gallery=gallery, figures=replace(figures, groups=[*figures.groups, small]))
    text = text_of(client, page_of(stored))
    assert "By “site”" in text
    assert "By quality of the photo" in text
    assert f"Night shift 4 {small.faces} too few people to be told of" in text


def test_the_nearest_people_are_shown_with_their_faces(client: Client, gallery: Gallery) -> None:
    faces = enroll(gallery, 4)
    stored = report(gallery=gallery, figures=confusing(made(), faces, [0.1, 0.7]))
    page = client.get(page_of(stored)).content.decode()
    assert "1 pair of people of this gallery lies within tau" in page
    for face in faces:
        assert reverse("pages:face-crop", args=[face.photo.key, face.pk, 320]) in page


def test_probabilities_are_judged_where_there_are_any(client: Client, stored: EvaluationReport) -> None:
    assert 'id="probability"' not in client.get(page_of(stored)).content.decode()
    true = {"value": 0.9, "low": 0.8, "high": 0.95}
    better = {"value": 0.99, "low": 0.97, "high": 1.0}
    for compares, claimed in (("person", true), ("search", better)):
        PairClassifier.objects.create(
            encoder_version=stored.encoder_version,
            gallery=stored.gallery,
            compares=compares,
            is_calibrated=True,
            parameters={"format": 1},
            people=90,
            figures={
                "format": 1,
                "reliability": RELIABILITY,
                "at_false_rate": {
                    "distance": {"rate": 0.001, "score": 0.3, "true": true},
                    "probability": {"rate": 0.001, "score": -0.7, "true": claimed},
                },
            },
        )
    text = text_of(client, page_of(stored))
    assert "claiming the same of everything has 0.2500" in text
    assert "0.0100 0.0050 to 0.0200" in text
    assert "Where FMR is held at 1 in 1,000, the probability finds 90 % (80 % to 95 %) of the right answers" in text
    assert "It does not beat the distance alone" in text
    assert "It beats the distance alone" in text
    assert 'id="chart-probability-person"' in client.get(page_of(stored)).content.decode()


def test_probabilities_of_another_format_are_named_and_not_guessed_at(client: Client, stored: EvaluationReport) -> None:
    PairClassifier.objects.create(
        encoder_version=stored.encoder_version,
        gallery=stored.gallery,
        compares="person",
        is_calibrated=True,
        parameters={"format": 2},
        figures={"format": 2, "reliability": "otherwise"},
        people=90,
    )
    assert "told in answers" in text_of(client, page_of(stored))
    assert "claiming the same of everything has" not in text_of(client, page_of(stored))


def test_probabilities_belong_to_the_report_they_were_made_with(client: Client, stored: EvaluationReport) -> None:
    for number in range(2):
        report(gallery=stored.encoder_version.galleries.get())
        PairClassifier.objects.create(
            encoder_version=stored.encoder_version,
            gallery=stored.gallery,
            compares="person",
            is_calibrated=False,
            people=number,
            note=f"Only {number} people.",
        )
    newest = EvaluationReport.objects.latest("pk")
    assert "Only 1 people." in text_of(client, page_of(newest))
    assert "Only 0 people." not in text_of(client, page_of(newest))
    assert "Only" not in text_of(client, page_of(stored))


def test_an_older_report_says_that_there_is_a_newer_one(client: Client, stored: EvaluationReport) -> None:
    assert "There is a newer report" not in text_of(client, page_of(stored))
    report(gallery=stored.encoder_version.galleries.get())
    assert "There is a newer report" in text_of(client, page_of(stored))


def test_a_report_leads_to_the_next_measurement(client: Client, stored: EvaluationReport) -> None:
    assert "Measure again" in text_of(client, page_of(stored))
    job = factories.job(gallery=stored.gallery, kind=Job.Kind.EVALUATION, state=Job.State.QUEUED)
    page = client.get(page_of(stored)).content.decode()
    assert "Measure again" not in page
    assert reverse("pages:job", args=[job.key]) in page


def test_figures_of_another_format_are_explained(client: Client, stored: EvaluationReport) -> None:
    EvaluationReport.objects.update(figures={**stored.figures, "format": FORMAT + 1})
    answer = client.get(page_of(stored))
    assert answer.status_code == 409
    assert "Measure the gallery again" in answer.content.decode()


def test_a_report_that_is_not_there_says_so(client: Client) -> None:
    assert client.get(reverse("training:evaluation", args=[999999])).status_code == 404


@pytest.mark.parametrize(("form", "kind"), [("html", "text/html"), ("json", "application/json"), ("csv", "text/csv")])
def test_a_report_is_downloaded_as_a_file(client: Client, stored: EvaluationReport, form: str, kind: str) -> None:
    address = reverse("training:evaluation-export", args=[stored.pk, form])
    assert address in client.get(page_of(stored)).content.decode()
    answer = client.get(address)
    assert answer["Content-Type"].startswith(kind)
    assert answer["Content-Disposition"] == f'attachment; filename="facet-evaluation-{stored.pk}-staff.{form}"'
    assert answer["Content-Security-Policy"].startswith("default-src 'none'")
    assert "no-store" in answer["Cache-Control"]


def test_a_file_of_a_gallery_in_another_script_is_called_by_it(client: Client) -> None:
    stored = report(gallery=factories.gallery(name="Größe 人"))
    answer = client.get(reverse("training:evaluation-export", args=[stored.pk, "json"]))
    assert answer["Content-Disposition"].endswith("gr%C3%B6%C3%9Fe-%E4%BA%BA.json")


def test_a_form_that_there_is_not_is_refused(client: Client, stored: EvaluationReport) -> None:
    answer = client.get(reverse("training:evaluation-export", args=[stored.pk, "pdf"]))
    assert answer.status_code == 400
    assert "html, json, csv" in answer.content.decode()


def test_whoever_may_see_no_photos_is_shown_none(gallery: Gallery, staff_with: Callable[..., Client]) -> None:
    stored = report(gallery=gallery, figures=confusing(made(), enroll(gallery, 2), [0.1]))
    page = staff_with("training.view_evaluationreport").get(page_of(stored)).content.decode()
    assert "<img" not in page.partition("Who is most alike")[2]
    assert "/crop/" not in page


def test_a_report_costs_a_fixed_number_of_queries(
    client: Client, gallery: Gallery, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    stored = report(gallery=gallery, figures=confusing(made(), enroll(gallery, 24), [0.1] * 12))
    client.get(page_of(stored))
    with django_assert_max_num_queries(
        SIGNED_IN + 8
    ):  # the report, a newer one, classifiers, a job, four of the nearest
        client.get(page_of(stored))


def test_a_rate_that_nothing_was_tried_for_is_no_number(client: Client, gallery: Gallery) -> None:
    figures = made()
    fnmr = replace(figures.person.fnmr, trials=0)
    nothing = Rate(value=None, low=None, high=None, errors=0, trials=0, people=0)
    person = replace(figures.person, fnmr=fnmr, eer=nothing)
    text = text_of(client, page_of(report(gallery=gallery, figures=replace(figures, person=person))))
    assert "FNMR: nothing was tried." in text
