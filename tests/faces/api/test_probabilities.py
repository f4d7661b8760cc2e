"""What answers over REST say of how likely they are right, and what is kept of it; with the real encoder."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from faces.models import Gallery, PairClassifier, Person, SearchEvent
from faces.tasks import encode_photos
from tests import factories
from tests.faces.api import files
from tests.faces.photographs import another_photo, astronaut, grace_hopper, jpeg
from tests.factories import CURVE

pytestmark = pytest.mark.django_db

API = "/api/v1"
SAME = jpeg(another_photo(astronaut()))


@pytest.fixture
def eileen(client: APIClient, gallery: Gallery) -> Person:
    """Enrolled with one photo."""
    form = {"photos": files.upload(jpeg(astronaut())), "gallery": "staff", "person_name": "Eileen"}
    told = client.post(f"{API}/photos", form, format="multipart").json()
    encode_photos([part["photo"]["id"] for part in told["photos"]])
    return Person.objects.get(pk=told["person"]["id"])


def recorded(told: dict[str, Any]) -> object:
    return SearchEvent.objects.get(key=told["decision_id"]).answer


def test_without_a_classifier_answers_carry_null(client: APIClient, eileen: Person) -> None:
    told = client.post(f"{API}/recognize", {"gallery": "staff", "photo": files.upload(SAME)}, format="multipart").json()
    [face] = told["faces"]
    assert (face["outcome"], face["probability"], face["classifier"]) == ("match", None, None)
    told = client.post(f"{API}/verify", {"person": eileen.pk, "photo": files.upload(SAME)}, format="multipart").json()
    assert (told["is_match"], told["probability"], told["classifier"]) == (True, None, None)


def test_a_recognition_carries_its_probability_and_the_version_of_the_classifier(
    client: APIClient, gallery: Gallery, eileen: Person
) -> None:
    row = factories.pair_classifier(gallery=gallery)
    for photo, outcome in ((SAME, "match"), (jpeg(grace_hopper()), "nobody")):
        form = {"gallery": "staff", "photo": files.upload(photo)}
        told = client.post(f"{API}/recognize", form, format="multipart").json()
        [face] = told["faces"]
        assert face["outcome"] == outcome
        assert face["probability"] == pytest.approx(CURVE.at(face["distance"]))
        assert face["classifier"] == row.pk
        answer = recorded(told)
        assert isinstance(answer, dict)
        assert answer["faces"][0]["probability"] == face["probability"]
        assert answer["faces"][0]["classifier"] == row.pk


def test_a_verification_carries_its_probability_and_the_version_of_the_classifier(
    client: APIClient, gallery: Gallery, eileen: Person
) -> None:
    person = factories.pair_classifier(gallery=gallery, compares=PairClassifier.Compares.PERSON)
    photo = factories.pair_classifier(gallery=gallery, compares=PairClassifier.Compares.PHOTO)
    claims = (
        ({"person": eileen.pk}, person),
        ({"second_photo": files.upload(jpeg(astronaut())), "gallery": "staff"}, photo),
    )
    for claim, row in claims:
        told = client.post(f"{API}/verify", {"photo": files.upload(SAME), **claim}, format="multipart").json()
        assert told["probability"] == pytest.approx(CURVE.at(told["distance"]))
        assert told["classifier"] == row.pk
        answer = recorded(told)
        assert isinstance(answer, dict)
        assert (answer["probability"], answer["classifier"]) == (told["probability"], row.pk)


def test_where_there_were_too_few_people_answers_carry_null(
    client: APIClient, gallery: Gallery, eileen: Person
) -> None:
    factories.pair_classifier(gallery=None)
    factories.pair_classifier(gallery=gallery, is_calibrated=False, parameters={}, note="Only 2 people.")
    told = client.post(f"{API}/recognize", {"gallery": "staff", "photo": files.upload(SAME)}, format="multipart").json()
    assert (told["faces"][0]["probability"], told["faces"][0]["classifier"]) == (None, None)
