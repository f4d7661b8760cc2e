"""Questions that a training comes upon: asked once, never again after an answer, and kept out of its negatives."""

import numpy as np
import pytest

from faces.models import Face, Person
from faces.services.people import merge_people
from tests import factories
from tests.training.mistaken import MistakenGallery, mistaken_gallery
from tests.training.models.factories import question, run
from training.mining.suspects import Suspects
from training.models import ReviewItem
from training.services.review_answers import answer_different, answer_same, answer_wrong, undo_answer
from training.services.suspicions import barred_pairs, proven_pairs, record_suspects, suspects_in

pytestmark = pytest.mark.django_db

DUPLICATE, WRONG_LABEL = ReviewItem.Kind.DUPLICATE_PERSON, ReviewItem.Kind.WRONG_LABEL


@pytest.fixture
def made() -> MistakenGallery:
    return mistaken_gallery()


def look(made: MistakenGallery) -> Suspects:
    training_set = made.training_set()
    return suspects_in(gallery=made.gallery, training_set=training_set, vectors=made.vectors(training_set.faces))


def ask(made: MistakenGallery) -> tuple[int, Suspects]:
    """Look as a training run does; return how many questions are new."""
    suspects = look(made)
    training = run(gallery=made.gallery, state="failed", error="made up", finished_at="2026-01-01T00:00Z")
    return record_suspects(training, made.training_set(), suspects), suspects


def test_every_mistake_is_asked_about_with_its_faces_and_people(made: MistakenGallery) -> None:
    new, suspects = ask(made)
    items = list(ReviewItem.objects.with_everything())

    assert new == len(suspects) == len(items) == 6
    assert {(item.first_person_id, item.second_person_id) for item in items if item.kind == DUPLICATE} == made.twice
    assert {item.first_face_id: item.second_person_id for item in items if item.kind == WRONG_LABEL} == made.wrong
    for item in items:
        assert item.first_face.person == item.first_person
        assert item.second_face.person == item.second_person
        assert item.training_run is not None
        assert item.state == ReviewItem.State.OPEN
        assert 0 <= item.by_chance < 1
    assert ReviewItem.objects.waiting().count() == 6


def test_nothing_is_asked_twice(made: MistakenGallery) -> None:
    assert ask(made)[0] == 6
    assert ask(made)[0] == 0
    assert ReviewItem.objects.count() == 6


def test_an_open_question_is_asked_with_the_faces_that_are_nearest_now(made: MistakenGallery) -> None:
    ask(made)
    item = ReviewItem.objects.filter(kind=DUPLICATE).first()
    assert item is not None
    nearest, distance = item.first_face, item.distance
    other = Face.objects.filter(person=item.first_person).exclude(pk=nearest.pk)[0]
    ReviewItem.objects.filter(pk=item.pk).update(first_face=other, distance=0.5)
    ask(made)
    item.refresh_from_db()
    assert item.first_face == nearest
    assert item.distance == pytest.approx(distance)


def test_two_people_are_no_suspects_any_more_and_a_face_is_whose_it_is_said_to_be(made: MistakenGallery) -> None:
    ask(made)
    for item in ReviewItem.objects.all():
        answer_different(item=item, user=None)
    new, suspects = ask(made)

    assert (new, len(suspects)) == (0, 0)
    proven = proven_pairs(made.gallery)
    assert {tuple(pair) for pair in proven.people.tolist()} == made.twice
    assert dict(proven.faces.tolist()) == made.wrong
    assert len(barred_pairs(made.gallery, suspects)) == 0


def test_what_was_found_before_an_answer_is_not_barred_after_it(made: MistakenGallery) -> None:
    _, suspects = ask(made)
    assert len(barred_pairs(made.gallery, suspects)) == 3
    item = ReviewItem.objects.filter(kind=DUPLICATE).first()
    assert item is not None
    answer_different(item=item, user=None)
    barred = {tuple(pair) for pair in barred_pairs(made.gallery, suspects).people.tolist()}
    assert barred == made.twice - {(item.first_person_id, item.second_person_id)}

    undo_answer(item=item, user=None)
    assert len(barred_pairs(made.gallery, suspects)) == 3
    assert len(proven_pairs(made.gallery)) == 0


