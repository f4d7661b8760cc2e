"""Every page in a real browser: no complaint in the console, and nothing wider than a telephone."""

import numpy as np
from playwright.sync_api import expect

from faces.models import EncoderVersion, Job, Person, Photo, SearchEvent
from faces.services.events import Asker, record_similar
from faces.services.similarity import similar_to_person
from tests import factories
from tests.faces.pages.browser.conftest import Open

SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def addresses(person: Person) -> list[str]:
    """Pages with something on them."""
    photo, job = Photo.objects.get(), Job.objects.get()
    twin = Person.objects.exclude(pk=person.pk).get()
    version = EncoderVersion.objects.get().pk
    paths = [
        "",
        "galleries/",
        f"galleries/{person.gallery_id}/",
        f"galleries/{person.gallery_id}/delete/",
        "people/",
        f"people/{person.pk}/",
        f"people/{person.pk}/edit/",
        f"people/{person.pk}/merge/",
        f"people/{person.pk}/merge/?into={twin.pk}",
        f"people/{person.pk}/similar/",
        f"photos/{photo.key}/faces/{person.faces.get().pk}/similar/",
        f"people/{person.pk}/delete/",
        "photos/",
        f"photos/{photo.key}/",
        f"photos/{photo.key}/delete/",
        "upload/",
        "recognize/",
        "verify/",
        "thresholds/",
        f"thresholds/{version}/recognition/",
        "encoder-versions/",
        f"encoder-versions/{version}/",
        "search-status/",
        "jobs/",
        f"jobs/{job.key}/",
        "api-keys/",
        "api-keys/add/",
        "faces/searchevent/",
        f"decisions/{decision_about(person).key}/",
        "auth/user/",
    ]
    return [f"/admin/{path}" for path in paths]


def decision_about(person: Person) -> SearchEvent:
    """What was answered when somebody asked who looks like a person."""
    return record_similar(
        asker=Asker(SearchEvent.Channel.COMMAND),
        about=person,
        similarity=similar_to_person(person=person),
        limit=10,
        duration_ms=1,
    )


def test_no_page_complains_or_is_wider_than_a_telephone(open_page: Open, eileen: Person) -> None:
    long_name = "A name that never ends " * 10
    Person.objects.filter(pk=eileen.pk).update(name=long_name.strip(), external_id="9" * 200)
    Photo.objects.update(name="a_file_name_without_any_space" * 8 + ".jpg")
    twin = factories.person(gallery=eileen.gallery, name=long_name.strip())
    vector = np.asarray(eileen.faces.get().embeddings.get().vector, dtype=np.float32)
    factories.face(photo=Photo.objects.get(), person=twin, vector=vector)
    factories.job(gallery=eileen.gallery, title="Upload of " + "9" * 200)
    page = open_page(width=390)
    for path in addresses(eileen):
        page.goto(path)
        assert (path, page.evaluate(SIDEWAYS)) == (path, 0)


def test_the_menu_opens_on_a_telephone(open_page: Open, eileen: Person) -> None:
    page = open_page(width=390)
    link = page.get_by_role("link", name="Thresholds")
    expect(link).to_be_hidden()
    page.locator("#header-inner .material-symbols-outlined:visible").first.click()
    link.click()
    page.wait_for_url("**/admin/thresholds/")
