"""Questions about names in the API: who may read, answer and undo, and what answers do."""

import pytest
from django.contrib.auth.models import Permission
from rest_framework.test import APIClient

from faces.models import ApiKey, Face, Gallery, Job
from tests import factories
from tests.faces.api.conftest import ClientFor
from tests.training.models.factories import question
from training.models import ReviewItem
from training.services.review_answers import answer_different, answer_same

pytestmark = pytest.mark.django_db

ITEMS = "/api/v1/review-items"
READ, WRITE = ApiKey.Scope.READ, ApiKey.Scope.WRITE


def ask(gallery: Gallery, **values: object) -> ReviewItem:
    first, second = (factories.face(person=factories.person(gallery=gallery)) for _ in range(2))
    return question(first, second, **values)


def test_open_questions_are_listed_with_both_people_and_faces(client: APIClient, gallery: Gallery) -> None:
    item = ask(gallery, distance=0.07)
    answer = client.get(ITEMS)
    assert answer.status_code == 200
    (row,) = answer.json()["results"]
    assert (row["id"], row["gallery"], row["kind"], row["state"]) == (item.pk, "staff", "duplicate_person", "open")
    assert row["first_person"]["name"] == item.first_person.name
    assert (row["first_face"], row["second_face"]) == (item.first_face_id, item.second_face_id)
    assert row["second_image"].endswith(f"/api/v1/faces/{item.second_face_id}/image")
    assert (row["distance"], row["answer"]) == (0.07, "")
    assert "changes" not in row


def test_questions_are_filtered_by_gallery_kind_and_state(client: APIClient, gallery: Gallery) -> None:
    twice, wrong, answered, beside = (
        ask(gallery, kind=kind) for kind in ("duplicate_person", "wrong_label", "duplicate_person", "duplicate_person")
    )
    answer_different(item=answered, user=None)
    Face.objects.filter(pk=beside.first_face_id).update(person=factories.person(gallery=gallery))

    def listed(**query: str) -> set[int]:
        return {row["id"] for row in client.get(ITEMS, query).json()["results"]}

    assert listed() == {twice.pk, wrong.pk}
    assert listed(kind="wrong_label") == {wrong.pk}
    assert listed(state="answered") == {answered.pk}
    assert listed(gallery="staff", kind="duplicate_person") == {twice.pk}
    assert client.get(ITEMS, {"state": "perhaps"}).status_code == 400


def test_the_same_person_is_merged_and_parted_again(client: APIClient, gallery: Gallery) -> None:
    item = ask(gallery)
    told = client.post(f"{ITEMS}/{item.pk}/answer", {"answer": "same", "keep": item.second_person_id}, format="json")
    assert told.status_code == 200, told.content
    assert (told.json()["state"], told.json()["answer"]) == ("answered", "same")
    item.first_person.refresh_from_db()
    assert item.first_person.merged_into == item.second_person
    item.refresh_from_db()
    assert item.decided_by is not None

    undone = client.post(f"{ITEMS}/{item.pk}/undo")
    assert undone.status_code == 200, undone.content
    assert undone.json()["state"] == "open"
    item.first_person.refresh_from_db()
    assert item.first_person.merged_into is None


@pytest.mark.parametrize("to", ["other", "nobody"])
def test_a_face_under_the_wrong_name_is_moved(client: APIClient, gallery: Gallery, to: str) -> None:
    item = ask(gallery, kind="wrong_label")
    person = item.second_person_id if to == "other" else None
    body = {"answer": "wrong", "face": item.first_face_id, "person": person}
    told = client.post(f"{ITEMS}/{item.pk}/answer", body, format="json")
    assert told.status_code == 200, told.content
    assert Face.objects.get(pk=item.first_face_id).person_id == person


