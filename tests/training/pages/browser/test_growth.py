"""The page of a gallery's growth in a real browser: it answers while one types, and fits a telephone."""

import re

from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import expect

from tests import factories
from tests.faces.pages.browser.conftest import Open
from tests.training.measured import enroll, report

SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def test_it_answers_while_one_types_and_fits_a_telephone(open_page: Open, ada: User) -> None:
    gallery = factories.gallery(name="A gallery whose name never ends " * 3)
    enroll(gallery, 2)
    report(gallery=gallery)
    page = open_page(reverse("training:growth", args=[gallery.encoder_version_id, gallery.pk]), width=390)
    answer = page.locator("#g-answer")
    expect(answer).to_contain_text("With 20 people counted", use_inner_text=True)

    page.get_by_label("With how many people?").fill("60")
    expect(answer).to_contain_text("With 60 people")
    page.get_by_label("and at most").select_option("10")
    expect(answer).to_contain_text(re.compile(r"tau \d\.\d+ holds 1 in 10(?!\d)"))
    page.get_by_label("With how many people?").fill("600")
    expect(answer).to_contain_text("projected")

    expect(page.locator("[data-chart=chart-people] canvas")).to_be_attached()
    assert page.evaluate(SIDEWAYS) == 0
    assert "people=" not in page.url
