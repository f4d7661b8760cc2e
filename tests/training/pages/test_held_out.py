"""Reports of people who were held out from training, on their page."""

import csv
import io
import json
import re

import pytest
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.training import measured
from tests.training.pages.evaluations import page_of, text_of
from tests.training.services.held_out import held_out
from tests.training.services.test_held_out import judged
from training.models import EvaluationReport

pytestmark = pytest.mark.django_db


@pytest.fixture
def report() -> EvaluationReport:
    return judged(held_out(after=0.4))


def parent_of(report: EvaluationReport) -> EvaluationReport:
    return EvaluationReport.objects.get(training_run=report.training_run, compared_with=None)


def test_a_report_says_how_the_candidate_compares_with_its_parent(client: Client, report: EvaluationReport) -> None:
    text = text_of(client, page_of(report))

    assert f"People who were held out from training run {report.training_run_id}" in text
    assert "The candidate is better than its parent." in text
    assert (
        "Of 90 mated comparisons, 87 match instead of 80 at an FMR of 1 in 100; the difference is +7.8 points" in text
    )


def test_the_pages_of_the_two_versions_lead_to_each_other(client: Client, report: EvaluationReport) -> None:
    parent = parent_of(report)

    there, back = text_of(client, page_of(report)), text_of(client, page_of(parent))

    assert f"This is the candidate's report. The report of its parent, {parent.encoder_version}" in there
    assert f"This is the parent's report. The report of the candidate, {report.encoder_version}" in back
    assert "The candidate is better than its parent." in back


def test_both_curves_are_in_one_chart(client: Client, report: EvaluationReport) -> None:
    page = client.get(page_of(report)).content.decode()

    found = re.search(r'<script id="chart-beside-photo" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert found
    lines = json.loads(found[1])["lines"]
    assert [line["name"] for line in lines] == ["The parent", "The candidate"]
    assert lines[0]["y"] != lines[1]["y"]


def test_a_newer_report_of_held_out_people_does_not_make_a_gallerys_own_an_old_one(
    client: Client, report: EvaluationReport
) -> None:
    assert report.gallery is not None
    own = measured.report(gallery=report.gallery)
    judged_again = EvaluationReport.objects.get(pk=report.pk)
    judged_again.pk = None
    judged_again.save()

    assert "newer report" not in text_of(client, page_of(own))
    assert "newer report" not in text_of(client, page_of(report))


def test_a_report_of_held_out_people_cannot_be_measured_again(client: Client, report: EvaluationReport) -> None:
    text = text_of(client, page_of(report))

    assert "Measure again" not in text
    assert "No tau was set" not in text


def test_a_report_that_stands_alone_says_so(client: Client, report: EvaluationReport) -> None:
    parent = parent_of(report)
    report.delete()

    text = text_of(client, page_of(parent))

    assert "The report of the candidate is deleted" in text


def test_its_files_say_how_the_candidate_compares(client: Client, report: EvaluationReport) -> None:
    def exported(form: str) -> str:
        return client.get(reverse("training:evaluation-export", args=[report.pk, form])).content.decode()

    told = json.loads(exported("json"))
    assert told["report"]["compared_with"]["id"] == report.compared_with_id
    assert told["report"]["difference"] == report.difference
    assert told["snapshot"]["comparison"]["outcome"] == "better"
    assert {len(pair) for pair in told["changed_pairs"]} == {5}
    rows = {row["series"]: row for row in csv.DictReader(io.StringIO(exported("csv")))}
    assert float(rows["photo.tar_difference"]["value"]) == report.difference
    assert float(rows["photo.tar_difference"]["low"]) == report.difference_low
    assert float(rows["photo.tar_candidate"]["value"]) - float(rows["photo.tar_parent"]["value"]) == pytest.approx(
        report.difference, abs=1e-5
    )
    page = exported("html")
    assert "The candidate is better than its parent." in page
    assert f"training run {report.training_run_id}" in page


def test_the_list_of_evaluations_has_candidates_with_their_verdict(client: Client, report: EvaluationReport) -> None:
    other = factories.gallery(name="Visitors")

    text = text_of(client, reverse("training:evaluations"))

    assert "Candidates, by people held out from training" in text
    assert f"{report.encoder_version} 30 better TAR at FMR 1 in 100: 89" in text.replace("\u00a0", " ")
    assert "All reports" not in text  # of galleries there are none
    only = text_of(client, f"{reverse('training:evaluations')}?gallery={other.pk}")
    assert "held out from training" not in only
