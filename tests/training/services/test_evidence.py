"""What is gathered from a gallery, beside what loops find."""

from dataclasses import replace

import numpy as np
import pytest
from django.db import connection

from faces.models import Gallery, Person, Photo
from faces.services.people import delete_person
from tests import factories
from tests.factories import axis
from tests.training.services.people import (
    apart,
    known_faces,
    own_distance,
    pairs_of,
    random_gallery,
    templates_of,
)
from training.metrics.evidence import Comparisons, Evidence
from training.services import probes, scanning
from training.services.effort import USUAL, Effort
from training.services.enrolled import enrolled_at_this_moment
from training.services.evidence import gather_evidence
from training.services.near_pairs import FarDraws, NearPairs

pytestmark = pytest.mark.django_db

CLOSE = 1e-9


def gather(gallery: Gallery, *, seed: int = 0, effort: Effort = USUAL) -> Evidence:
    with enrolled_at_this_moment(gallery, gallery.encoder_version) as everything:
        return gather_evidence(everything, seed=seed, effort=effort)


@pytest.fixture(params=[8192, 5])
def _blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything in one block, and in blocks that cut people in two."""
    monkeypatch.setattr(scanning, "ROWS_AT_ONCE", request.param)
    monkeypatch.setattr(scanning, "PROBES_AT_ONCE", max(3, request.param // 64))
    monkeypatch.setattr(probes, "FACES_AT_ONCE", request.param)


def events(evidence: Evidence, comparisons: Comparisons) -> list[tuple[int, int, float]]:
    """(id, id, distance) with the smaller id first."""
    first, second = evidence.people[comparisons.first].tolist(), evidence.people[comparisons.second].tolist()
    distances = comparisons.distances.tolist()
    return sorted((min(a, b), max(a, b), round(d, 9)) for a, b, d in zip(first, second, distances, strict=True))


def assert_trials(comparisons: Comparisons) -> None:
    """Everything is there: a person has as many comparisons as the trials say."""
    counted = np.bincount(comparisons.first, minlength=len(comparisons.trials))
    assert comparisons.trials.tolist() == counted.tolist()
    assert set(comparisons.weights.tolist()) == {1.0}
    assert (np.diff(comparisons.distances) >= 0).all()


@pytest.mark.usefixtures("_blocks")
class TestASmallGallery:
    def test_every_two_photos_are_compared_once(self) -> None:
        gallery = random_gallery()
        faces, evidence = known_faces(gallery), gather(gallery)
        expected = [
            (min(a.person, b.person), max(a.person, b.person), apart(a.vector, b.vector)) for a, b in pairs_of(faces)
        ]
        rounded = [(a, b, round(d, 9)) for a, b, d in expected]

        assert events(evidence, evidence.photo_mated) == sorted(each for each in rounded if each[0] == each[1])
        assert events(evidence, evidence.photo_non_mated) == sorted(each for each in rounded if each[0] != each[1])
        assert_trials(evidence.photo_mated)
        assert_trials(evidence.photo_non_mated)

    def test_every_face_is_compared_with_every_template_and_its_own_without_the_photo(self) -> None:
        gallery = random_gallery()
        faces, templates, evidence = known_faces(gallery), templates_of(gallery), gather(gallery)
        own = [(face.person, own_distance(face, faces)) for face in faces]
        mated = sorted((person, person, round(d, 9)) for person, d in own if d < np.inf)
        others = [
            (min(face.person, person), max(face.person, person), round(apart(face.vector, vector), 9))
            for face in faces
            for person, vector in templates.items()
            if person != face.person
        ]
        assert events(evidence, evidence.person_mated) == mated
        assert events(evidence, evidence.person_non_mated) == sorted(others)
        assert_trials(evidence.person_mated)
        assert_trials(evidence.person_non_mated)

    def test_every_face_is_searched_for(self) -> None:
        gallery = random_gallery(12)
        faces, templates, evidence = known_faces(gallery), templates_of(gallery), gather(gallery)
        searches = evidence.searches

        assert searches.face.tolist() == [face.face for face in faces]
        assert evidence.people[searches.person].tolist() == [face.person for face in faces]
        assert searches.gallery_size == len(templates) == 12
        assert searches.others.shape == (len(faces), 11)
        for row, face in enumerate(faces):
            own = own_distance(face, faces)
            ranked = sorted((apart(face.vector, v), p) for p, v in templates.items() if p != face.person)
            assert searches.own[row] == pytest.approx(own, abs=CLOSE)
            assert searches.others[row] == pytest.approx([d for d, _ in ranked], abs=CLOSE)
            assert evidence.people[searches.who[row]].tolist() == [person for _, person in ranked]
            assert searches.nearer[row] == (sum(d <= own for d, _ in ranked) if own < np.inf else 0)
            assert searches.quality[row] == face.quality

    def test_only_the_nearest_of_many_are_kept(self, monkeypatch: pytest.MonkeyPatch) -> None:
        gallery = random_gallery(15, spread=2)
        everything = gather(gallery).searches
        monkeypatch.setattr(scanning, "NEAREST", 4)
        kept = gather(gallery).searches

        assert kept.others.tolist() == everything.others[:, :4].tolist()
        assert kept.who.tolist() == everything.who[:, :4].tolist()
        assert kept.nearer.tolist() == everything.nearer.tolist()
        assert kept.nearer.max() > 4

    def test_it_says_what_it_rests_on(self) -> None:
        gallery = random_gallery()
        evidence, faces = gather(gallery), known_faces(gallery)
        assert evidence.people.tolist() == sorted({face.person for face in faces})
        assert (evidence.faces, evidence.photos) == (len(faces), len({face.photo for face in faces}))
        assert evidence.is_complete

    def test_of_many_comparisons_the_near_ones_and_a_weighted_sample_are_kept(self) -> None:
        gallery = random_gallery(20)
        everything = gather(gallery)
        evidence = gather(gallery, effort=replace(USUAL, near=60, near_share=0.2, far=100, pilot_others=30))
        for whole, part in (
            (everything.photo_non_mated, evidence.photo_non_mated),
            (everything.person_non_mated, evidence.person_non_mated),
        ):
            limit = part.distances[part.weights == 1][:60].max()
            assert 20 < np.sum(part.distances <= limit) <= 90
            assert (
                part.distances[part.distances <= limit].tolist() == whole.distances[whole.distances <= limit].tolist()
            )
            assert part.trials.tolist() == whole.trials.tolist()
            assert part.weights.sum() == pytest.approx(whole.total)
            assert len(part.distances) < len(whole.distances)
            assert set(part.distances.round(9)) <= set(whole.distances.round(9))


def test_a_person_found_as_near_as_oneself_counts_as_nearer() -> None:
    gallery = factories.gallery()
    ada, bob = factories.person(gallery=gallery), factories.person(gallery=gallery)
    factories.face(person=ada, vector=axis(0))
    factories.face(person=ada, vector=axis(1))
    factories.face(person=bob, vector=axis(2))
    searches = gather(gallery).searches

    assert searches.own.tolist() == [2.0, 2.0, np.inf]
    assert searches.others[:2, 0].tolist() == [2.0, 2.0]
    assert searches.nearer.tolist() == [1, 1, 0]
    assert searches.is_mated.tolist() == [True, True, False]


def test_what_lies_exactly_at_the_limit_is_found_though_it_is_screened_in_single_precision() -> None:
    gallery = random_gallery(9)
    whole = gather(gallery)
    with enrolled_at_this_moment(gallery, gallery.encoder_version) as everything:
        nobody = FarDraws.of(0, 1, each=0, rng=np.random.default_rng(0))
        portions = probes.portions_of_people(everything, np.arange(len(everything.faces)))
        asked = probes.joined([probes.compare_with_themselves(everything, portion) for portion in portions])
        for scan, expected in (
            (scanning.scan_faces, whole.photo_non_mated.distances),
            (scanning.scan_templates, whole.person_non_mated.distances),
        ):
            for place in range(3, len(expected), len(expected) // 12):
                near = NearPairs(limit=float(expected[place]), most=10_000)
                scan(everything, asked, near=near, far=nobody)
                assert near.all()[2].tolist() == expected[expected <= expected[place]].tolist()


def test_what_the_sample_stands_for_is_right_in_the_mean() -> None:
    gallery = random_gallery(20)
    taus = np.array([0.5, 1.0, 1.5, 2.0, 2.5, 3.0])
    whole = gather(gallery)
    effort = replace(USUAL, near=40, far=60, near_share=0.05)
    for name in ("photo_non_mated", "person_non_mated"):
        true = np.searchsorted(getattr(whole, name).distances, taus) / getattr(whole, name).total
        drawn = []
        for seed in range(30):
            part = getattr(gather(gallery, seed=seed, effort=effort), name)
            drawn.append([part.weights[part.distances <= tau].sum() / part.total for tau in taus])
        error = np.std(drawn, axis=0, ddof=1) / np.sqrt(len(drawn))
        assert (np.abs(np.mean(drawn, axis=0) - true) <= 4 * error + 1e-3).all()


class TestALargeGallery:
    effort = replace(USUAL, comparisons=1, fewest_probes=15, most_probes=15)

    def test_some_faces_are_searched_for_among_everybody(self) -> None:
        gallery = random_gallery(20)
        whole, part = gather(gallery), gather(gallery, effort=self.effort)
        rows = np.searchsorted(whole.searches.face, part.searches.face)

        assert (part.is_complete, len(part.searches.face), part.faces) == (False, 15, whole.faces)
        assert part.people.tolist() == whole.people.tolist()
        for name in ("face", "person", "own", "nearer", "others", "who", "quality"):
            assert getattr(part.searches, name).tolist() == getattr(whole.searches, name)[rows].tolist()

    def test_they_are_compared_with_all_faces_each_pair_once(self) -> None:
        gallery = random_gallery(20)
        evidence, faces = gather(gallery, effort=self.effort), known_faces(gallery)
        asked = set(evidence.searches.face.tolist())
        expected = [
            (min(a.person, b.person), max(a.person, b.person), round(apart(a.vector, b.vector), 9))
            for a, b in pairs_of(faces)
            if a.face in asked or b.face in asked
        ]
        assert events(evidence, evidence.photo_mated) == sorted(each for each in expected if each[0] == each[1])
        assert events(evidence, evidence.photo_non_mated) == sorted(each for each in expected if each[0] != each[1])
        assert_trials(evidence.photo_mated)
        assert_trials(evidence.photo_non_mated)
        assert_trials(evidence.person_non_mated)
        their = {face.person for face in faces if face.face in asked}
        assert set(evidence.people[evidence.photo_non_mated.first]) <= their

    def test_another_seed_draws_other_faces_and_the_same_one_the_same(self) -> None:
        gallery = random_gallery(20)
        first, again, other = (gather(gallery, seed=seed, effort=self.effort) for seed in (1, 1, 2))
        assert first.searches.face.tolist() == again.searches.face.tolist() != other.searches.face.tolist()


def test_of_a_person_with_many_photos_some_pairs_stand_for_all() -> None:
    gallery = random_gallery(3)
    person = Person.objects.of(gallery).first()
    for number in range(12):
        factories.face(person=person, vector=axis(10 + number))
    whole = gather(gallery).photo_mated
    part = gather(gallery, effort=replace(USUAL, mated=30)).photo_mated

    assert len(part.distances) <= 30 < len(whole.distances)
    assert part.total == pytest.approx(part.weights.sum())
    assert part.total == pytest.approx(whole.total, rel=0.4)


def test_two_faces_of_one_photo_are_never_compared() -> None:
    gallery = factories.gallery()
    photo = factories.photo(gallery=gallery)
    for number in range(2):
        factories.face(photo=photo, person=factories.person(gallery=gallery), vector=axis(number))
    evidence = gather(gallery)
    assert evidence.photo_non_mated.total == evidence.photo_mated.total == evidence.person_mated.total == 0
    assert evidence.person_non_mated.total == 2
    assert (evidence.faces, evidence.photos) == (2, 1)


def test_only_enrolled_faces_of_this_gallery_and_version_take_part() -> None:
    gallery = random_gallery(4)
    before = gather(gallery)
    somebody = Person.objects.of(gallery).first()
    factories.face(person=somebody, vector=axis(0), is_enrolled=False)
    factories.face(photo=factories.photo(gallery=gallery), vector=axis(0))
    factories.face(person=factories.person(), vector=axis(0))
    face = factories.face(person=factories.person(gallery=gallery))
    factories.embedding(face=face, vector=axis(0), encoder_version=factories.encoder_version())
    after = gather(gallery)

    assert after.people.tolist() == before.people.tolist()
    assert (after.faces, after.photos) == (before.faces, before.photos)
    assert after.person_non_mated.distances.tolist() == before.person_non_mated.distances.tolist()


def test_who_is_deleted_meanwhile_was_there_at_that_moment() -> None:
    gallery = random_gallery(5)
    whole = gather(gallery)
    with enrolled_at_this_moment(gallery, gallery.encoder_version) as everything:
        for person in Person.objects.of(gallery)[:2]:
            delete_person(person=person)
        evidence = gather_evidence(everything)
    assert events(evidence, evidence.photo_non_mated) == events(whole, whole.photo_non_mated)
    assert evidence.searches.others.tolist() == whole.searches.others.tolist()
    assert Photo.objects.of(gallery).count() < whole.photos


def test_nothing_of_it_is_left_behind() -> None:
    gallery = random_gallery(3)
    gather(gallery)
    with enrolled_at_this_moment(gallery, gallery.encoder_version) as everything:
        assert len(everything.faces) == len(known_faces(gallery))
        assert everything.template_vectors(slice(0, 99)).shape == (3, factories.DIMENSION)
        assert everything.face_vectors(slice(0, 99)).shape[0] == len(everything.faces)
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('facet_enrolled')")
        assert cursor.fetchone() == (None,)