def test_answers_that_make_no_sense_are_refused_with_what_would_be_right(client: APIClient, gallery: Gallery) -> None:
    item = ask(gallery)
    stranger = factories.face(person=factories.person(gallery=gallery))
    for body, says in (
        ({}, "required"),
        ({"answer": "perhaps"}, "perhaps"),
        ({"answer": "wrong"}, "A wrong label needs it"),
        ({"answer": "wrong", "face": item.first_face_id}, "A wrong label needs it"),
        ({"answer": "different", "face": item.first_face_id}, "means nothing"),
        ({"answer": "same", "keep": stranger.person_id}, "neither of the two"),
        ({"answer": "wrong", "face": stranger.pk, "person": None}, "neither of the two"),
        ({"answer": "wrong", "face": item.first_face_id, "person": stranger.person_id}, "neither of the two"),
        ({"answer": "wrong", "face": item.first_face_id, "person": item.first_person_id}, "neither's"),
        ({"answer": "same", "name": "Ada"}, "Unknown"),
    ):
        told = client.post(f"{ITEMS}/{item.pk}/answer", body, format="json")
        assert told.status_code == 400, (body, told.content)
        assert says in told.content.decode(), (body, told.content)
    item.refresh_from_db()
    assert item.state == ReviewItem.State.OPEN


def test_an_answered_question_is_a_conflict_and_so_is_undoing_what_was_changed_since(
    client: APIClient, gallery: Gallery
) -> None:
    item = ask(gallery)
    answer_same(item=item, user=None, keep=item.first_person)
    again = client.post(f"{ITEMS}/{item.pk}/answer", {"answer": "different"}, format="json")
    assert again.status_code == 409
    Face.objects.filter(pk=item.second_face_id).update(person=factories.person(gallery=gallery))
    undone = client.post(f"{ITEMS}/{item.pk}/undo")
    assert undone.status_code == 409
    assert "cannot be undone any more" in undone.json()["detail"]


def test_a_key_reads_with_read_and_answers_with_write(client_for: ClientFor, gallery: Gallery) -> None:
    item = ask(gallery)
    reader, writer = client_for(gallery, scopes=[READ]), client_for(gallery, scopes=[WRITE])
    assert reader.get(f"{ITEMS}/{item.pk}").status_code == 200
    assert writer.get(f"{ITEMS}/{item.pk}").status_code == 403
    for path in ("answer", "undo"):
        assert reader.post(f"{ITEMS}/{item.pk}/{path}", {"answer": "different"}, format="json").status_code == 403
    assert reader.post(f"{ITEMS}/look", {"gallery": "staff"}, format="json").status_code == 403
    assert writer.post(f"{ITEMS}/{item.pk}/answer", {"answer": "different"}, format="json").status_code == 200


def test_a_member_of_staff_needs_what_the_answer_changes_too(gallery: Gallery) -> None:
    item = ask(gallery)
    user = factories.user(is_staff=True)
    client = APIClient()
    client.force_login(user)
    for codename in ("change_reviewitem", "change_person", "change_face"):
        told = client.post(f"{ITEMS}/{item.pk}/answer", {"answer": "different"}, format="json")
        assert told.status_code == 403
        user.user_permissions.add(Permission.objects.get(codename=codename))
    assert client.post(f"{ITEMS}/{item.pk}/answer", {"answer": "different"}, format="json").status_code == 200


def test_questions_of_other_galleries_are_not_there(client: APIClient) -> None:
    item = ask(factories.gallery(name="Visitors"))
    assert client.get(ITEMS).json()["results"] == []
    for path in ("", "/answer", "/undo"):
        told = client.get(f"{ITEMS}/{item.pk}") if not path else client.post(f"{ITEMS}/{item.pk}{path}")
        assert told.status_code == 404


def test_a_look_for_wrong_names_is_a_job(client: APIClient, gallery: Gallery) -> None:
    for number in range(2):
        factories.face(person=factories.person(gallery=gallery), vector=factories.axis(number))
    told = client.post(f"{ITEMS}/look", {"gallery": "staff"}, format="json")
    assert told.status_code == 202, told.content
    assert told.json()["kind"] == "names"
    assert Job.objects.get().kind == Job.Kind.NAMES
    assert client.post(f"{ITEMS}/look", {"gallery": "staff"}, format="json").status_code == 409
    assert client.post(f"{ITEMS}/look", {"gallery": "nowhere"}, format="json").status_code == 404
