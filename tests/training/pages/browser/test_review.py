"""Questions in a real browser: answered by keys, undone, on a laptop and a telephone."""

import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from faces.models import Face, Gallery, Person
from tests import factories
from tests.faces.pages.browser.conftest import Open
from tests.training.models.factories import question
from training.models import ReviewItem

SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def items(ada: User) -> list[ReviewItem]:
    """Two people under two names, then a face under a wrong one."""
    gallery: Gallery = factories.gallery(name="Crew")
    asked = []
    for number, kind in enumerate(("duplicate_person", "wrong_label")):
        people = [
            factories.person(gallery=gallery, name=f"{name} with a long name {number}") for name in ("Ada", "Grace")
        ]
        faces = [factories.face(person=person) for person in people for _ in range(3)]
        asked.append(question(faces[0], faces[3], kind=kind, by_chance=number))
    return asked


@pytest.mark.parametrize("width", [1280, 390])
def test_questions_are_answered_by_keys_and_the_last_answer_is_undone(
    open_page: Open, items: list[ReviewItem], width: int
) -> None:
    page = open_page("/admin/questions/", width=width)
    expect(page.get_by_role("heading", name="Are these the same person?")).to_be_visible()
    assert page.evaluate(SIDEWAYS) <= 0
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("heading", name=re.compile("Is this face really Ada"))).to_be_visible()
    assert page.evaluate(SIDEWAYS) <= 0
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("s")
    expect(page.get_by_role("status")).to_contain_text("was merged into")
    expect(page.get_by_text("1 of 2 answered")).to_be_visible()
    assert Person.objects.filter(merged_into__isnull=False).count() == 1
    page.keyboard.press("u")
    expect(page.get_by_text("0 of 2 answered")).to_be_visible()
    assert not Person.objects.filter(merged_into__isnull=False).exists()


def test_a_wrong_label_is_told_without_a_mouse(open_page: Open, items: list[ReviewItem]) -> None:
    page = open_page("/admin/questions/")
    page.keyboard.press("w")
    page.keyboard.press("ArrowDown")  # the second face
    page.get_by_label("Neither: it belongs to nobody for now").check()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("belongs to nobody now")
    assert Face.objects.get(pk=items[0].second_face_id).person is None


def test_answers_need_no_scripts(open_page: Open, items: list[ReviewItem]) -> None:
    page = open_page("/admin/questions/", scripts=False)
    page.get_by_role("button", name=re.compile("Two people")).click()
    expect(page.get_by_role("status")).to_contain_text("only look alike")
    assert ReviewItem.objects.get(pk=items[0].pk).answer == ReviewItem.Answer.DIFFERENT
