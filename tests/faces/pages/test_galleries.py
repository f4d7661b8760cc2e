"""Galleries on pages."""

from django.test import Client
from django.urls import reverse

from faces.models import Face, Gallery, Person, Photo
from tests import factories
from tests.faces.pages.conftest import Filled


def test_a_new_gallery_is_made_by_its_name(client: Client) -> None:
    answer = client.post(reverse("pages:gallery-add"), {"name": "  Gäste & Freunde 客人 "})
    gallery = Gallery.objects.get()
    assert gallery.name == "Gäste & Freunde 客人"
    assert answer["Location"] == reverse("pages:gallery", args=[gallery.pk])


def test_a_name_that_is_taken_is_refused_at_the_field(client: Client) -> None:
    factories.gallery(name="Staff")
    answer = client.post(reverse("pages:gallery-add"), {"name": "staff"})
    assert "There is a gallery called “staff” already" in answer.context["form"].errors["name"][0]
    assert Gallery.objects.count() == 1


def test_a_gallery_is_renamed_and_keeps_its_address_for_programs(client: Client, filled: Filled) -> None:
    client.post(reverse("pages:gallery", args=[filled.gallery.pk]), {"name": "Crew"})
    filled.gallery.refresh_from_db()
    assert (filled.gallery.name, filled.gallery.slug) == ("Crew", "staff")


def test_the_gallerys_page_counts_what_is_in_it_and_what_needs_a_look(client: Client, filled: Filled) -> None:
    factories.person(gallery=filled.gallery, name="Nobody has a photo of me")
    counts = client.get(reverse("pages:gallery", args=[filled.gallery.pk])).context["counts"]
    assert (counts.people, counts.people_not_found) == (3, 1)
    assert (counts.photos, counts.photos_unfinished, counts.photos_refused, counts.photos_failed) == (5, 1, 1, 1)
    assert (counts.faces, counts.faces_unassigned) == (3, 1)


def test_deleting_says_what_goes_and_wants_the_name_typed(client: Client, filled: Filled) -> None:
    page = reverse("pages:gallery-delete", args=[filled.gallery.pk])
    assert client.get(page).context["counts"].photos == 5
    answer = client.post(page, {"name": "staff"})
    assert "That is not the name" in answer.content.decode()
    assert Gallery.objects.exists()
    client.post(page, {"name": "Staff"})
    assert not Gallery.objects.exists()
    assert not Photo.objects.exists()
    assert not Face.objects.exists()
    assert not Person.objects.exists()
