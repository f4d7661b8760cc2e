"""Reports of people who were held out from training, on their page."""

import pytest
from django.test import Client
from django.urls import reverse

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
    assert "Of 90 mated comparisons, 87 match instead of 80 at an FMR of 1 in 100; the difference is +7.8 points" in text