def test_open_questions_of_earlier_runs_stay_barred(made: MistakenGallery) -> None:
    ask(made)
    strangers = [factories.face(person=factories.person(gallery=made.gallery)) for _ in range(2)]
    question(*strangers)
    barred = {tuple(pair) for pair in barred_pairs(made.gallery, look(made)).people.tolist()}
    assert barred == made.twice | {(strangers[0].person_id, strangers[1].person_id)}


def test_a_proven_pair_follows_whom_its_people_are_merged_into() -> None:
    gallery = factories.gallery()
    first, second, third = (factories.face(person=factories.person(gallery=gallery)) for _ in range(3))
    answer_different(item=question(first, second), user=None)
    assert third.person is not None
    assert second.person is not None
    merge_people(source=second.person, target=third.person)
    assert proven_pairs(gallery).people.tolist() == [[first.person_id, third.person_id]]

    third.person.refresh_from_db()
    assert first.person is not None
    merge_people(source=third.person, target=first.person)
    assert proven_pairs(gallery).people.tolist() == []


def test_a_wrong_label_proves_that_the_two_people_are_two() -> None:
    gallery = factories.gallery()
    first, second = (factories.face(person=factories.person(gallery=gallery)) for _ in range(2))
    item = question(first, second)
    answer_wrong(item=item, user=None, face=item.first_face, to=None)
    assert proven_pairs(gallery).people.tolist() == [[item.first_person_id, item.second_person_id]]


def test_another_gallery_proves_nothing(made: MistakenGallery) -> None:
    gallery = factories.gallery()
    first, second = (factories.face(person=factories.person(gallery=gallery)) for _ in range(2))
    answer_different(item=question(first, second), user=None)
    assert len(proven_pairs(made.gallery)) == 0
    assert len(proven_pairs(gallery)) == 1


def test_who_was_merged_while_the_run_looked_is_not_asked_about(made: MistakenGallery) -> None:
    suspects = look(made)
    first, second = (Person.objects.get(pk=pk) for pk in min(made.twice))
    merge_people(source=first, target=second)
    training = run(gallery=made.gallery)
    assert record_suspects(training, made.training_set(), suspects) == 5


def test_a_face_that_was_deleted_or_moved_while_the_run_looked_is_not_asked_about(made: MistakenGallery) -> None:
    suspects = look(made)
    training_set = made.training_set()
    shown = training_set.faces[np.append(suspects.people_rows[:1, 0], suspects.faces[:1])]
    Face.objects.get(pk=shown[0]).delete()
    Face.objects.filter(pk=shown[1]).update(person=factories.person(gallery=made.gallery))
    assert record_suspects(run(gallery=made.gallery), training_set, suspects) == 4


def test_an_open_question_about_a_face_goes_with_it_to_another_wrong_name(made: MistakenGallery) -> None:
    ask(made)
    item = ReviewItem.objects.filter(kind=WRONG_LABEL)[0]
    wearer = item.first_person_id
    ReviewItem.objects.filter(pk=item.pk).update(first_person=factories.person(gallery=made.gallery))
    assert item not in ReviewItem.objects.waiting()
    assert ask(made)[0] == 0
    item.refresh_from_db()
    assert item.first_person_id == wearer
    assert item in ReviewItem.objects.waiting()


def test_after_all_answers_the_gallery_is_as_it_should_be(made: MistakenGallery) -> None:
    ask(made)
    for item in ReviewItem.objects.waiting():
        if item.kind == DUPLICATE:
            answer_same(item=item, user=None)
        else:
            answer_wrong(item=item, user=None, face=item.first_face, to=item.second_person)
    whose = dict(Face.objects.of(made.gallery).values_list("pk", "person"))
    truth = made.crowd.planted.truth
    for person in np.unique(truth):
        assert len({whose[int(face)] for face in made.faces[truth == person]}) == 1
    assert Person.objects.of(made.gallery).present().count() == 40
    assert not ReviewItem.objects.waiting().exists()
