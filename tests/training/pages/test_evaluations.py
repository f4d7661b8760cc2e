"""Evaluations on pages: the list, a report, its files, and asking for one."""

from collections.abc import Callable
from dataclasses import replace
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags
from pytest_django import DjangoAssertNumQueries

from faces.models import Gallery, Job, PairClassifier
from tests import factories
from tests.faces.pages.test_people import said
from tests.training.measured import confusing, enroll, made, report
from training.metrics.figures import FORMAT, Rate
from training.models import EvaluationReport
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


def text_of(client: Client, address: str) -> str:
    """What a page says, in one line."""
    return " ".join(unescape(strip_tags(client.get(address).content.decode())).split())


def page_of(stored: EvaluationReport) -> str:
    return reverse("training:evaluation", args=[stored.pk])


def test_the_list_shows_each_gallery_with_its_newest_figures(client: Client, gallery: Gallery) -> None:
    report(gallery=gallery)
    newest = report(gallery=gallery, figures=made(40))
    factories.gallery(name="Visitors")
    page = client.get(reverse("training:evaluations"))
    rows = {row.gallery.name: row for row in page.context["galleries"]}
    assert rows["Staff"].line.report == newest
    assert rows["Staff"].line.size == 40
    assert rows["Visitors"].line is None
    assert "never measured" in page.content.decode()


def test_a_line_says_what_is_missed_where_a_false_rate_is_held(client: Client, stored: EvaluationReport) -> None:
    figures = made()
    missed = next(row.missed for row in figures.recognition.at_fpir if row.asked == 0.01)
    text = text_of(client, reverse("training:evaluations"))
    assert missed is not None
    assert missed.value is not None
    assert f"Letting 1 in 100 strangers through, {percent(missed.value)} of the known are not recognized" in text


def test_a_report_without_figures_is_listed_as_one_that_says_nothing(client: Client, gallery: Gallery) -> None:
    stored = report(gallery=gallery)
    EvaluationReport.objects.update(figures={})
    assert "Recognition: too few to say. Verification: too few to say." in text_of(
        client, reverse("training:evaluations")
    )
    assert client.get(page_of(stored)).status_code == 409


def test_all_reports_are_listed_newest_first_and_those_of_one_gallery_alone(client: Client, gallery: Gallery) -> None:
    first, second = report(gallery=gallery), report(gallery=gallery)
    other = report(gallery=factories.gallery())
    pairs = EvaluationReport.objects.create(
        kind="pairs",
        encoder_version=gallery.encoder_version,
        measured_on="a file",
        people=1,
        photos=1,
        mated=1,
        non_mated=1,
    )
    page = client.get(reverse("training:evaluations"))
    assert [line.report for line in page.context["lines"]] == [other, second, first]
    assert pairs not in [line.report for line in page.context["lines"]]
    one = client.get(reverse("training:evaluations"), {"gallery": gallery.pk})
    assert [line.report for line in one.context["lines"]] == [second, first]
    assert [row.gallery for row in one.context["galleries"]] == [gallery]


@pytest.mark.parametrize("asked", ["0", "x", "999999", "9" * 30, "%00", "-1", "\u0661"])
def test_a_gallery_that_there_is_not_shows_all(client: Client, stored: EvaluationReport, asked: str) -> None:
    page = client.get(f"{reverse('training:evaluations')}?gallery={asked}")
    assert [line.report for line in page.context["lines"]] == [stored]


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
        "recognition-ranks",
    ):
        assert f'data-chart="chart-{key}"' in page
        assert f'<script id="chart-{key}" type="application/json">' in page
    assert page.count("<canvas") == page.count("In numbers") == 11


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


def test_measuring_makes_a_job_and_leads_to_it(client: Client, gallery: Gallery) -> None:
    enroll(gallery, 2)
    answer = client.post(reverse("training:evaluation-measure", args=[gallery.pk]))
    job = Job.objects.get(kind=Job.Kind.EVALUATION)
    assert answer["Location"] == reverse("pages:job", args=[job.key])
    assert (job.gallery, job.created_by and job.created_by.username) == (gallery, "ada")
    page = client.get(reverse("training:evaluations"))
    assert page.context["galleries"][0].job == job
    assert "Being measured" in page.content.decode()


def test_measuring_twice_at_once_is_refused_in_words(client: Client, gallery: Gallery) -> None:
    enroll(gallery, 2)
    address = reverse("training:evaluation-measure", args=[gallery.pk])
    client.post(address)
    assert "is under way already" in said(client.post(address, headers={"Referer": "http://testserver/admin/"}))
    assert Job.objects.filter(kind=Job.Kind.EVALUATION).count() == 1


def test_measuring_an_empty_gallery_is_refused_in_words(client: Client, gallery: Gallery) -> None:
    answer = client.post(reverse("training:evaluation-measure", args=[gallery.pk]))
    assert "Nobody is enrolled in gallery" in said(answer)
    assert not Job.objects.exists()


def test_a_finished_job_leads_to_its_report(client: Client, stored: EvaluationReport) -> None:
    job = factories.job(gallery=stored.gallery, kind=Job.Kind.EVALUATION, state=Job.State.QUEUED)
    address = reverse("pages:job", args=[job.key])
    assert "Show what it came to" not in client.get(address).content.decode()
    Job.objects.update(state=Job.State.SUCCEEDED, finished_at=timezone.now(), result={"report": stored.pk})
    assert f'href="{page_of(stored)}">Show what it came to' in client.get(address).content.decode()


def test_a_gallery_s_page_leads_to_its_error_rates(
    client: Client, gallery: Gallery, staff_with: Callable[..., Client]
) -> None:
    link = f"{reverse('training:evaluations')}?gallery={gallery.pk}"
    address = reverse("pages:gallery", args=[gallery.pk])
    assert link in client.get(address).content.decode()
    assert link not in staff_with("faces.view_gallery").get(address).content.decode()


def test_whoever_may_only_look_is_not_offered_to_measure(
    gallery: Gallery, stored: EvaluationReport, staff_with: Callable[..., Client]
) -> None:
    looking = staff_with("training.view_evaluationreport")
    page = looking.get(reverse("training:evaluations"))
    assert page.status_code == 200
    address = reverse("training:evaluation-measure", args=[gallery.pk])
    assert address not in page.content.decode()
    assert looking.post(address).status_code == 403
    assert looking.get(page_of(stored)).status_code == 200
    assert looking.get(reverse("training:evaluation-export", args=[stored.pk, "csv"])).status_code == 200
    measuring = staff_with("training.view_evaluationreport", "training.add_evaluationreport")
    assert address in measuring.get(reverse("training:evaluations")).content.decode()
    assert staff_with("faces.view_gallery").get(page_of(stored)).status_code == 403


def test_whoever_may_see_no_photos_is_shown_none(gallery: Gallery, staff_with: Callable[..., Client]) -> None:
    stored = report(gallery=gallery, figures=confusing(made(), enroll(gallery, 2), [0.1]))
    page = staff_with("training.view_evaluationreport").get(page_of(stored)).content.decode()
    assert "<img" not in page.partition("Who is most alike")[2]
    assert "/crop/" not in page


def test_the_list_costs_a_fixed_number_of_queries(
    client: Client, stored: EvaluationReport, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(8):
        other = factories.gallery()
        report(gallery=other)
        report(gallery=other)
    client.get(reverse("training:evaluations"))
    with django_assert_num_queries(SIGNED_IN + 5):  # galleries, their newest, jobs, how many reports, a page of them
        client.get(reverse("training:evaluations"))


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
