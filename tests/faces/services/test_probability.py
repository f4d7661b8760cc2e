"""Which classifier says how likely an answer is, and what it says."""

from math import exp

import pytest
from django.db import IntegrityError, transaction

from faces.models import Gallery, PairClassifier
from faces.services.encoders import default_encoder_version
from faces.services.probability import Probability, classifier_in_force, probability, probability_in_force
from faces.services.probability_curve import LEAST, ProbabilityCurve
from faces.services.recognition import Outcome, Recognition, recognize
from faces.services.verification import verify_faces, verify_person, verify_photo
from tests import factories
from tests.factories import CURVE, at_distance, axis, encoded_face

SEARCH, PERSON, PHOTO = PairClassifier.Compares.SEARCH, PairClassifier.Compares.PERSON, PairClassifier.Compares.PHOTO


@pytest.fixture
def gallery(db: None) -> Gallery:
    return factories.gallery()


def in_force(gallery: Gallery | None, compares: PairClassifier.Compares = SEARCH) -> PairClassifier | None:
    version = gallery.encoder_version if gallery else default_encoder_version()
    return classifier_in_force(gallery=gallery, encoder_version=version, compares=compares)


def test_a_curve_is_the_formula_that_it_says() -> None:
    curve = ProbabilityCurve(intercept=1.0, distance=-3.0, log_distance=-0.5, low=0.02, high=0.9)
    # 1 - 3 * 0.25 - 0.5 * ln 0.25 = 0.943147; its logistic is 0.719735
    assert curve.at(0.25) == pytest.approx(0.02 + 0.88 * 0.719735, abs=1e-6)
    # Below the least distance the logarithm stays what it is there: ln 0.001 = -6.907755.
    assert curve.at(0.0) == pytest.approx(0.02 + 0.88 / (1 + exp(-(1 + 0.5 * 6.907755))), abs=1e-6)
    assert curve.at(0.0) > curve.at(LEAST)


