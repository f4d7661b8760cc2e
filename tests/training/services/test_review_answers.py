"""What answers do to people, faces and photos, and that undoing puts everything back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import User

from faces.exceptions import ConflictError, InvalidRequestError, WrongStateError
from faces.models import Embedding, Face, Gallery, Person, Photo, Template
from faces.services.enrollment import assign_face, delete_face, release_face
from faces.services.people import create_person, delete_person, merge_people
from tests import factories
from tests.training.models.factories import question
from training.models import ReviewItem
from training.services.review_answers import answer_different, answer_same, answer_wrong, undo_answer

pytestmark = pytest.mark.django_db


@dataclass
class Two:
    """Two people, the first with three enrolled photos and the second with two, and a question about them."""

    gallery: Gallery
    first: Person
    second: Person
    item: ReviewItem
    user: User


def enrolled(person: Person, *towards: int) -> list[Face]:
    return [
        factories.face(person=person, vector=factories.at_distance(0.02, of=0, towards=64 + number))
        for number in towards
    ]


@pytest.fixture
def two() -> Two:
    gallery = factories.gallery()
    first, second = (factories.person(gallery=gallery, name=name) for name in ("Ada", "Ada L."))
    faces = enrolled(first, 0, 1, 2), enrolled(second, 3, 4)
    return Two(gallery, first, second, question(faces[0][0], faces[1][0]), factories.user())


def everything(gallery: Gallery) -> dict[str, list[tuple[Any, ...]]]:
    """All that answers may touch, and what the database makes of it."""
    return {
        "people": list(
            Person.objects.of(gallery).order_by("pk").values_list("pk", "name", "external_id", "merged_into")
        ),
        "faces": list(
            Face.objects.of(gallery).order_by("pk").values_list("pk", "person", "assigned_by", "is_enrolled")
        ),
        "photos": list(Photo.objects.of(gallery).order_by("pk").values_list("pk", "portrait_of", "reason")),
        "embeddings": list(Embedding.objects.of(gallery).order_by("pk").values_list("face", "person", "is_enrolled")),
        "templates": sorted(
            (person, faces, left_out, tuple(vector))
            for person, faces, left_out, vector in Template.objects.of(gallery).values_list(
                "person", "faces", "left_out", "vector"
            )
        ),
    }


def test_the_same_person_is_merged_into_the_one_with_more_enrolled_faces(two: Two) -> None:
    item = answer_same(item=two.item, user=two.user)
    two.second.refresh_from_db()

    assert (item.answer, item.decided_by) == (ReviewItem.Answer.SAME, two.user)
    assert two.second.merged_into == two.first
    assert Face.objects.filter(person=two.first).count() == 5
    assert Template.objects.get(person=two.first).faces == 5


def test_the_other_name_stays_if_somebody_says_so(two: Two) -> None:
    answer_same(item=two.item, user=two.user, keep=two.second)
    two.first.refresh_from_db()
    assert two.first.merged_into == two.second
    assert Face.objects.filter(person=two.second).count() == 5


def test_only_one_of_the_two_names_can_stay(two: Two) -> None:
    with pytest.raises(InvalidRequestError, match="one of the two"):
        answer_same(item=two.item, user=two.user, keep=factories.person(gallery=two.gallery))
    two.item.refresh_from_db()
    assert two.item.state == ReviewItem.State.OPEN


def test_two_people_stay_as_they_are(two: Two) -> None:
    before = everything(two.gallery)
    item = answer_different(item=two.item, user=two.user)
    assert item.answer == ReviewItem.Answer.DIFFERENT
    assert everything(two.gallery) == before


def test_a_face_under_the_wrong_name_goes_to_the_other_person(two: Two) -> None:
    face = two.item.second_face
    item = answer_wrong(item=two.item, user=two.user, face=face, to=two.first)
    face.refresh_from_db()

    assert item.answer == ReviewItem.Answer.WRONG
    assert (face.person, face.assigned_by, face.is_enrolled) == (two.first, Face.AssignedBy.ADMIN, True)
    assert Template.objects.get(person=two.second).faces == 1


def test_a_face_that_is_neithers_belongs_to_nobody(two: Two) -> None:
    face = two.item.first_face
    answer_wrong(item=two.item, user=two.user, face=face, to=None)
    face.refresh_from_db()
    assert (face.person, face.is_enrolled) == (None, False)


def test_a_wrong_label_names_one_of_the_two_faces_and_the_other_person(two: Two) -> None:
    stranger = factories.face(person=two.first)
    with pytest.raises(InvalidRequestError, match="one of the two"):
        answer_wrong(item=two.item, user=two.user, face=stranger, to=None)
    with pytest.raises(InvalidRequestError, match="is Ada L"):
        answer_wrong(item=two.item, user=two.user, face=two.item.first_face, to=two.first)


Give = Callable[[Two], object]
ANSWERS: dict[str, Give] = {
    "same": lambda two: answer_same(item=two.item, user=two.user),
    "same, the other name": lambda two: answer_same(item=two.item, user=two.user, keep=two.second),
    "different": lambda two: answer_different(item=two.item, user=two.user),
    "wrong": lambda two: answer_wrong(item=two.item, user=two.user, face=two.item.first_face, to=two.second),
    "wrong, nobody's": lambda two: answer_wrong(item=two.item, user=two.user, face=two.item.second_face, to=None),
}


@pytest.mark.parametrize("give", ANSWERS.values(), ids=list(ANSWERS))
def test_undoing_puts_people_faces_photos_and_templates_back(two: Two, give: Give) -> None:
    quiet = enrolled(two.first, 7)[0]
    Face.objects.filter(pk=quiet.pk).update(is_enrolled=False, assigned_by=Face.AssignedBy.IMPORT)
    Face.objects.filter(pk=two.item.first_face_id).update(assigned_by=Face.AssignedBy.SUGGESTION)
    Photo.objects.filter(pk=two.item.first_face.photo_id).update(reason="several_faces_found")
    for person in (two.first, two.second):
        factories.photo(gallery=two.gallery, portrait_of=person)
    before = everything(two.gallery)
    give(two)
    other = factories.user()
    item = undo_answer(item=two.item, user=other)

    assert everything(two.gallery) == before
    assert (item.state, item.undone_by) == (ReviewItem.State.OPEN, other)
    assert list(ReviewItem.objects.waiting()) == [item]


@pytest.mark.parametrize("give", ANSWERS.values(), ids=list(ANSWERS))
def test_an_undone_question_can_be_answered_again(two: Two, give: Give) -> None:
    give(two)
    undo_answer(item=two.item, user=two.user)
    two.item.refresh_from_db()
    for person in (two.first, two.second):
        person.refresh_from_db()
    give(two)
    assert ReviewItem.objects.answered().count() == 1


def test_faces_that_the_person_who_stayed_got_since_stay_with_them(two: Two) -> None:
    answer_same(item=two.item, user=two.user)
    (new,) = enrolled(two.first, 9)
    undo_answer(item=two.item, user=two.user)
    new.refresh_from_db()
    assert new.person == two.first
    assert Face.objects.filter(person=two.second).count() == 2


def test_a_face_that_was_deleted_since_is_no_reason_to_refuse(two: Two) -> None:
    answer_same(item=two.item, user=two.user)
    delete_face(face=Face.objects.filter(pk__in=two_faces(two)).exclude(pk=two.item.second_face_id).get())
    undo_answer(item=two.item, user=two.user)
    assert Face.objects.filter(person=two.second).count() == 1


def two_faces(two: Two) -> list[int]:
    two.item.refresh_from_db()
    faces: list[int] = two.item.changes["faces"]
    return faces


def test_a_merge_is_not_undone_after_a_face_of_it_was_moved(two: Two) -> None:
    answer_same(item=two.item, user=two.user)
    moved = Face.objects.get(pk=two_faces(two)[1])
    assign_face(face=moved, person=create_person(gallery=two.gallery, name="Grace"))
    before = everything(two.gallery)
    with pytest.raises(ConflictError, match="one of the faces was moved since"):
        undo_answer(item=two.item, user=two.user)
    assert everything(two.gallery) == before
    assert ReviewItem.objects.get().state == ReviewItem.State.ANSWERED


def test_a_merge_is_not_undone_after_another_merge(two: Two) -> None:
    answer_same(item=two.item, user=two.user)
    two.first.refresh_from_db()
    merge_people(source=two.first, target=create_person(gallery=two.gallery, name="Grace"))
    with pytest.raises(ConflictError, match="Ada was merged with somebody else since"):
        undo_answer(item=two.item, user=two.user)


def test_a_moved_face_is_not_put_back_after_it_was_moved_again(two: Two) -> None:
    answer_wrong(item=two.item, user=two.user, face=two.item.first_face, to=two.second)
    release_face(face=two.item.first_face)
    with pytest.raises(ConflictError, match="moved again"):
        undo_answer(item=two.item, user=two.user)


def test_a_moved_face_is_not_put_back_to_somebody_who_was_merged(two: Two) -> None:
    answer_wrong(item=two.item, user=two.user, face=two.item.first_face, to=None)
    merge_people(source=two.first, target=two.second)
    with pytest.raises(ConflictError, match="Ada was merged"):
        undo_answer(item=two.item, user=two.user)


def test_a_released_face_that_was_grouped_since_is_put_back(two: Two) -> None:
    face = two.item.first_face
    answer_wrong(item=two.item, user=two.user, face=face, to=None)
    Face.objects.filter(pk=face.pk).update(probable_person=factories.probable_person(gallery=two.gallery))
    undo_answer(item=two.item, user=two.user)
    face.refresh_from_db()
    assert (face.person, face.probable_person) == (two.first, None)


@pytest.mark.parametrize("give", ANSWERS.values(), ids=list(ANSWERS))
def test_a_question_is_answered_by_one_of_two_who_answer_at_once(two: Two, give: Give) -> None:
    stale = ReviewItem.objects.with_everything().get(pk=two.item.pk)
    answer_different(item=two.item, user=None)
    two.item = stale
    with pytest.raises(WrongStateError, match="meanwhile"):
        give(two)
    assert ReviewItem.objects.get().answer == ReviewItem.Answer.DIFFERENT
    assert not Person.objects.filter(merged_into__isnull=False).exists()
    assert Face.objects.filter(person=two.first).count() == 3


@pytest.mark.parametrize("give", ANSWERS.values(), ids=list(ANSWERS))
def test_a_question_that_is_beside_the_point_by_now_is_not_answered(two: Two, give: Give) -> None:
    Face.objects.filter(pk=two.item.first_face_id).update(person=factories.person(gallery=two.gallery))
    assert not ReviewItem.objects.waiting().exists()
    with pytest.raises(ConflictError, match="no longer Ada"):
        give(two)
    Face.objects.filter(pk=two.item.first_face_id).update(person=two.first)
    merge_people(source=two.second, target=factories.person(gallery=two.gallery))
    with pytest.raises(ConflictError, match="merged"):
        give(two)


def test_a_question_without_an_answer_is_not_undone(two: Two) -> None:
    with pytest.raises(WrongStateError, match="no answer"):
        undo_answer(item=two.item, user=two.user)


def test_erasing_a_person_takes_answered_questions_along(two: Two) -> None:
    answer_same(item=two.item, user=two.user)
    two.first.refresh_from_db()
    delete_person(person=two.first)
    assert not ReviewItem.objects.exists()
