"""Add photos in a real browser."""

import base64
from pathlib import Path

from playwright.sync_api import Route, expect

from faces.models import Face, Gallery, Job, Person, Photo
from faces.tasks import encode_photos
from tests.faces import photographs
from tests.faces.pages.browser.conftest import Open


def people(folder: Path) -> Path:
    """A folder for each of two people, a text that is called a photo, and a hidden file."""
    for name, image in (("Eileen Collins", photographs.astronaut()), ("Grace Hopper", photographs.grace_hopper())):
        (folder / name).mkdir(parents=True)
        (folder / name / "portrait.jpg").write_bytes(photographs.jpeg(image))
    (folder / "Grace Hopper" / "notes.jpg").write_text("no picture")
    (folder / "Grace Hopper" / ".hidden").write_text("not sent")
    return folder


def never_ends(route: Route) -> None:
    """Holds a request, as a slow line does."""


def test_a_folder_for_each_person_is_sent_with_progress_and_encoded(
    open_page: Open, gallery: Gallery, tmp_path: Path
) -> None:
    page = open_page("/admin/upload/")
    page.get_by_text("One folder a person").click()
    page.set_input_files("[data-upload-folder]", people(tmp_path / "people"))
    expect(page.get_by_text("2 taken in, 1 refused")).to_be_visible()
    expect(page.locator(".f-line", has_text="notes.jpg")).to_contain_text("The file is not a picture")
    expect(page.get_by_role("progressbar", name="Sent")).to_have_attribute("aria-valuenow", "100")
    expect(page.get_by_text("0 of 2 photos")).to_be_visible()
    encode_photos(list(Photo.objects.values_list("pk", flat=True)))
    expect(page.get_by_text("2 of 2 photos")).to_be_visible()
    expect(page.locator("[data-job-state=succeeded]")).to_be_visible()
    assert set(Person.objects.values_list("name", flat=True)) == {"Eileen Collins", "Grace Hopper"}
    assert Face.objects.enrolled().count() == 2


DROP = """(area, texts) => {
  const data = new DataTransfer();
  texts.forEach(([name, encoded]) => {
    const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
    data.items.add(new File([bytes], name, { type: "image/jpeg" }));
  });
  area.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
}"""


def test_dropped_photos_are_sent_for_the_person_that_was_typed(open_page: Open, gallery: Gallery) -> None:
    portrait = base64.b64encode(photographs.jpeg(photographs.grace_hopper())).decode()
    page = open_page("/admin/upload/")
    page.get_by_text("One person").click()
    page.get_by_role("combobox", name="Person").fill("Grace Hopper")
    page.locator("[data-upload-drop]").evaluate(DROP, [["one.jpg", portrait]])
    expect(page.get_by_text("1 taken in")).to_be_visible()
    assert Photo.objects.get().portrait_of == Person.objects.get(name="Grace Hopper")


def test_a_file_over_the_limit_is_refused_before_it_is_sent(open_page: Open, gallery: Gallery, tmp_path: Path) -> None:
    large = tmp_path / "large.jpg"
    with large.open("wb") as file:
        file.truncate(51 * 1024 * 1024)
    page = open_page("/admin/upload/")
    page.locator("[data-upload-drop] input").set_input_files(large)
    expect(page.locator(".f-line", has_text="large.jpg")).to_contain_text("At most 50 MB are accepted")
    expect(page.get_by_text("Nothing was sent")).to_be_visible()
    assert not Job.objects.exists()


def test_an_upload_that_is_cancelled_stops_and_keeps_what_a_worker_began(
    open_page: Open, gallery: Gallery, tmp_path: Path
) -> None:
    folder = people(tmp_path / "people")
    page = open_page("/admin/upload/")
    page.route("**/photos/", never_ends)
    page.get_by_text("One folder a person").click()
    with page.expect_request("**/photos/"):
        page.set_input_files("[data-upload-folder]", folder)
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("[data-upload-heading]")).to_have_text("Cancelled")
    assert not Photo.objects.exists()
    assert not Job.objects.exists(), "nothing was taken in, so there is nothing to follow"


def test_without_scripts_a_plain_form_does(open_page: Open, gallery: Gallery, tmp_path: Path) -> None:
    folder = people(tmp_path / "people") / "Grace Hopper"
    page = open_page("/admin/upload/", scripts=False)
    page.set_input_files("[name=photos]", [folder / "portrait.jpg", folder / "notes.jpg"])
    page.get_by_role("button", name="Add the photos").click()
    expect(page.get_by_role("heading", name="1 taken in, 1 refused")).to_be_visible()
    assert Photo.objects.get().name == "portrait.jpg"
