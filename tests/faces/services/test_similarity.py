"""Who looks most like somebody of the gallery?"""

from collections.abc import Callable

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from faces.exceptions import InvalidRequestError, NoEmbeddingError, NoThresholdError
from faces.models import Gallery, Person, Threshold
from faces.services.similarity import Similarity, similar_to_face, similar_to_person
from faces.services.suggestions import suggest_person
from faces.services.thresholds import set_tau
from tests import factories
from tests.faces.indexed import clustered, fill, index

pytestmark = pytest.mark.django_db

TAU = 0.1


@pytest.fixture
def gallery() -> Gallery:
    """A gallery in which recognition takes what is 0.1 apart for one person."""
    made = factories.gallery(name="Staff")
    use = Threshold.Use.RECOGNITION
    set_tau(gallery=made, encoder_version=made.encoder_version, use=use, tau=TAU, reason="test", user=None)
    return made


def enrolled(gallery: Gallery, name: str, *vectors: np.ndarray) -> Person:
    person = factories.person(gallery=gallery, name=name)
    for vector in vectors:
        factories.face(person=person, vector=vector)
    return person


def names(similarity: Similarity) -> list[str]:
    return [candidate.face.person.name for candidate in similarity.people if candidate.face.person]


def test_one_person_under_two_names_is_found_and_told_from_those_who_are_only_alike(gallery: Gallery) -> None:
    ada = enrolled(gallery, "Ada", factories.axis(0))
    enrolled(gallery, "Ada again", factories.at_distance(0.05, of=0, towards=1))
    enrolled(gallery, "Her sister", factories.at_distance(0.2, of=0, towards=2))
    enrolled(gallery, "A stranger", factories.axis(9))
    found = similar_to_person(person=ada)
    assert names(found) == ["Ada again", "Her sister", "A stranger"]
    assert [candidate.is_match for candidate in found.people] == [True, False, False]
    assert [c.distance for c in found.people] == pytest.approx([0.05, 0.2, 2.0], abs=1e-3)
    assert found.tau.tau == TAU


def test_nobody_looks_like_themselves_and_nobody_of_another_gallery_is_found(gallery: Gallery) -> None:
    ada = enrolled(gallery, "Ada", factories.axis(0), factories.at_distance(0.01))
    enrolled(factories.gallery(), "Ada elsewhere", factories.axis(0))
    assert similar_to_person(person=ada).people == ()
    assert similar_to_face(face=ada.faces.all()[0]).people == ()


def test_a_person_is_compared_by_their_template_and_shown_by_their_nearest_photo(gallery: Gallery) -> None:
    ada = enrolled(gallery, "Ada", factories.axis(0))
    vectors = [factories.at_distance(0.3, of=0, towards=1), factories.at_distance(0.04, of=0, towards=1)]
    eve = enrolled(gallery, "Eve", *vectors)
    (found,) = similar_to_person(person=ada).people
    mean = sum(vectors) / np.linalg.norm(sum(vectors))
    assert found.distance == pytest.approx(float(((mean - factories.axis(0)) ** 2).sum()), abs=2e-3)
    assert found.face == eve.faces.all()[1]


def test_the_face_that_stands_for_a_person_is_the_one_most_like_their_template(gallery: Gallery) -> None:
    spread = [factories.at_distance(distance, of=0, towards=1) for distance in (0.0, 0.02, 0.08)]
    ada = enrolled(gallery, "Ada", *spread)
    assert similar_to_person(person=ada).face == ada.faces.all()[1]


@pytest.mark.parametrize("is_enrolled", [True, False])
def test_a_face_is_compared_with_everybody_but_the_person_whose_it_is(gallery: Gallery, is_enrolled: bool) -> None:
    ada = enrolled(gallery, "Ada", factories.axis(0))
    eve = enrolled(gallery, "Eve", factories.at_distance(0.06))
    face = factories.face(person=ada, vector=factories.axis(0), is_enrolled=is_enrolled)
    found = similar_to_face(face=face)
    assert (names(found), found.face) == (["Eve"], face)
    unknown = factories.face(photo=factories.photo(gallery=gallery), vector=factories.at_distance(0.05))
    assert {candidate.face.person for candidate in similar_to_face(face=unknown).people} == {ada, eve}


