"""Recognize, verify, set tau and say who somebody is, in a real browser."""

import base64
from pathlib import Path

from playwright.sync_api import expect

from faces.models import Face, Gallery, Person, Photo
from faces.services.photos import accept_photo
from faces.tasks import encode_photos
from tests.faces import photographs
from tests.faces.pages.browser.conftest import Open

PASTE = """(encoded) => {
  const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], "pasted.jpg", { type: "image/jpeg" }));
  document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""


def test_a_chosen_photo_is_recognized_and_leads_to_the_person(open_page: Open, eileen: Person, probe: Path) -> None:
    page = open_page("/admin/recognize/")
    page.set_input_files("[name=photo]", probe)  # sent as soon as it is chosen
    expect(page.locator(".f-verdict")).to_contain_text("Eileen Collins")
    expect(page.locator("a.f-box-match")).to_have_count(1)
    page.locator(".f-verdict a").click()
    page.wait_for_url(f"**/admin/people/{eileen.pk}/")


def test_a_pasted_photo_is_recognized(open_page: Open, eileen: Person, probe: Path) -> None:
    page = open_page("/admin/recognize/")
    page.evaluate(PASTE, base64.b64encode(probe.read_bytes()).decode())
    expect(page.locator(".f-verdict")).to_contain_text("Eileen Collins")


def test_a_claim_is_verified_against_a_person_found_by_typing(open_page: Open, eileen: Person, probe: Path) -> None:
    page = open_page("/admin/verify/")
    page.set_input_files("[name=photo]", probe)
    page.get_by_role("combobox", name="Person").press_sequentially("eil")
    page.locator(".f-option", has_text="Eileen Collins").click()
    page.get_by_role("button", name="Compare").click()
    expect(page.locator(".f-verdict")).to_contain_text("The same person: Eileen Collins")
    expect(page.locator(".f-pair img")).to_have_count(2)


def test_a_photo_is_verified_against_a_stored_one_found_by_who_is_on_it(
    open_page: Open, eileen: Person, probe: Path
) -> None:
    page = open_page("/admin/verify/")
    page.set_input_files("[name=photo]", probe)
    page.get_by_text("A stored photo", exact=True).click()
    page.get_by_role("combobox", name="Photo of the gallery").press_sequentially("collins")
    page.locator(".f-option", has_text="Eileen Collins.jpg").click()
    page.get_by_role("button", name="Compare").click()
    expect(page.locator(".f-verdict")).to_contain_text("The same person: Eileen Collins")


def test_only_the_fields_of_the_chosen_comparison_are_shown(open_page: Open, gallery: Gallery) -> None:
    page = open_page("/admin/verify/")
    person, other = page.get_by_role("combobox", name="Person"), page.locator("[data-shown-for=upload]")
    expect(person).to_be_visible()
    expect(other).to_be_hidden()
    page.get_by_text("Another photo", exact=True).click()
    expect(person).to_be_hidden()
    expect(other).to_be_visible()


def test_a_tau_set_on_its_page_decides_the_next_recognition(open_page: Open, eileen: Person, probe: Path) -> None:
    page = open_page("/admin/thresholds/")
    page.get_by_role("row").filter(has_text="Recognition").first.get_by_role("link", name="Change").click()
    page.get_by_label("tau", exact=True).fill("0.0001")
    page.get_by_label("Why").fill("Nobody shall match")
    page.get_by_role("button", name="Set tau").click()
    expect(page.get_by_text("tau is 0.0001 now")).to_be_visible()
    page.goto("/admin/recognize/")
    page.set_input_files("[name=photo]", probe)
    expect(page.locator(".f-verdict")).to_contain_text("Nobody in this gallery")
    page.goto("/admin/thresholds/")
    page.get_by_role("row").filter(has_text="Recognition").first.get_by_role("link", name="Change").click()
    page.get_by_role("row").filter(has_text="Factory value").get_by_role("button", name="Restore").click()
    page.goto("/admin/recognize/")
    page.set_input_files("[name=photo]", probe)
    expect(page.locator(".f-verdict")).to_contain_text("Eileen Collins")


def test_an_unknown_face_is_given_to_a_new_person_by_keyboard_alone(open_page: Open, gallery: Gallery) -> None:
    photo = accept_photo(gallery=gallery, data=photographs.jpeg(photographs.grace_hopper())).photo
    encode_photos([photo.pk])
    page = open_page(f"/admin/photos/{photo.key}/")
    field = page.get_by_role("combobox", name="Who is it?")
    field.press_sequentially("Grace Hopper")
    expect(page.locator(".f-option", has_text="New: Grace Hopper")).to_be_visible()
    field.press("ArrowDown")
    field.press("Enter")
    page.get_by_role("button", name="Assign").click()
    expect(page.get_by_text("The face is Grace Hopper's now")).to_be_visible()
    assert Face.objects.get().person == Person.objects.get(name="Grace Hopper")


def test_ticked_photos_are_deleted_after_a_question(open_page: Open, eileen: Person) -> None:
    page = open_page("/admin/photos/")
    delete = page.get_by_role("button", name="Delete…")
    expect(delete).to_be_disabled()
    page.get_by_label("All on this page").check()
    expect(page.get_by_text("· 1 ticked")).to_be_visible()
    delete.click()
    page.get_by_role("button", name="Delete 1 photo").click()
    expect(page.get_by_text("1 photos are deleted")).to_be_visible()
    assert not Photo.objects.exists()
