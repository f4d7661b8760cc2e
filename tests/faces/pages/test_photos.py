"""Photos on pages, and the faces on them."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from encoder.geometry import BoundingBox, FaceQuality
from faces.models import Face, Person, Photo
from faces.views.boxes import overlay
from tests import factories
from tests.faces.pages.conftest import Filled
from tests.faces.pages.test_people import said


def shown(client: Client, query: str) -> set[str]:
    """The names of the photos that a list shows."""
    answer = client.get(f"{reverse('pages:photos')}?{query}")
    return {photo.name for photo, _ in answer.context["photos"]}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("state=rejected", {"wall.png"}),
        ("state=failed", {"odd.png"}),
        ("state=pending", {"new.png"}),
        ("reason=no_face_found", {"wall.png"}),
        ("faces=nobody", {"group.png"}),
        ("faces=known", {"photo.png"}),
        ("q=GROUP", {"group.png"}),
    ],
)
def test_photos_are_found_by_state_reason_name_and_unknown_faces(
    query: str, names: set[str], client: Client, filled: Filled
) -> None:
    assert shown(client, query) == names


def test_the_photos_of_one_upload_are_shown_by_its_job(client: Client, filled: Filled) -> None:
    assert shown(client, f"job={filled.job.key}") == {"wall.png", "odd.png", "new.png"}


def test_a_box_lies_over_its_face_in_percent_and_never_outside_of_the_photo() -> None:
    assert overlay(1, BoundingBox(50, 20, 150, 120), 200, 400).style == (
        "left:25.000%;top:5.000%;width:50.000%;height:25.000%"
    )
    assert overlay(2, BoundingBox(-10, 300, 250, 500), 200, 400).style == (
        "left:0.000%;top:75.000%;width:100.000%;height:25.000%"
    )


def test_a_photo_shows_each_face_with_whose_it_is(client: Client, filled: Filled) -> None:
    page = client.get(reverse("pages:photo", args=[filled.photo.key]))
    assert [face.person for _, face in page.context["faces"]] == [filled.person, None]
    assert [box.number for box, _ in page.context["faces"]] == [1, 2]


def test_a_refused_photo_says_why_in_words_and_can_be_tried_again(client: Client, filled: Filled) -> None:
    page = reverse("pages:photo", args=[filled.refused.key])
    assert "No face was found. A face is found when" in client.get(page).content.decode()
    client.post(reverse("pages:photo-retry", args=[filled.refused.key]))
    filled.refused.refresh_from_db()
    assert (filled.refused.state, filled.refused.reason) == (Photo.State.PENDING, "")


def test_a_ready_photo_cannot_be_tried_again_and_the_page_says_so(client: Client, filled: Filled) -> None:
    answer = client.post(reverse("pages:photo-retry", args=[filled.photo.key]))
    assert answer.status_code == 302
    assert "only a refused or failed one can be tried again" in said(answer)


def test_a_face_is_given_to_a_person_who_is_there(client: Client, filled: Filled) -> None:
    page = reverse("pages:face-assign", args=[filled.photo.key, filled.unknown.pk])
    client.post(page, {"person": filled.other.pk, "person_name": "Ada Lovelace"})
    filled.unknown.refresh_from_db()
    assert (filled.unknown.person, filled.unknown.assigned_by) == (filled.other, Face.AssignedBy.ADMIN)
    assert filled.unknown.is_enrolled


def test_a_face_is_given_to_a_new_person_of_the_typed_name(client: Client, filled: Filled) -> None:
    page = reverse("pages:face-assign", args=[filled.photo.key, filled.unknown.pk])
    client.post(page, {"person": "", "person_name": "Katherine Johnson"})
    filled.unknown.refresh_from_db()
    assert filled.unknown.person == Person.objects.get(name="Katherine Johnson", gallery=filled.gallery)


def test_a_face_of_poor_quality_is_given_but_not_enrolled_until_an_admin_says_so(
    client: Client, filled: Filled
) -> None:
    blurred = FaceQuality(size=100, sharpness=0.01, brightness=0.5, yaw=0, pitch=0, roll=0, score=0.1)
    face = factories.face(photo=filled.photo, quality=blurred, box=BoundingBox(1, 1, 60, 60))
    answer = client.post(reverse("pages:face-assign", args=[filled.photo.key, face.pk]), {"person": filled.other.pk})
    assert "The face is blurred: its sharpness is 1 %; at least 50 % is needed." in said(answer)
    face.refresh_from_db()
    assert (face.person, face.is_enrolled) == (filled.other, False)
    assert (
        "its sharpness is 1 %; at least 50 % is needed"
        in client.get(reverse("pages:photo", args=[filled.photo.key])).content.decode()
    )
    client.post(reverse("pages:face-enroll", args=[filled.photo.key, face.pk]), {"enroll": "yes"})
    face.refresh_from_db()
    assert face.is_enrolled


def test_an_unknown_face_within_tau_of_somebody_is_suggested_to_be_theirs(client: Client, filled: Filled) -> None:
    near = factories.face(photo=filled.photo, vector=factories.at_distance(0.05, of=2), box=BoundingBox(1, 1, 60, 60))
    page = client.get(reverse("pages:face-suggestion", args=[filled.photo.key, near.pk]))
    assert page.context["candidate"].face.person == filled.other
    assert page.context["candidate"].distance == pytest.approx(0.05, abs=1e-3)
    client.post(
        reverse("pages:face-assign", args=[filled.photo.key, near.pk]), {"person": filled.other.pk, "suggested": "yes"}
    )
    near.refresh_from_db()
    assert (near.person, near.assigned_by) == (filled.other, Face.AssignedBy.SUGGESTION)


def test_nobody_is_suggested_for_a_face_beyond_tau_or_one_that_is_somebodys(client: Client, filled: Filled) -> None:
    for face in (filled.unknown, filled.face):
        page = client.get(reverse("pages:face-suggestion", args=[filled.photo.key, face.pk]))
        assert page.content.decode().strip() == ""


def test_nobody_typed_is_nobody_assigned(client: Client, filled: Filled) -> None:
    page = reverse("pages:face-assign", args=[filled.photo.key, filled.unknown.pk])
    assert "Choose a person." in said(client.post(page, {"person": "", "person_name": " "}))
    filled.unknown.refresh_from_db()
    assert filled.unknown.person is None


def test_a_new_person_needs_the_permission_to_add_people(filled: Filled, staff_with: Callable[..., Client]) -> None:
    client = staff_with("faces.change_face")
    page = reverse("pages:face-assign", args=[filled.photo.key, filled.unknown.pk])
    assert client.post(page, {"person_name": "Somebody New"}).status_code == 403
    assert not Person.objects.filter(name="Somebody New").exists()


def test_a_face_is_released_kept_from_searches_and_deleted(client: Client, filled: Filled) -> None:
    about = [filled.photo.key, filled.face.pk]
    client.post(reverse("pages:face-enroll", args=about), {"enroll": "no"})
    filled.face.refresh_from_db()
    assert (filled.face.person, filled.face.is_enrolled) == (filled.person, False)
    client.post(reverse("pages:face-release", args=about))
    filled.face.refresh_from_db()
    assert filled.face.person is None
    client.post(reverse("pages:face-delete", args=about))
    assert not Face.objects.filter(pk=filled.face.pk).exists()
    assert Photo.objects.filter(pk=filled.photo.pk).exists()


def test_a_face_is_reached_by_its_own_photo_only(client: Client, filled: Filled) -> None:
    page = reverse("pages:face-delete", args=[filled.refused.key, filled.face.pk])
    assert client.post(page).status_code == 404
    assert Face.objects.filter(pk=filled.face.pk).exists()


def test_an_unknown_face_cannot_be_enrolled_and_the_page_says_what_to_do(client: Client, filled: Filled) -> None:
    page = reverse("pages:face-enroll", args=[filled.photo.key, filled.unknown.pk])
    assert "Assign it first" in said(client.post(page, {"enroll": "yes"}))


def test_a_change_leads_back_to_the_page_it_was_made_on_and_nowhere_else(client: Client, filled: Filled) -> None:
    page = reverse("pages:face-release", args=[filled.photo.key, filled.face.pk])
    here = f"http://testserver{reverse('pages:person', args=[filled.person.pk])}"
    assert client.post(page, headers={"Referer": here})["Location"] == here
    assert client.post(page, headers={"Referer": "http://elsewhere.example/"})["Location"] == reverse("admin:index")


def test_deleting_a_photo_asks_first_and_takes_its_file(
    client: Client, filled: Filled, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    storage, path = filled.photo.file.storage, str(filled.photo.file.name)
    page = reverse("pages:photo-delete", args=[filled.photo.key])
    assert "Grace Hopper loses this face" in client.get(page).content.decode()
    assert storage.exists(path)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        client.post(page)
    assert not Photo.objects.filter(pk=filled.photo.pk).exists()
    assert not storage.exists(path)


def test_ticked_photos_are_deleted_only_when_that_is_confirmed(client: Client, filled: Filled) -> None:
    chosen = {"photos": [filled.photo.key, filled.refused.key], "action": "delete"}
    page = client.post(reverse("pages:photos-selected"), chosen)
    assert (len(page.context["photos"]), page.context["faces"], page.context["people"]) == (2, 2, 1)
    assert Photo.objects.count() == 5
    client.post(reverse("pages:photos-selected"), {**chosen, "confirmed": "on"})
    assert Photo.objects.count() == 3


def test_of_ticked_photos_those_that_failed_or_were_refused_are_tried_again(client: Client, filled: Filled) -> None:
    keys = [photo.key for photo in (filled.photo, filled.refused, filled.failed)]
    answer = client.post(reverse("pages:photos-selected"), {"photos": keys, "action": "retry"})
    assert "2 of 3 photos go to a worker again" in said(answer)
    assert Photo.objects.filter(state=Photo.State.PENDING).count() == 3


def test_nothing_ticked_is_said(client: Client, filled: Filled) -> None:
    assert "Tick at least one photo" in said(client.post(reverse("pages:photos-selected"), {"action": "delete"}))


def test_each_change_of_ticked_photos_needs_its_permission(filled: Filled, staff_with: Callable[..., Client]) -> None:
    client = staff_with("faces.view_photo")
    for action in ("delete", "retry"):
        values = {"photos": [filled.refused.key], "action": action, "confirmed": "on"}
        assert client.post(reverse("pages:photos-selected"), values).status_code == 403
    assert Photo.objects.filter(pk=filled.refused.pk, state=Photo.State.REJECTED).exists()