def test_a_curve_stays_within_its_limits_however_steep_it_is() -> None:
    curve = ProbabilityCurve(intercept=1e5, distance=-1e6, log_distance=-1e5, low=0.02, high=0.9)
    assert (curve.at(0.0), curve.at(4.0)) == (0.9, 0.02)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"distance": 0.1}, "falls with the distance"),
        ({"log_distance": 0.1}, "falls with the distance"),
        ({"distance": float("nan")}, "falls with the distance"),
        ({"low": 0.0}, "limits"),
        ({"high": 1.0}, "limits"),
        ({"low": 0.9}, "limits"),
    ],
)
def test_a_curve_that_rises_or_is_certain_is_refused(change: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ProbabilityCurve(**{"intercept": 0.0, "distance": -1.0, "log_distance": -1.0, "low": 0.1, "high": 0.9} | change)


def test_a_curve_is_stored_and_read_back() -> None:
    assert ProbabilityCurve.from_json(CURVE.as_json()) == CURVE
    with pytest.raises(ValueError, match="format 2"):
        ProbabilityCurve.from_json(CURVE.as_json() | {"format": 2})


def test_the_newest_of_a_gallery_and_of_what_is_compared_is_in_force(gallery: Gallery) -> None:
    assert in_force(gallery) is None
    factories.pair_classifier(gallery=gallery)
    newest = factories.pair_classifier(gallery=gallery)
    factories.pair_classifier(gallery=gallery, compares=PERSON)
    factories.pair_classifier(gallery=gallery, encoder_version=factories.encoder_version())
    factories.pair_classifier(gallery=factories.gallery())
    assert in_force(gallery) == newest
    assert in_force(gallery, PHOTO) is None


def test_a_gallery_s_own_comes_before_a_newer_one_for_all_galleries(gallery: Gallery) -> None:
    general = factories.pair_classifier(gallery=None)
    assert in_force(gallery) == general
    own = factories.pair_classifier(gallery=gallery)
    newer = factories.pair_classifier(gallery=None)
    assert in_force(gallery) == own
    another = factories.gallery()
    assert in_force(None) == in_force(another) == newer
    for searched, row in ((gallery, own), (another, newer)):
        told = recognized(searched, 0.05).probability
        assert told is not None
        assert told.classifier == row.pk


def test_a_gallery_with_too_few_people_has_no_probability_not_even_that_of_all_galleries(gallery: Gallery) -> None:
    factories.pair_classifier(gallery=None)
    factories.pair_classifier(gallery=gallery)
    factories.pair_classifier(gallery=gallery, is_calibrated=False, parameters={}, note="Only 12 people.")
    last = in_force(gallery)
    assert last is not None
    assert last.note == "Only 12 people."
    assert probability(last, 0.1) is None
    assert (
        probability_in_force(gallery=gallery, encoder_version=gallery.encoder_version, compares=SEARCH, distance=0.1)
        is None
    )
    assert recognized(gallery, 0.05).probability is None


def test_what_another_version_of_facet_made_gives_no_probability_and_does_not_end_a_search(gallery: Gallery) -> None:
    factories.pair_classifier(gallery=gallery, parameters=CURVE.as_json() | {"format": 99})
    assert probability(in_force(gallery), 0.1) is None
    assert recognized(gallery, 0.05).probability is None


def test_without_a_classifier_there_is_no_probability() -> None:
    assert probability(None, 0.1) is None


def recognized(gallery: Gallery, distance: float, *, second: float | None = None) -> Recognition:
    """The answer for a probe at this distance of the nearest person, and perhaps another one of a second."""
    factories.face(person=factories.person(gallery=gallery), vector=axis(0))
    if second is not None:
        factories.face(person=factories.person(gallery=gallery), vector=at_distance(second, of=0, towards=1))
    (answer,) = recognize(gallery=gallery, probes=[encoded_face(at_distance(distance, of=0, towards=2))])
    return answer


@pytest.mark.parametrize(("distance", "outcome"), [(0.05, Outcome.MATCH), (0.12, Outcome.NOBODY)])
def test_a_recognition_tells_how_likely_the_nearest_person_is_the_right_one_match_or_not(
    gallery: Gallery, distance: float, outcome: Outcome
) -> None:
    classifier = factories.pair_classifier(gallery=gallery)
    answer = recognized(gallery, distance)
    assert answer.outcome == outcome
    assert answer.probability == Probability(CURVE.at(answer.candidates[0].distance), classifier.pk)


def test_where_two_people_cannot_be_told_apart_nobody_says_how_likely_it_is_the_first(gallery: Gallery) -> None:
    factories.pair_classifier(gallery=gallery)
    answer = recognized(gallery, 0.02, second=0.001)
    assert answer.outcome == Outcome.AMBIGUOUS
    assert answer.probability is None


def test_in_an_empty_gallery_nothing_is_likely(gallery: Gallery) -> None:
    factories.pair_classifier(gallery=gallery)
    (answer,) = recognize(gallery=gallery, probes=[encoded_face()])
    assert answer.probability is None


def test_a_verification_is_judged_by_the_classifier_of_what_was_compared(gallery: Gallery) -> None:
    """Of a person's template, of a stored photo's face and of an upload's face, each at another distance."""
    rows = {
        kind: factories.pair_classifier(gallery=gallery, compares=kind, parameters=CURVE.as_json() | {"low": low})
        for kind, low in ((PERSON, 0.1), (PHOTO, 0.2), (SEARCH, 0.3))
    }
    person = factories.person(gallery=gallery)
    face = factories.face(person=person, vector=axis(0))
    probe = encoded_face(at_distance(0.1, of=0, towards=2))
    answers = {
        "person": verify_person(person=person, probe=probe),
        "photo": verify_photo(photo=face.photo, probe=probe),
        "files": verify_faces(first=probe, second=encoded_face(axis(0)), gallery=gallery),
    }
    for name, kind in (("person", PERSON), ("photo", PHOTO), ("files", PHOTO)):
        told = answers[name].probability
        assert told is not None
        assert told.classifier == rows[kind].pk
        assert told.value == probability(rows[kind], answers[name].distance)
    assert answers["person"].probability != answers["photo"].probability


def test_two_files_without_a_gallery_are_judged_by_what_holds_for_all_galleries(gallery: Gallery) -> None:
    factories.pair_classifier(gallery=gallery, compares=PHOTO)
    first, second = encoded_face(axis(0)), encoded_face(at_distance(0.1))
    assert verify_faces(first=first, second=second).probability is None
    general = factories.pair_classifier(gallery=None, compares=PHOTO)
    told = verify_faces(first=first, second=second).probability
    assert told is not None
    assert told.classifier == general.pk


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"compares": "voices"}, "pair_classifier_compares_known"),
        ({"is_calibrated": False, "parameters": {}}, "pair_classifier_says_why_there_is_none"),
        ({"parameters": {}}, "pair_classifier_calibrated_by_parameters"),
        ({"people": -1}, "people_check"),
    ],
)
def test_the_database_refuses(gallery: Gallery, values: dict[str, object], name: str) -> None:
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        factories.pair_classifier(gallery=gallery, **values)
