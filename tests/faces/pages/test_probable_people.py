"""Unknown faces on pages: looked at, named, merged, taken apart, dismissed."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from faces.models import Face, Gallery, Job, Person, ProbablePerson
from faces.services.grouping import group_unknown_faces
from faces.services.probable_people import request_grouping
from tests import factories
from tests.faces.pages.test_people import said

pytestmark = pytest.mark.django_db


@pytest.fixture
def gallery(db: None) -> Gallery:
    return factories.gallery(name="Visitors")


def probable(gallery: Gallery, count: int = 3, *, axis: int = 0) -> ProbablePerson:
    row = factories.probable_person(gallery=gallery)
    for number in range(count):
        vector = factories.at_distance(0.02, of=axis, towards=64 + number)
        factories.face(photo=factories.photo(gallery=gallery), vector=vector, probable_person=row)
    return row


def faces_of(row: ProbablePerson) -> list[int]:
    return list(row.faces.order_by("pk").values_list("pk", flat=True))


def listed(client: Client, gallery: Gallery, query: str = "") -> list[int]:
    answer = client.get(f"{reverse('pages:unknown-faces')}?gallery={gallery.pk}{query}")
    return [card.probable.pk for card in answer.context["cards"]]


def test_those_with_most_faces_come_first_and_empty_ones_never(client: Client, gallery: Gallery) -> None:
    small, large = probable(gallery, 2), probable(gallery, 8, axis=1)
    factories.probable_person(gallery=gallery)
    probable(factories.gallery())
    assert listed(client, gallery) == [large.pk, small.pk]
    card = client.get(f"{reverse('pages:unknown-faces')}?gallery={gallery.pk}").context["cards"][0]
    assert (card.counts.faces, card.counts.photos, len(card.faces), card.more) == (8, 8, 6, 2)


def test_who_it_probably_is_stands_on_the_card_and_one_click_says_yes(client: Client, gallery: Gallery) -> None:
    ada = factories.person(gallery=gallery, name="Ada Lovelace")
    factories.face(person=ada, vector=factories.axis(0))
    row = probable(gallery)
    page = f"{reverse('pages:unknown-faces')}?gallery={gallery.pk}"
    assert "Ada Lovelace" in client.get(page).content.decode()
    answer = client.post(
        reverse("pages:probable-person-name", args=[row.pk]),
        {"likely": ada.pk, "stay": "yes"},
        headers={"Referer": f"http://testserver{page}&page=3"},
    )
    assert answer["Location"].endswith("&page=3")
    assert ada.faces.count() == 4
    assert said(answer) == "3 faces are Ada Lovelace's now, and searches find all of them."


def test_the_numbers_of_the_gallery_are_told(client: Client, gallery: Gallery) -> None:
    probable(gallery, 3)
    ProbablePerson.objects.filter(pk=probable(gallery, 2).pk).update(dismissed_at="2026-01-01T00:00Z")
    factories.face(photo=factories.photo(gallery=gallery), vector=factories.axis(9))
    unknown = client.get(f"{reverse('pages:unknown-faces')}?gallery={gallery.pk}").context["unknown"]
    assert (unknown.faces, unknown.grouped, unknown.dismissed, unknown.alone) == (6, 3, 2, 1)


def test_what_to_do_is_said_as_long_as_there_is_nothing_to_see(client: Client, gallery: Gallery) -> None:
    page = f"{reverse('pages:unknown-faces')}?gallery={gallery.pk}"
    assert "No face is unknown" in client.get(page).content.decode()
    factories.face(photo=factories.photo(gallery=gallery), vector=factories.axis(0))
    assert "Not grouped yet" in client.get(page).content.decode()
    client.post(reverse("pages:unknown-faces-group", args=[gallery.pk]))
    assert "The faces are being compared" in client.get(page).content.decode()
    Job.objects.get().move_to(Job.State.RUNNING)
    Job.objects.get().move_to(Job.State.SUCCEEDED)
    assert "No two of them are alike" in client.get(page).content.decode()
    assert "Nothing is dismissed" in client.get(f"{page}&show=dismissed").content.decode()


def test_the_button_begins_one_grouping_and_the_page_follows_it(client: Client, gallery: Gallery) -> None:
    factories.face(photo=factories.photo(gallery=gallery), vector=factories.axis(0))
    group = reverse("pages:unknown-faces-group", args=[gallery.pk])
    answer = client.post(group, {"anew": "yes"})
    assert answer["Location"] == f"{reverse('pages:unknown-faces')}?gallery={gallery.pk}"
    job = Job.objects.get()
    assert (job.kind, job.parameters) == (Job.Kind.GROUPING, {"anew": True})
    client.post(group)
    assert Job.objects.count() == 1
    progress = reverse("pages:unknown-faces-progress", args=[gallery.pk])
    assert 'hx-trigger="every 2s"' in client.get(progress).content.decode()
    job.move_to(Job.State.RUNNING)
    group_unknown_faces(job)
    assert "100 %" in client.get(progress).content.decode()
    job.move_to(Job.State.SUCCEEDED)
    assert client.get(progress)["HX-Refresh"] == "true"


def test_a_failed_grouping_is_told(client: Client, gallery: Gallery) -> None:
    factories.face(photo=factories.photo(gallery=gallery), vector=factories.axis(0))
    job = request_grouping(gallery=gallery)
    job.move_to(Job.State.RUNNING)
    job.move_to(Job.State.FAILED, error="No tau is set.")
    page = client.get(f"{reverse('pages:unknown-faces')}?gallery={gallery.pk}").content.decode()
    assert "The last grouping failed: No tau is set." in page


def test_a_new_name_makes_a_person_without_what_is_ticked(client: Client, gallery: Gallery) -> None:
    row = probable(gallery)
    strange = faces_of(row)[0]
    answer = client.post(
        reverse("pages:probable-person-name", args=[row.pk]),
        {"person": "", "person_name": "Ada", "external_id": "A-1", "faces": [strange, "no number"]},
    )
    assert answer.status_code == 302
    person = Person.objects.get()
    assert (person.name, person.external_id, person.faces.count()) == ("Ada", "A-1", 2)
    assert Face.objects.get(pk=strange).person is None


def test_somebody_known_is_chosen(client: Client, gallery: Gallery) -> None:
    row, person = probable(gallery), factories.person(gallery=gallery)
    client.post(reverse("pages:probable-person-name", args=[row.pk]), {"person": person.pk, "person_name": "typed"})
    assert person.faces.count() == 3
    assert Person.objects.count() == 1


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"person": "", "person_name": " "}, "Choose a person."),
        ({"person": "987654"}, "There is no person 987654"),
        ({"likely": "x"}, "Enter a whole number."),
        ({"person_name": "Ada", "external_id": "taken"}, "has the external id “taken”"),
        ({"person_name": "Ada", "faces": ["987654"]}, "Face 987654 is not one of"),
    ],
)
def test_what_makes_no_sense_is_said_and_changes_nothing(
    client: Client, gallery: Gallery, values: dict[str, str], words: str
) -> None:
    factories.person(gallery=gallery, external_id="taken")
    row = probable(gallery)
    answer = client.post(reverse("pages:probable-person-name", args=[row.pk]), values)
    assert words in said(answer)
    assert (len(faces_of(row)), Person.objects.count()) == (3, 1)


def test_who_may_not_add_people_names_only_the_known(gallery: Gallery, staff_with: Callable[..., Client]) -> None:
    row, person = probable(gallery), factories.person(gallery=gallery)
    client = staff_with("faces.change_probableperson", "faces.change_face")
    name = reverse("pages:probable-person-name", args=[row.pk])
    assert client.post(name, {"person_name": "Ada"}).status_code == 403
    assert client.post(name, {"person": person.pk}).status_code == 302
    assert person.faces.count() == 3


def test_who_may_only_look_is_offered_nothing_else(gallery: Gallery, staff_with: Callable[..., Client]) -> None:
    row = probable(gallery)
    client = staff_with("faces.view_probableperson")
    for page in (
        f"{reverse('pages:unknown-faces')}?gallery={gallery.pk}",
        reverse("pages:probable-person", args=[row.pk]),
    ):
        text = client.get(page).content.decode()
        offered = (
            "/group/",
            "/crop/",
            *(f"/{row.pk}/{change}/" for change in ("name", "take-out", "merge", "dismiss")),
        )
        assert [word for word in offered if word in text] == []


def test_ticked_faces_are_taken_out(client: Client, gallery: Gallery) -> None:
    row = probable(gallery)
    first, *others = faces_of(row)
    take_out = reverse("pages:probable-person-take-out", args=[row.pk])
    assert client.post(take_out, {"faces": first})["Location"] == reverse("pages:probable-person", args=[row.pk])
    assert faces_of(row) == others
    assert "unknown-faces/?gallery=" in client.post(take_out, {"faces": others})["Location"]
    assert not ProbablePerson.objects.exists()


def test_another_group_that_looks_alike_is_merged(client: Client, gallery: Gallery) -> None:
    row, other = probable(gallery), probable(gallery, 2, axis=1)
    near = client.get(reverse("pages:probable-person-nearest", args=[row.pk]))
    assert [card.probable for card in near.context["cards"]] == [other]
    answer = client.post(reverse("pages:probable-person-merge", args=[row.pk]), {"into": other.pk})
    assert answer["Location"] == reverse("pages:probable-person", args=[other.pk])
    assert len(faces_of(other)) == 5
    elsewhere = probable(factories.gallery())
    for into in (elsewhere.pk, "x", ""):
        merge = reverse("pages:probable-person-merge", args=[other.pk])
        assert client.post(merge, {"into": into}).status_code == 404


def test_a_dismissal_can_be_undone_at_once_and_later(client: Client, gallery: Gallery) -> None:
    row = probable(gallery)
    answer = client.post(reverse("pages:probable-person-dismiss", args=[row.pk]))
    restore = reverse("pages:probable-person-restore", args=[row.pk])
    assert restore in client.get(answer["Location"]).content.decode()
    assert listed(client, gallery) == []
    assert listed(client, gallery, "&show=dismissed") == [row.pk]
    client.post(restore)
    assert listed(client, gallery) == [row.pk]


def test_many_groups_are_shown_a_page_at_a_time(client: Client, gallery: Gallery) -> None:
    photos = [factories.photo(gallery=gallery) for _ in range(2)]
    for number in range(30):
        row = factories.probable_person(gallery=gallery)
        for photo in photos:
            factories.face(photo=photo, vector=factories.axis(number), probable_person=row)
    assert (len(listed(client, gallery)), len(listed(client, gallery, "&page=2"))) == (24, 6)
