"""People on pages: found, corrected, merged, deleted, given photos."""

import re
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from faces.models import Face, Person, Photo
from tests import factories
from tests.faces.pages.conftest import Filled


def said(answer: Any) -> str:
    """What the page will say next."""
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


def names(client: Client, query: str) -> list[str]:
    """Who a list shows."""
    return [card.person.name for card in client.get(f"{reverse('pages:people')}?{query}").context["cards"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=hopp", ["Grace Hopper"]),
        ("q=g-1", ["Grace Hopper"]),
        ("q=nobody", []),
        ("consent=withheld", ["Ada Lovelace"]),
        ("faces=no", ["Zoe"]),
        ("faces=yes", ["Ada Lovelace", "Grace Hopper"]),
    ],
)
def test_people_are_found_by_name_external_id_consent_and_whether_searches_find_them(
    query: str, found: list[str], client: Client, filled: Filled
) -> None:
    factories.person(gallery=filled.gallery, name="Zoe")
    assert names(client, query) == found


def test_people_with_faces_unlike_the_others_are_found_and_the_faces_marked(client: Client, filled: Filled) -> None:
    for axis in (3, 4, 5):
        factories.face(person=filled.person, vector=factories.at_distance(0.02, of=0, towards=axis))
    odd = factories.face(person=filled.person, vector=factories.axis(40))
    assert names(client, "faces=unlike") == ["Grace Hopper"]
    answer = client.get(reverse("pages:person", args=[filled.person.pk]))
    assert answer.context["unlike"] == {odd.pk}
    assert answer.context["listing"].rows[0] == odd, "what is to be looked at comes first"
    page = answer.content.decode()
    assert page.count("Unlike the others") == 1
    assert "searches compare with the other 4 alone" in page
    assert reverse("pages:face-similar", args=[odd.photo.key, odd.pk]) in page
    client.post(reverse("pages:face-release", args=[odd.photo.key, odd.pk]))
    assert names(client, "faces=unlike") == []
    assert "Unlike the others" not in client.get(reverse("pages:person", args=[filled.person.pk])).content.decode()


def test_people_of_other_galleries_and_merged_ones_are_left_out(client: Client, filled: Filled) -> None:
    factories.person(name="Elsewhere")
    factories.person(gallery=filled.gallery, name="Merged", merged_into=filled.person)
    assert names(client, f"gallery={filled.gallery.pk}") == ["Ada Lovelace", "Grace Hopper"]


def test_a_list_shows_the_first_enrolled_face_as_cover_and_counts_the_faces(client: Client, filled: Filled) -> None:
    factories.face(photo=filled.photo, person=filled.person, is_enrolled=False)
    card = client.get(f"{reverse('pages:people')}?q=hopper").context["cards"][0]
    assert (card.cover, card.faces, card.enrolled) == (filled.face, 2, 1)


def test_a_name_with_any_unicode_is_shown_as_it_is_and_as_nothing_else(client: Client, filled: Filled) -> None:
    name = "Zoë <b>“O'Neil”</b> \u202e 张伟 👩‍🚀"
    client.post(reverse("pages:person-add"), {"gallery": filled.gallery.pk, "name": name, "consent": "given"})
    person = Person.objects.get(name=name)
    page = client.get(reverse("pages:person", args=[person.pk])).content.decode()
    assert "张伟 👩‍🚀" in page
    assert "<b>“O" not in page


def test_an_external_id_that_is_taken_is_refused(client: Client, filled: Filled) -> None:
    values = {"gallery": filled.gallery.pk, "name": "Another", "external_id": "G-1", "consent": "unknown"}
    answer = client.post(reverse("pages:person-add"), values)
    assert "Another person of this gallery has the external id “G-1”" in answer.content.decode()
    assert not Person.objects.filter(name="Another").exists()


def test_consent_is_recorded_with_its_purpose_and_end(client: Client, filled: Filled) -> None:
    values = {"name": "Grace Hopper", "consent": "given", "consent_purpose": "Entrance", "consent_until": "2030-05-01"}
    client.post(reverse("pages:person-edit", args=[filled.person.pk]), values)
    page = client.get(reverse("pages:person", args=[filled.person.pk])).content.decode()
    assert "Entrance" in page
    assert "1 May 2030" in page


def test_a_merged_person_leads_to_the_one_who_is_left(client: Client, filled: Filled) -> None:
    client.post(reverse("pages:person-merge", args=[filled.person.pk]), {"person": filled.other.pk})
    assert Face.objects.filter(person=filled.other).count() == 2
    answer = client.get(reverse("pages:person", args=[filled.person.pk]))
    assert answer["Location"] == reverse("pages:person", args=[filled.other.pk])


