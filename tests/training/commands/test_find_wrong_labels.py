"""`find_wrong_labels`, as it is called."""

import json

import pytest

from tests import factories
from tests.faces.commands.running import run
from tests.training.mistaken import mistaken_gallery
from training.models import ReviewItem

pytestmark = pytest.mark.django_db


def test_it_says_what_it_found_and_ends_with_json() -> None:
    made = mistaken_gallery(1)
    ended = run("find_wrong_labels", "--gallery", "Crowd", "--json")

    assert ended.status == 0, ended.err
    assert "Probably one person under two names: 3 pairs" in ended.out
    assert "Probably under a wrong name: 3 faces" in ended.out
    told = json.loads(ended.out.splitlines()[-1])
    assert (told["new_questions"], told["faces"]) == (6, len(made.faces))
    assert ReviewItem.objects.waiting().count() == 6
    assert "Person" not in ended.err


def test_a_gallery_that_cannot_be_judged_says_what_it_needs() -> None:
    gallery = factories.gallery(name="Few")
    for number in range(3):
        factories.face(person=factories.person(gallery=gallery), vector=factories.axis(number))
    ended = run("find_wrong_labels", "--gallery", "Few")
    assert ended.status == 0, ended.err
    assert "at least 10 people need two or more enrolled photos" in ended.out


@pytest.mark.parametrize(("name", "says"), [("Nowhere", "no gallery"), ("Empty", "Nobody is enrolled")])
def test_a_gallery_that_is_not_there_or_empty_is_refused(name: str, says: str) -> None:
    factories.gallery(name="Empty")
    ended = run("find_wrong_labels", "--gallery", name)
    assert ended.status == 2
    assert says in ended.err
