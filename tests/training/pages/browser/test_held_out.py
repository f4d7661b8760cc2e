"""Candidate and parent in a real browser: both curves drawn in one chart, readable on a telephone."""

import pytest
from django.contrib.auth.models import User

from tests.faces.pages.browser.conftest import Open
from tests.training.pages.browser.test_charts import DATA, IS_DRAWN, SIDEWAYS
from tests.training.services.held_out import held_out
from tests.training.services.test_held_out import judged
from training.models import EvaluationReport, TrainingRun


@pytest.fixture
def report(ada: User) -> EvaluationReport:
    made = held_out(40, before=0.8, after=0.5)
    TrainingRun.objects.filter(pk=made.run.pk).update(candidate=made.candidate)
    return judged(made)


def test_both_versions_are_drawn_in_one_chart(open_page: Open, report: EvaluationReport) -> None:
    page = open_page(f"/admin/evaluations/{report.pk}/")

    page.locator("[data-chart=chart-beside-photo]").scroll_into_view_if_needed()
    page.wait_for_function(IS_DRAWN, arg="beside-photo")
    before, after = (page.evaluate(DATA, ["beside-photo", line]) for line in (0, 1))
    assert before != after


def test_a_telephone_shows_it_without_moving_sideways(open_page: Open, report: EvaluationReport) -> None:
    for address in (
        f"/admin/evaluations/{report.pk}/",
        f"/admin/encoder-versions/{report.encoder_version_id}/training/",
    ):
        page = open_page(address, width=390)
        assert page.evaluate(SIDEWAYS) == 0
