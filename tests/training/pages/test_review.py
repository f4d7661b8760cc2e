"""Questions about names on pages: looked at, answered, undone, and who may."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from faces.models import Face, Gallery, Job, PairClassifier, Person
from tests import factories
from tests.faces.pages.test_people import said
from tests.training.models.factories import question
from training.models import ReviewItem
from training.services.review_answers import answer_different, answer_same

pytestmark = pytest.mark.django_db

QUESTIONS = "training:questions"


@pytest.fixture
def gallery(db: None) -> Gallery:
    return factories.gallery(name="Visitors")


def ask(gallery: Gallery, first: str = "Ada", second: str = "Ada L.", **values: object) -> ReviewItem:
    """A question about two people, the first of whom has three more photos."""
    people = [factories.person(gallery=gallery, name=name) for name in (first, second)]
    faces = [factories.face(person=person, vector=factories.axis(0)) for person in people]
    for _ in range(3):
        factories.face(person=people[0])
    return question(faces[0], faces[1], **values)


def page(client: Client, gallery: Gallery, **query: str | int) -> str:
    return client.get(reverse(QUESTIONS), {"gallery": gallery.pk, **query}).content.decode()


def shown(client: Client, gallery: Gallery, **query: str | int) -> ReviewItem | None:
    """The question that stands large on the page."""
    context = client.get(reverse(QUESTIONS), {"gallery": gallery.pk, **query}).context
    return context["question"].item if context["question"] else None


def give(client: Client, item: ReviewItem, **values: object) -> str:
    """Answer, and return where that leads to."""
    told = client.post(reverse("training:question-answer", args=[item.pk]), values)
    assert told.status_code == 302
    return str(told["Location"])


def test_the_surest_question_stands_first_with_the_other_photos_of_both(client: Client, gallery: Gallery) -> None:
    ask(gallery, "Grace", "Grace H.", by_chance=0.03)
    item = ask(gallery, by_chance=0.01)
    answer = client.get(reverse(QUESTIONS), {"gallery": gallery.pk})
    asked = answer.context["question"]

    assert asked.item == item
    assert (asked.first.faces, len(asked.first.others), asked.first.more) == (4, 3, 0)
    assert (asked.second.faces, len(asked.second.others)) == (1, 0)
    text = answer.content.decode()
    assert "Are these the same person?" in text
    assert "0 of 2 answered" in text
    assert "Grace and Grace H." in text


def test_others_can_be_looked_at_before_and_after(client: Client, gallery: Gallery) -> None:
    items = [ask(gallery, f"Person {number}", by_chance=number / 100) for number in range(3)]
    assert shown(client, gallery) == items[0]
    answer = client.get(reverse(QUESTIONS), {"gallery": gallery.pk, "item": items[1].pk})
    assert answer.context["question"].item == items[1]
    assert (answer.context["earlier"], answer.context["later"]) == (items[0], items[2])
    assert shown(client, gallery, item=999_999) == items[0]
    assert shown(client, gallery, item="x") == items[0]


def test_questions_are_filtered_by_kind_and_gallery(client: Client, gallery: Gallery) -> None:
    twice, wrong = ask(gallery), ask(gallery, kind="wrong_label")
    other = ask(factories.gallery(name="Staff"))
    assert shown(client, gallery, kind="wrong_label") == wrong
    assert shown(client, gallery, kind="duplicate_person") == twice
    assert shown(client, other.gallery) == other
    assert "Is this face really Ada's?" in page(client, gallery, kind="wrong_label")


def test_one_click_merges_and_the_next_question_comes_with_a_way_back(client: Client, gallery: Gallery) -> None:
    item, following = ask(gallery, by_chance=0.01), ask(gallery, "Grace", "Grace H.", by_chance=0.02)
    location = give(client, item, answer="same", keep="first", kind="duplicate_person")
    answer = client.get(location)
    text = answer.content.decode()

    item.second_person.refresh_from_db()
    assert item.second_person.merged_into == item.first_person
    assert answer.context["question"].item == following
    assert "The same person: Ada L. was merged into Ada." in text
    assert "1 of 2 answered" in text
    assert answer.context["kind"] == "duplicate_person"

    back = client.post(reverse("training:question-undo", args=[item.pk]))
    assert Person.objects.get(pk=item.second_person_id).merged_into is None
    assert client.get(back["Location"]).context["question"].item == item


def test_the_name_that_stays_can_be_the_other_one(client: Client, gallery: Gallery) -> None:
    item = ask(gallery)
    answer = client.get(reverse(QUESTIONS), {"gallery": gallery.pk})
    assert answer.context["question"].kept == item.first_person
    give(client, item, answer="same", keep="second")
    assert Person.objects.get(pk=item.first_person_id).merged_into == item.second_person


def test_two_people_are_not_asked_about_again(client: Client, gallery: Gallery) -> None:
    item = ask(gallery)
    text = client.get(give(client, item, answer="different")).content.decode()
    assert "Ada and Ada L. only look alike" in text
    assert "All questions are answered" in text
    assert shown(client, gallery) is None


@pytest.mark.parametrize(
    ("values", "whose", "says"),
    [
        ({"face": "first", "to": "other"}, "Ada L.", "the face is Ada L."),
        ({"face": "second", "to": "other"}, "Ada", "the face is Ada&#x27;s now, not Ada L."),
        ({"face": "first", "to": "nobody"}, None, "belongs to nobody now"),
    ],
)
def test_a_face_under_the_wrong_name_is_moved(
    client: Client, gallery: Gallery, values: dict[str, str], whose: str | None, says: str
) -> None:
    item = ask(gallery)
    text = client.get(give(client, item, answer="wrong", **values)).content.decode()
    face = Face.objects.select_related("person").get(pk=getattr(item, f"{values['face']}_face_id"))
    assert (face.person.name if face.person else None) == whose
    assert "A wrong label: the face is" in text
    assert says in text


@pytest.mark.parametrize(
    "values", [{}, {"answer": "perhaps"}, {"answer": "wrong"}, {"answer": "wrong", "face": "third"}]
)
def test_an_answer_that_makes_no_sense_changes_nothing(
    client: Client, gallery: Gallery, values: dict[str, str]
) -> None:
    item = ask(gallery)
    told = client.post(reverse("training:question-answer", args=[item.pk]), values)
    assert told.status_code == 302
    assert said(told)
    item.refresh_from_db()
    assert item.state == ReviewItem.State.OPEN


def test_answers_are_listed_with_who_gave_them_and_can_be_taken_back(client: Client, gallery: Gallery) -> None:
    item = ask(gallery)
    answer_same(item=item, user=factories.user(name="grace"), keep=item.first_person)
    text = page(client, gallery, show="answered")
    assert "Ada L. was merged into Ada" in text
    assert "by grace" in text
    assert reverse("training:question-undo", args=[item.pk]) in text


def test_an_answer_that_cannot_be_undone_says_why(client: Client, gallery: Gallery) -> None:
    item = ask(gallery)
    answer_same(item=item, user=None, keep=item.first_person)
    Face.objects.filter(pk=item.second_face_id).update(person=factories.person(gallery=gallery))
    told = client.post(reverse("training:question-undo", args=[item.pk]))
    assert "cannot be undone any more: one of the faces was moved since" in said(told)


def test_a_calibrated_probability_is_told_and_no_other(client: Client, gallery: Gallery) -> None:
    item = ask(gallery)
    assert "The two faces are 0.000 apart" in page(client, gallery)
    factories.pair_classifier(gallery=gallery, compares=PairClassifier.Compares.PHOTO)
    text = page(client, gallery)
    assert "Two such faces are one person's with" in text
    Face.objects.get(pk=item.second_face_id).embeddings.all().delete()
    assert "The two faces are 0.010 apart" in page(client, gallery)


def test_who_may_only_look_sees_no_buttons_and_changes_nothing(
    staff_with: Callable[..., Client], gallery: Gallery
) -> None:
    item = ask(gallery)
    reader = staff_with("training.view_reviewitem", "faces.view_person")
    text = page(reader, gallery)
    assert "Are these the same person?" in text
    assert 'data-key="s"' not in text
    assert "/crop/" not in text
    almost = staff_with("training.change_reviewitem", "faces.view_person", "faces.change_person")
    for client in (reader, almost):
        assert client.post(reverse("training:question-answer", args=[item.pk]), {"answer": "same"}).status_code == 403
        assert client.post(reverse("training:question-undo", args=[item.pk])).status_code == 403
    assert reader.post(reverse("training:name-check", args=[gallery.pk])).status_code == 403


def test_a_look_for_wrong_names_begins_with_a_click_and_says_how_far_it_is(client: Client, gallery: Gallery) -> None:
    assert "No questions" in page(client, gallery)
    for number in range(2):
        factories.face(person=factories.person(gallery=gallery), vector=factories.axis(number))
    told = client.post(reverse("training:name-check", args=[gallery.pk]))
    assert told.status_code == 302
    job = Job.objects.get(kind=Job.Kind.NAMES)
    text = page(client, gallery)
    assert "Waiting for a worker" in text
    assert "Look for wrong names" not in text

    progress = reverse("training:name-check-progress", args=[gallery.pk])
    assert "Waiting for a worker" in client.get(progress, headers={"HX-Request": "true"}).content.decode()
    job.move_to(Job.State.RUNNING)
    Job.objects.filter(pk=job.pk).update(result={"could_judge": True, "gallery": gallery.pk})
    job.move_to(Job.State.SUCCEEDED)
    assert client.get(progress, headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    assert "No name seems wrong" in page(client, gallery)
    assert f"/questions/galleries/{gallery.pk}/" in client.get(reverse("pages:job", args=[job.key])).content.decode()


def test_a_gallery_that_cannot_be_judged_says_what_it_needs(client: Client, gallery: Gallery) -> None:
    now = timezone.now()
    Job.objects.create(
        gallery=gallery,
        kind="names",
        title="Names",
        state="succeeded",
        inputs_complete=True,
        result={"could_judge": False},
        started_at=now,
        finished_at=now,
    )
    assert "at least ten people with two enrolled photos each" in page(client, gallery)


def test_a_list_of_many_questions_asks_the_database_no_more_than_a_short_one(
    client: Client, gallery: Gallery, django_assert_max_num_queries: Callable[..., object]
) -> None:
    for number in range(12):
        item = ask(gallery, f"Person {number}", f"Person {number}, again")
        if number % 3 == 0:
            answer_different(item=item, user=None)
    page(client, gallery)
    with django_assert_max_num_queries(26):  # type: ignore[attr-defined]
        page(client, gallery)
    with django_assert_max_num_queries(20):  # type: ignore[attr-defined]
        page(client, gallery, show="answered")
