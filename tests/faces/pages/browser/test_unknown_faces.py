"""Unknown faces in a real browser: ticked, named and merged, with the keyboard alone."""

import re

from playwright.sync_api import expect

from faces.models import Face, Gallery, Person, ProbablePerson
from tests import factories
from tests.faces.pages.browser.conftest import Open

SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def probable(gallery: Gallery, *, axis: int = 0) -> ProbablePerson:
    row = factories.probable_person(gallery=gallery)
    for number in range(3):
        vector = factories.at_distance(0.02, of=axis, towards=64 + number)
        factories.face(photo=factories.photo(gallery=gallery), vector=vector, probable_person=row)
    return row


def test_a_group_is_named_with_the_keyboard_without_a_face_that_is_ticked(open_page: Open, gallery: Gallery) -> None:
    row = probable(gallery)
    page = open_page(f"/admin/unknown-faces/?gallery={gallery.pk}")
    page.get_by_role("link", name="3 faces of one person, probably").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"/unknown-faces/{row.pk}/"))
    take_out = page.get_by_role("button", name="Take the ticked faces out")
    expect(take_out).to_be_disabled()
    page.get_by_role("checkbox", name="Face 2 shows somebody else").focus()
    page.keyboard.press("Space")
    expect(take_out).to_be_enabled()
    expect(page.get_by_text("1 ticked")).to_be_visible()
    page.get_by_label("Name").focus()
    page.keyboard.type("Sally Ride")
    expect(page.get_by_role("option", name="New: Sally Ride")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/unknown-faces/\?gallery="))
    expect(page.get_by_text("2 faces are Sally Ride's now")).to_be_visible()
    assert Person.objects.get().faces.count() == 2
    assert Face.objects.filter(person=None).count() == 1


def test_a_face_is_ticked_by_a_click_on_its_picture_and_taken_out(open_page: Open, gallery: Gallery) -> None:
    row = probable(gallery)
    page = open_page(f"/admin/unknown-faces/{row.pk}/")
    page.get_by_role("img", name="Face 1").click()
    page.get_by_role("button", name="Take the ticked faces out").click()
    expect(page.get_by_text("One face is taken out")).to_be_visible()
    assert row.faces.count() == 2


def test_a_group_that_looks_alike_is_offered_and_merged(open_page: Open, gallery: Gallery) -> None:
    row, other = probable(gallery), probable(gallery, axis=1)
    page = open_page(f"/admin/unknown-faces/{row.pk}/")
    page.get_by_role("button", name="Same person").click()
    page.wait_for_url(re.compile(f"/unknown-faces/{other.pk}/"))
    assert other.faces.count() == 6


def test_the_grouping_is_followed_until_it_is_over(open_page: Open, gallery: Gallery) -> None:
    probable(gallery)
    page = open_page(f"/admin/unknown-faces/?gallery={gallery.pk}")
    page.get_by_role("button", name="Group unknown faces").click()
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Group unknown faces")).to_be_visible()


def test_no_page_of_unknown_faces_is_wider_than_a_telephone(open_page: Open, gallery: Gallery) -> None:
    known = factories.person(gallery=gallery, name="A name that never ends " * 10)
    factories.face(person=known, vector=factories.axis(0))
    row, _ = probable(gallery), probable(gallery, axis=1)
    page = open_page(f"/admin/unknown-faces/?gallery={gallery.pk}", width=390)
    assert page.evaluate(SIDEWAYS) == 0
    page.goto(f"/admin/unknown-faces/{row.pk}/")
    page.get_by_role("link", name="Say who it is").click()
    page.mouse.wheel(0, 2000)
    expect(page.get_by_text("Is it the same person as these?")).to_be_visible()
    assert page.evaluate(SIDEWAYS) == 0