def test_an_unknown_face_is_suggested_to_whom_recognition_would_take_it_for(gallery: Gallery) -> None:
    ada = enrolled(gallery, "Ada", factories.axis(0))
    photo = factories.photo(gallery=gallery)
    near = factories.face(photo=photo, vector=factories.at_distance(0.09))
    far = factories.face(photo=photo, vector=factories.at_distance(0.11))
    suggested = suggest_person(face=near)
    assert suggested is not None
    assert (suggested.face.person, suggested.is_match) == (ada, True)
    assert suggest_person(face=far) is None
    assert suggest_person(face=factories.face(photo=photo)) is None, "it was never encoded"


def test_the_ranking_equals_a_loop_over_all_templates(gallery: Gallery) -> None:
    generator = np.random.default_rng(5)
    vectors = generator.normal(size=(30, factories.DIMENSION)) + 3 * generator.normal(size=factories.DIMENSION)
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors = vectors.astype(np.float16).astype(np.float32)  # what half precision stores
    people = [enrolled(gallery, f"P{number}", vector) for number, vector in enumerate(vectors)]
    expected = []
    for person, vector in zip(people[1:], vectors[1:], strict=True):
        expected.append((sum((float(a) - float(b)) ** 2 for a, b in zip(vector, vectors[0], strict=True)), person.pk))
    found = similar_to_person(person=people[0], limit=7)
    assert [candidate.face.person_id for candidate in found.people] == [pk for _, pk in sorted(expected)[:7]]
    assert [c.distance for c in found.people] == pytest.approx([d for d, _ in sorted(expected)[:7]], abs=2e-3)


def test_a_large_gallery_is_asked_through_its_index_and_answers_as_an_exact_scan_does(gallery: Gallery) -> None:
    fill(gallery, clustered(1500))
    asked = Person.objects.select_related("gallery__encoder_version").order_by("id")[:1500:100]

    def answers() -> list[list[int | None]]:
        return [[c.face.person_id for c in similar_to_person(person=person, limit=5).people] for person in asked]

    exact = answers()
    plan = index(gallery)
    with CaptureQueriesContext(connection) as queries:
        through_index = answers()
    assert through_index == exact
    assert any(f"id <= {plan.index_up_to}" in query["sql"] for query in queries)
    assert all(person.pk not in found for person, found in zip(asked, through_index, strict=True))
    ada = asked[0]
    late = enrolled(gallery, "Younger than the index", np.asarray(ada.templates.get().vector, dtype=np.float32))
    assert similar_to_person(person=ada).people[0].face.person == late


@pytest.mark.parametrize("ask", [similar_to_person, similar_to_face])
def test_the_templates_are_searched_once(gallery: Gallery, ask: Callable[..., Similarity]) -> None:
    for number in range(6):
        enrolled(gallery, f"P{number}", factories.axis(number), factories.axis(number + 20))
    person = Person.objects.select_related("gallery__encoder_version").all()[0]
    words = {"person": person} if ask is similar_to_person else {"face": person.faces.select_related("gallery")[0]}
    with CaptureQueriesContext(connection) as queries:
        assert len(ask(**words).people) == 5
    assert sum("faces_template" in query["sql"] and "<->" in query["sql"] for query in queries) == 1
    assert len(queries) <= 6


def test_who_has_no_enrolled_face_looks_like_nobody_and_the_error_says_why(gallery: Gallery) -> None:
    shy = factories.person(gallery=gallery, name="Shy")
    factories.face(person=shy, vector=factories.axis(0), is_enrolled=False)
    with pytest.raises(NoEmbeddingError, match="Shy has no enrolled face yet"):
        similar_to_person(person=shy)
    with pytest.raises(NoEmbeddingError, match="not been encoded yet"):
        similar_to_face(face=factories.face(person=shy))


@pytest.mark.parametrize("limit", [0, 101])
def test_a_number_of_people_that_cannot_be_is_refused(gallery: Gallery, limit: int) -> None:
    ada = enrolled(gallery, "Ada", factories.axis(0))
    with pytest.raises(InvalidRequestError, match="1 to 100"):
        similar_to_person(person=ada, limit=limit)


def test_without_any_tau_nothing_is_decided(gallery: Gallery) -> None:
    ada = enrolled(gallery, "Ada", factories.axis(0))
    Threshold.objects.all().delete()
    with pytest.raises(NoThresholdError, match="No tau is set"):
        similar_to_person(person=ada)
