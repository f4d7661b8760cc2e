"""Evaluations on pages: the list, asking for one, and the ways to them."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from faces.models import Gallery, Job
from tests import factories
from tests.faces.pages.test_people import said
from tests.training.measured import enroll, made, report
from tests.training.pages.evaluations import page_of, text_of
from training.models import EvaluationReport
from training.services.report_words import percent

SIGNED_IN = 2  # the session and its user


@pytest.fixture
def gallery(db: None) -> Gallery:
    return factories.gallery(name="Staff")


@pytest.fixture
def stored(gallery: Gallery) -> EvaluationReport:
    return report(gallery=gallery, snapshot={"seed": 7, "resamples": 40, "faces": 240, "is_complete": True})


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


def test_the_list_costs_a_fixed_number_of_queries(
    client: Client, stored: EvaluationReport, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(8):
        other = factories.gallery()
        report(gallery=other)
        report(gallery=other)
    client.get(reverse("training:evaluations"))
    with django_assert_num_queries(SIGNED_IN + 6):  # galleries, their newest, jobs, reports, a page of them, candidates
        client.get(reverse("training:evaluations"))
