"""What the pages say of how likely an answer is right; with the real encoder."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from faces.models import Gallery, PairClassifier, Person
from faces.probability_words import percent
from tests import factories
from tests.faces import photographs
from tests.faces.pages.encoded import enroll

SAME = photographs.jpeg(photographs.another_photo(photographs.astronaut()))


@pytest.fixture
def eileen(db: None) -> Person:
    return enroll(factories.gallery(name="Crew"), "Eileen Collins", photographs.jpeg(photographs.astronaut()))


def ask(client: Client, page: str, **values: Any) -> Any:
    return client.post(reverse(f"pages:{page}"), values | {"photo": SimpleUploadedFile("a photo.jpg", SAME)})


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_a_recognition_says_in_words_how_likely_it_is_by_which_classifier_and_at_which_prior(
    client: Client, eileen: Person
) -> None:
    row = factories.pair_classifier(gallery=eileen.gallery)
    answer = ask(client, "recognize", gallery=eileen.gallery_id)
    (face,) = answer.context["answer"].faces
    words = percent(face.recognition.probability.value)
    page = text_of(answer)
    assert f"{words}</b> likely that the nearest person is the right one, by classifier {row.pk}" in page
    assert "in the gallery as often as not" in page


def test_a_verification_says_so_too(client: Client, eileen: Person) -> None:
    row = factories.pair_classifier(gallery=eileen.gallery, compares=PairClassifier.Compares.PERSON)
    answer = ask(client, "verify", gallery=eileen.gallery_id, against="person", person=eileen.pk)
    words = percent(answer.context["answer"].verification.probability.value)
    page = text_of(answer)
    assert f"{words}</b> likely the same person, by classifier {row.pk}" in page
    assert "claims are true as often as not" in page


def test_where_nothing_was_calibrated_pages_say_nothing_of_it(client: Client, eileen: Person) -> None:
    for answer in (
        ask(client, "recognize", gallery=eileen.gallery_id),
        ask(client, "verify", gallery=eileen.gallery_id, against="person", person=eileen.pk),
    ):
        page = text_of(answer)
        assert "within tau" in page
        assert "classifier" not in page


def test_the_gallery_of_others_says_nothing_of_this_one(client: Client, eileen: Person) -> None:
    other: Gallery = factories.gallery()
    factories.pair_classifier(gallery=other)
    assert "classifier" not in text_of(ask(client, "recognize", gallery=eileen.gallery_id))
