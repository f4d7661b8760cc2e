"""Who in this gallery is it, or nobody?"""

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from encoder.geometry import EncodedFace
from faces.exceptions import InvalidRequestError, NoThresholdError
from faces.models import EncoderVersion, Face, Gallery, Person, SearchPlan, Threshold
from faces.services.enrollment import set_enrolled
from faces.services.galleries import create_gallery
from faces.services.people import create_person, delete_person
from faces.services.recognition import Outcome, recognize
from faces.services.thresholds import set_tau
from tests.faces.builders import axis, encoded_face, near, stored_photo

pytestmark = pytest.mark.django_db


@pytest.fixture
def gallery() -> Gallery:
    return create_gallery(name="Staff")


def enrolled(gallery: Gallery, name: str, *vectors: np.ndarray) -> Person:
    person = create_person(gallery=gallery, name=name)
    for vector in vectors:
        stored_photo(gallery, encoded_face(vector), portrait_of=person)
    return person


def use_tau(gallery: Gallery, tau: float) -> None:
    version = gallery.encoder_version
    set_tau(gallery=gallery, encoder_version=version, use=Threshold.Use.RECOGNITION, tau=tau, reason="test", user=None)


def test_a_person_with_one_photo_is_found_by_another_photo(gallery: Gallery) -> None:
    ada = enrolled(gallery, "Ada", axis(0))
    enrolled(gallery, "Eve", axis(1))
    (answer,) = recognize(gallery=gallery, probes=[encoded_face(near(0, 5, 0.05))])
    assert answer.match is not None
    assert answer.match.face.person == ada
    assert answer.match.distance == pytest.approx(0.05, abs=1e-3)
    assert answer.match.face.photo.portrait_of == ada


def test_a_stranger_is_nobody_and_the_nearest_people_are_named_as_beyond_tau(gallery: Gallery) -> None:
    enrolled(gallery, "Ada", axis(0))
    (answer,) = recognize(gallery=gallery, probes=[encoded_face(near(0, 5, 0.5))])
    assert answer.match is None
    assert [candidate.is_match for candidate in answer.candidates] == [False]


def test_a_distance_of_exactly_tau_is_a_match_and_the_next_smaller_tau_makes_it_nobody(gallery: Gallery) -> None:
    enrolled(gallery, "Ada", axis(0))
    probe = encoded_face(axis(1))  # exactly 2 away: both vectors are exact in half precision
    use_tau(gallery, 2.0)
    assert recognize(gallery=gallery, probes=[probe])[0].match is not None
    use_tau(gallery, float(np.nextafter(2.0, 0)))
    assert recognize(gallery=gallery, probes=[probe])[0].match is None


def test_every_face_of_a_probe_photo_is_answered_in_one_query_and_in_order(gallery: Gallery) -> None:
    people = [enrolled(gallery, name, axis(index)) for index, name in enumerate(("Ada", "Eve", "Mia"))]
    probes = [encoded_face(near(index, 9, 0.02)) for index in (2, 0, 1)] + [encoded_face(axis(50))]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        answers = recognize(gallery=gallery, probes=probes)
    assert [a.match.face.person if a.match else None for a in answers] == [people[2], people[0], people[1], None]
    assert sum("<->" in query["sql"] for query in queries) == 1