def test_a_merge_may_come_with_the_person_to_keep_and_be_turned_round(client: Client, filled: Filled) -> None:
    page = f"{reverse('pages:person-merge', args=[filled.person.pk])}?into={filled.other.pk}"
    shown = client.get(page).content.decode()
    assert "Are Grace Hopper and Ada Lovelace the same person?" in shown
    assert f'name="person" value="{filled.other.pk}"' in shown
    assert f"{reverse('pages:person-merge', args=[filled.other.pk])}?into={filled.person.pk}" in shown
    client.post(page, {"person": filled.other.pk})
    assert Person.objects.get(pk=filled.person.pk).merged_into == filled.other


@pytest.mark.parametrize("number", ["", "x", "²", "0", "9" * 40, "themselves", "elsewhere", "merged"])
def test_a_merge_with_a_person_who_cannot_be_kept_asks_whom_to_keep(
    number: str, client: Client, filled: Filled
) -> None:
    other = {
        "themselves": filled.person,
        "elsewhere": factories.person(),
        "merged": factories.person(gallery=filled.gallery, merged_into=filled.other),
    }.get(number)
    page = f"{reverse('pages:person-merge', args=[filled.person.pk])}?into={other.pk if other else number}"
    assert "The person to keep" in client.get(page).content.decode()


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Choose a person."),
        ("Nobody", "Nobody in gallery “Staff” is called “Nobody”."),
        ("Twin", "Several people are called “Twin”."),
        ("grace hopper", "A person cannot be merged into themselves."),
    ],
)
def test_a_merge_says_whom_it_cannot_find(typed: str, sentence: str, client: Client, filled: Filled) -> None:
    for _ in range(2):
        factories.person(gallery=filled.gallery, name="Twin")
    answer = client.post(reverse("pages:person-merge", args=[filled.person.pk]), {"person_name": typed})
    assert sentence in answer.content.decode()


def test_a_person_of_another_gallery_cannot_be_chosen(client: Client, filled: Filled) -> None:
    stranger = factories.person(name="Elsewhere")
    answer = client.post(reverse("pages:person-merge", args=[filled.person.pk]), {"person": stranger.pk})
    assert "There is no person" in answer.content.decode()


def test_deleting_says_what_goes_and_what_stays(client: Client, filled: Filled) -> None:
    alone = factories.face(person=filled.person)
    page = reverse("pages:person-delete", args=[filled.person.pk])
    goes = client.get(page).context["goes"]
    assert (goes.photos, goes.faces, goes.shared_photos) == (1, 2, 1)
    client.post(page)
    assert not Person.objects.filter(pk=filled.person.pk).exists()
    assert not Photo.objects.filter(pk=alone.photo_id).exists()
    assert list(filled.photo.faces.all()) == [filled.unknown]


def test_photos_are_added_on_the_persons_page_and_each_bad_one_named(client: Client, filled: Filled) -> None:
    files = [
        SimpleUploadedFile("good.png", factories.picture()),
        SimpleUploadedFile("bad.png", b"hello"),
        SimpleUploadedFile("empty.png", b""),
    ]
    answer = client.post(reverse("pages:person-add-photos", args=[filled.person.pk]), {"photos": files})
    assert Photo.objects.get(name="good.png").portrait_of == filled.person
    words = said(answer)
    assert "bad.png: The file is not a picture" in words
    assert "empty.png: The file is empty" in words
    assert "One photo was taken in" in words


def test_a_picker_offers_people_of_one_gallery_whose_name_begins_so_first(client: Client, filled: Filled) -> None:
    factories.person(gallery=filled.gallery, name="Margrace")
    factories.person(name="Grace of another gallery")
    query = {"gallery": str(filled.gallery.pk), "q": "grace", "new": "yes"}
    answer = client.get(reverse("pages:people-options"), query)
    assert [card.person.name for card in answer.context["cards"]] == ["Grace Hopper", "Margrace"]
    assert "New: grace" in answer.content.decode()


def test_the_field_for_another_person_is_empty_at_first(client: Client, filled: Filled) -> None:
    for page in (reverse("pages:person", args=[filled.person.pk]), reverse("pages:photo", args=[filled.photo.key])):
        fields = re.findall(r'name="person(?:_name)?"[^>]*?value="([^"]*)"', client.get(page).content.decode())
        assert fields
        assert set(fields) == {""}


def test_a_picker_offers_nothing_without_a_gallery(client: Client, filled: Filled) -> None:
    for gallery in ("", "x", "99999999999999999999", "9" * 40):
        assert client.get(reverse("pages:people-options"), {"gallery": gallery}).status_code == 404
