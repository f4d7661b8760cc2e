"""Leave-one-out recognition over a gallery in the database."""

import pytest

from faces.models import Gallery
from faces.services.thresholds import set_tau
from tests import factories
from tests.factories import at_distance, axis
from training.exceptions import TooFewComparisonsError
from training.services.recognition_evaluation import enrolled_faces, evaluate_recognition

pytestmark = pytest.mark.django_db


@pytest.fixture
def gallery() -> Gallery:
    gallery = factories.gallery()
    set_tau(
        gallery=gallery,
        encoder_version=gallery.encoder_version,
        use="recognition",  # type: ignore[arg-type]
        tau=0.5,
        reason="For this test",
        user=None,
    )
    return gallery


def three_people(gallery: Gallery) -> None:
    """Ada's photos are 0.25 apart, Bob's 1; Cleo has one photo, 0.25 from Bob's first; all else is far apart."""
    ada, bob, cleo = (factories.person(gallery=gallery, name=name) for name in ("Ada", "Bob", "Cleo"))
    factories.face(person=ada, vector=axis(0))
    factories.face(person=ada, vector=at_distance(0.25, of=0, towards=1))
    factories.face(person=bob, vector=axis(2))
    factories.face(person=bob, vector=at_distance(1, of=2, towards=3))
    factories.face(person=cleo, vector=at_distance(0.25, of=2, towards=4))


def test_rates_of_a_small_gallery_are_those_one_counts_by_hand(gallery: Gallery) -> None:
    three_people(gallery)
    evaluation = evaluate_recognition(gallery=gallery)

    assert (evaluation.gallery_size, evaluation.faces, evaluation.people_with_two_photos) == (3, 5, 2)
    assert evaluation.tau == 0.5
    # Ada finds Ada twice. Bob's first photo finds Cleo, his second Bob's first at 1, which is nearest but beyond tau.
    assert (evaluation.rank_1.count, evaluation.rank_1.total) == (3, 4)
    assert (evaluation.fnir.count, evaluation.fnir.total) == (2, 4)
    # Without their own photos, Bob's first is taken for Cleo and Cleo for Bob.
    assert (evaluation.fpir.count, evaluation.fpir.total) == (2, 5)


def test_the_template_is_what_is_searched_for(gallery: Gallery) -> None:
    ada = factories.person(gallery=gallery)
    for number in range(3):
        factories.face(person=ada, vector=at_distance(1, of=0, towards=1 + number))
    evaluation = evaluate_recognition(gallery=gallery, tau=1.4)

    # Any two of the photos are 1.5 apart; each is 2 - 2 * 0.25 / sqrt(0.625) = 1.37 from the mean of the others.
    assert (evaluation.fnir.count, evaluation.fnir.total) == (0, 3)


def test_another_tau_can_be_tried(gallery: Gallery) -> None:
    three_people(gallery)

    assert evaluate_recognition(gallery=gallery, tau=1.01).fnir.count == 1
    assert evaluate_recognition(gallery=gallery, tau=0.1).fpir.count == 0


def test_only_enrolled_faces_of_this_gallery_by_its_serving_version_take_part(gallery: Gallery) -> None:
    three_people(gallery)
    ada = factories.person(gallery=gallery, name="Ada's other photo")
    factories.face(person=ada, vector=axis(0), is_enrolled=False)
    factories.face(photo=factories.photo(gallery=gallery), vector=axis(0))
    other = factories.gallery()
    factories.face(person=factories.person(gallery=other), vector=axis(0))
    face = factories.face(person=ada)
    factories.embedding(face=face, vector=axis(0), encoder_version=factories.encoder_version())

    assert len(enrolled_faces(gallery).people) == 5


def test_an_empty_gallery_and_one_of_single_photos_have_no_rates(gallery: Gallery) -> None:
    with pytest.raises(TooFewComparisonsError, match="Nobody is enrolled"):
        evaluate_recognition(gallery=gallery)
    factories.face(person=factories.person(gallery=gallery), vector=axis(0))
    with pytest.raises(TooFewComparisonsError, match="two enrolled photos"):
        evaluate_recognition(gallery=gallery)