def test_a_candidate_s_face_comes_with_what_answers_tell_of_and_fetches_the_rest(
    gallery: Gallery, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    person = enrolled(gallery, "Ada", axis(0))
    Person.objects.filter(pk=person.pk).update(external_id="A-1")
    with django_assert_num_queries(2):  # tau with the plan, and the nearest people
        (answer,) = recognize(gallery=gallery, probes=[encoded_face(axis(0))])
    assert answer.match is not None
    found, stored = answer.match.face, Face.objects.select_related("person", "photo").get()
    assert stored.person is not None
    with django_assert_num_queries(0):
        assert found.person is not None
        assert (found.pk, found.photo_id, found.person_id, found.gallery_id, found.is_enrolled) == (
            (stored.pk, stored.photo_id, stored.person_id, gallery.pk, True)
        )
        assert (found.person.name, found.person.external_id, found.person.gallery_id) == ("Ada", "A-1", gallery.pk)
        assert (found.photo.pk, found.photo.key, found.photo.name) == (
            (stored.photo.pk, stored.photo.key, stored.photo.name)
        )
    assert (found.left, found.landmarks) == (stored.left, stored.landmarks)
    assert (found.photo.sha256, found.person.consent) == (stored.photo.sha256, stored.person.consent)


def test_people_are_ranked_once_each_by_their_template_and_shown_by_their_face_nearest_to_the_probe(
    gallery: Gallery,
) -> None:
    ada = enrolled(gallery, "Ada", near(0, 1, 0.20), near(0, 2, 0.02))
    eve = enrolled(gallery, "Eve", near(0, 3, 0.15))
    (answer,) = recognize(gallery=gallery, probes=[encoded_face(axis(0))])
    assert [candidate.face.person for candidate in answer.candidates] == [ada, eve]
    template = near(0, 1, 0.20) + near(0, 2, 0.02)
    template /= np.linalg.norm(template)
    assert answer.candidates[0].distance == pytest.approx(float(np.sum((template - axis(0)) ** 2)), abs=1e-3)
    assert answer.gap == pytest.approx(0.15 - answer.candidates[0].distance, abs=1e-3)
    best = answer.candidates[0].face.embeddings.get().vector
    assert best == pytest.approx(near(0, 2, 0.02), abs=1e-3)


def test_the_ranking_equals_a_loop_over_all_templates(gallery: Gallery) -> None:
    rng = np.random.default_rng(7)
    vectors = rng.normal(size=(24, 128))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    people = [create_person(gallery=gallery, name=f"P{number}") for number in range(12)]
    of_person: dict[int, list[np.ndarray]] = {person.pk: [] for person in people}
    for number, vector in enumerate(vectors):
        person = people[number % 15 % 12]  # with one photo or two
        stored_photo(gallery, encoded_face(vector.astype(np.float32)), portrait_of=person)
        of_person[person.pk].append(vector)
    probe = vectors[3] + 0.3 * vectors[20]
    probe = (probe / np.linalg.norm(probe)).astype(np.float32)
    nearest: dict[int, float] = {}
    for person_id, faces in of_person.items():
        mean = [sum(float(face[index]) for face in faces) for index in range(128)]
        length = sum(value**2 for value in mean) ** 0.5
        nearest[person_id] = sum((a / length - float(b)) ** 2 for a, b in zip(mean, probe, strict=True))
    (answer,) = recognize(gallery=gallery, probes=[encoded_face(probe)], limit=12)
    expected = sorted(nearest.items(), key=lambda item: item[1])
    assert [candidate.face.person_id for candidate in answer.candidates] == [pk for pk, _ in expected]
    assert [c.distance for c in answer.candidates] == pytest.approx([d for _, d in expected], abs=1e-3)


def test_nobody_of_another_gallery_is_ever_found(gallery: Gallery) -> None:
    enrolled(create_gallery(name="Visitors"), "Eve", axis(0))
    assert recognize(gallery=gallery, probes=[encoded_face(axis(0))])[0].candidates == ()


def test_a_face_that_is_not_enrolled_or_belongs_to_nobody_is_not_found(gallery: Gallery) -> None:
    enrolled(gallery, "Ada", axis(0))
    stored_photo(gallery, encoded_face(axis(1)))
    set_enrolled(face=Face.objects.get(person__isnull=False), is_enrolled=False)
    for index in (0, 1):
        assert recognize(gallery=gallery, probes=[encoded_face(axis(index))])[0].candidates == ()


def test_a_deleted_person_is_gone_from_the_very_next_search(gallery: Gallery) -> None:
    ada = enrolled(gallery, "Ada", axis(0))
    delete_person(person=ada)
    assert recognize(gallery=gallery, probes=[encoded_face(axis(0))])[0].match is None


def test_a_new_tau_decides_the_very_next_search(gallery: Gallery) -> None:
    enrolled(gallery, "Ada", axis(0))
    probe: EncodedFace = encoded_face(near(0, 1, 0.1))
    use_tau(gallery, 0.05)
    assert recognize(gallery=gallery, probes=[probe])[0].match is None
    use_tau(gallery, 0.15)
    assert recognize(gallery=gallery, probes=[probe])[0].match is not None


def test_an_empty_gallery_and_an_empty_photo_are_answered(gallery: Gallery) -> None:
    (answer,) = recognize(gallery=gallery, probes=[encoded_face(axis(0))])
    assert (answer.match, answer.candidates, answer.gap) == (None, (), None)
    assert recognize(gallery=gallery, probes=[]) == []


@pytest.mark.parametrize("limit", [0, -1, 101])
def test_a_number_of_candidates_that_cannot_be_is_refused(gallery: Gallery, limit: int) -> None:
    with pytest.raises(InvalidRequestError, match="1 to 100"):
        recognize(gallery=gallery, probes=[encoded_face(axis(0))], limit=limit)


def test_a_probe_of_another_dimension_is_refused(gallery: Gallery) -> None:
    with pytest.raises(InvalidRequestError, match="64 numbers"):
        recognize(gallery=gallery, probes=[encoded_face(axis(0)[:64])])


def test_without_any_tau_nothing_is_decided(gallery: Gallery) -> None:
    Threshold.objects.all().delete()
    with pytest.raises(NoThresholdError, match="No tau is set"):
        recognize(gallery=gallery, probes=[encoded_face(axis(0))])


def test_two_people_closer_than_the_encoder_can_tell_are_an_ambiguous_answer(gallery: Gallery) -> None:
    use_tau(gallery, 0.3)
    twins = [enrolled(gallery, "Ada", near(0, 1, 0.10)), enrolled(gallery, "Ida", near(0, 2, 0.11))]
    enrolled(gallery, "Eve", near(0, 3, 0.25))
    EncoderVersion.objects.update(probe_noise=0.02)
    gallery = Gallery.objects.get(pk=gallery.pk)
    (answer,) = recognize(gallery=gallery, probes=[encoded_face(axis(0))])
    apart = np.linalg.norm(near(0, 1, 0.10) - near(0, 2, 0.11))
    assert answer.resolvable_gap == pytest.approx(1.645 * 2 * 0.02 * apart, rel=0.01)
    assert answer.gap == pytest.approx(0.01, abs=1e-3)
    assert answer.outcome == Outcome.AMBIGUOUS
    assert answer.match is None
    assert [rival.face.person for rival in answer.rivals] == twins  # and not Eve, who is within tau, too


def test_the_gallery_s_own_measurement_of_the_noise_comes_first(gallery: Gallery) -> None:
    use_tau(gallery, 0.3)
    enrolled(gallery, "Ada", near(0, 1, 0.10))
    enrolled(gallery, "Ida", near(0, 2, 0.11))
    EncoderVersion.objects.update(probe_noise=0.02)
    gallery = Gallery.objects.get(pk=gallery.pk)
    SearchPlan.objects.create(gallery=gallery, encoder_version=gallery.encoder_version, probe_noise=0.001)
    assert recognize(gallery=gallery, probes=[encoded_face(axis(0))])[0].outcome == Outcome.MATCH


def test_where_the_noise_was_never_measured_two_people_within_tau_are_in_doubt(gallery: Gallery) -> None:
    use_tau(gallery, 0.3)
    EncoderVersion.objects.update(probe_noise=None)
    gallery = Gallery.objects.get(pk=gallery.pk)
    enrolled(gallery, "Ada", near(0, 1, 0.10))
    enrolled(gallery, "Eve", near(0, 3, 0.25))
    (answer,) = recognize(gallery=gallery, probes=[encoded_face(axis(0))])
    assert (answer.outcome, answer.resolvable_gap, len(answer.rivals)) == (Outcome.AMBIGUOUS, None, 2)
    use_tau(gallery, 0.2)
    assert recognize(gallery=gallery, probes=[encoded_face(axis(0))])[0].outcome == Outcome.MATCH


def test_one_candidate_asked_for_is_judged_by_the_runner_up_all_the_same(gallery: Gallery) -> None:
    use_tau(gallery, 0.3)
    EncoderVersion.objects.update(probe_noise=0.02)
    gallery = Gallery.objects.get(pk=gallery.pk)
    enrolled(gallery, "Ada", near(0, 1, 0.10))
    enrolled(gallery, "Ida", near(0, 2, 0.11))
    (answer,) = recognize(gallery=gallery, probes=[encoded_face(axis(0))], limit=1)
    assert (answer.outcome, len(answer.candidates), len(answer.rivals)) == (Outcome.AMBIGUOUS, 1, 2)
