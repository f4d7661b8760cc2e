"""Lists ask the database as often for sixty rows as for six: no row costs a query of its own."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from faces.models import ApiKey
from faces.services.api_keys import create_api_key
from tests import factories
from tests.faces.pages.conftest import Filled

SIGNED_IN = 2  # the session and its user

COSTS = {
    "pages:galleries": SIGNED_IN + 4,
    "pages:people": SIGNED_IN + 6,
    "pages:photos": SIGNED_IN + 4,
    "pages:unknown-faces": SIGNED_IN + 15,
    "training:thresholds": SIGNED_IN + 3,
    "training:evaluations": SIGNED_IN + 5,
    "pages:search-status": SIGNED_IN + 6,
    "pages:jobs": SIGNED_IN + 2,
    "pages:api-keys": SIGNED_IN + 3,
    "admin:index": SIGNED_IN + 12,
}


@pytest.fixture
def crowd(filled: Filled) -> None:
    """Some of everything beside what is there."""
    admin = ApiKey.objects.get().created_by
    for number in range(12):
        gallery = factories.gallery(name=f"Gallery {number}")
        person = factories.person(gallery=gallery, external_id=str(number))
        factories.face(person=person, vector=factories.axis(number))
        factories.job(gallery=gallery, created_by=admin)
        probable = factories.probable_person(gallery=filled.gallery)
        photo = factories.photo(gallery=filled.gallery)
        factories.face(photo=photo, vector=factories.axis(number), probable_person=probable)
        create_api_key(name=f"Program {number}", scopes=["read"], galleries=[gallery], user=admin)


@pytest.mark.parametrize(("name", "cost"), COSTS.items())
def test_a_list_costs_a_fixed_number_of_queries(
    name: str, cost: int, crowd: None, client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client.get(reverse(name))  # loads what is loaded once a process
    with django_assert_max_num_queries(cost):
        client.get(reverse(name))


def test_a_person_with_many_faces_costs_no_more_than_one_with_few(
    filled: Filled, client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        factories.face(person=filled.person, vector=factories.axis(number))
    with django_assert_max_num_queries(SIGNED_IN + 8):
        client.get(reverse("pages:person", args=[filled.person.pk]))


def test_similar_people_cost_a_fixed_number_of_queries(
    filled: Filled, crowd: None, client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(3, 20):
        person = factories.person(gallery=filled.gallery)
        for face in range(3):
            factories.face(person=person, vector=factories.at_distance(0.1 * (face + 1), of=number, towards=60))
    for address in (
        reverse("pages:person-similar", args=[filled.person.pk]),
        reverse("pages:face-similar", args=[filled.photo.key, filled.unknown.pk]),
    ):
        client.get(address)
        with django_assert_max_num_queries(SIGNED_IN + 7):  # who, their vector, tau, plan, search, the record of it
            assert client.get(address).content.decode().count("f-likeness-faces") == 12
