"""Unknown faces grouped into probable people: what comes of it, again and again, and when something comes between."""

from collections.abc import Callable
from dataclasses import replace
from threading import Thread
from typing import Any

import numpy as np
import pytest
from django.db import connection

from encoder.quality import quality_problems
from faces.exceptions import InvalidRequestError, JobCancelledError
from faces.models import Face, Gallery, Job, Person, Photo, ProbablePerson
from faces.services import grouping, neighbor_graph, proposals
from faces.services.enrollment import assign_face, quality_of
from faces.services.grouping import group_unknown_faces
from faces.services.jobs import cancel_job
from tests import factories

pytestmark = pytest.mark.django_db

NEAR = 0.02
"""Well within tau (0.1045 of the factory encoder) of an axis."""


@pytest.fixture
def gallery(db: None) -> Gallery:
    return factories.gallery()


def unknown(gallery: Gallery, person: int, *, number: int = 0, photo: Photo | None = None, **values: Any) -> Face:
    """An unknown face; those of one `person` (0 to 60) lie near each other, and far from all others."""
    vector = factories.at_distance(NEAR, of=person, towards=64 + number)
    return factories.face(photo=photo or factories.photo(gallery=gallery), vector=vector, **values)


def several(gallery: Gallery, person: int, count: int, *, first: int = 0) -> list[Face]:
    return [unknown(gallery, person, number=number) for number in range(first, first + count)]


def job_for(gallery: Gallery, **parameters: object) -> Job:
    Job.objects.filter(gallery=gallery, state=Job.State.RUNNING).delete()
    return factories.job(gallery=gallery, kind=Job.Kind.GROUPING, title="Grouping", parameters=parameters)


def group(gallery: Gallery, **parameters: object) -> dict[str, object]:
    return dict(group_unknown_faces(job_for(gallery, **parameters)))


def groups_of(gallery: Gallery) -> dict[int, set[int]]:
    """Number of the probable person to the numbers of the faces."""
    found: dict[int, set[int]] = {}
    for face in Face.objects.of(gallery).filter(probable_person__isnull=False):
        assert face.probable_person_id is not None
        found.setdefault(face.probable_person_id, set()).add(face.pk)
    return found


def outcome(*, faces: int, groups: int, grouped: int, new: int) -> dict[str, object]:
    return {
        "faces_compared": faces,
        "probable_people": groups,
        "their_faces": grouped,
        "new_probable_people": new,
    }


def ids(faces: list[Face]) -> set[int]:
    return {face.pk for face in faces}


def test_faces_of_the_same_people_are_found_together_and_the_rest_stays_alone(gallery: Gallery) -> None:
    ada, grace, _alone = several(gallery, 0, 3), several(gallery, 1, 2), unknown(gallery, 2)
    job = job_for(gallery)
    result = group_unknown_faces(job)
    assert sorted(map(sorted, groups_of(gallery).values())) == [sorted(ids(ada)), sorted(ids(grace))]
    assert result == outcome(faces=6, groups=2, grouped=5, new=2)
    job.refresh_from_db()
    assert (job.done, job.total, job.note) == (6, 6, "2 probable people with 5 faces; 2 of them are new.")


def test_a_gallery_without_unknown_faces_has_no_probable_people(gallery: Gallery) -> None:
    factories.face(person=factories.person(gallery=gallery), vector=factories.axis(0))
    assert group(gallery) == outcome(faces=0, groups=0, grouped=0, new=0)


def test_faces_of_other_galleries_versions_and_of_people_take_no_part(gallery: Gallery) -> None:
    mine = several(gallery, 0, 2)
    several(factories.gallery(), 0, 2)
    known = unknown(gallery, 0, number=5)
    assign_face(face=known, person=factories.person(gallery=gallery))
    other = factories.face(photo=factories.photo(gallery=gallery))
    factories.embedding(face=other, vector=factories.axis(0), encoder_version=factories.encoder_version())
    group(gallery)
    assert list(groups_of(gallery).values()) == [ids(mine)]


@pytest.mark.parametrize(
    "worse",
    [
        {"size": 19.9},
        {"sharpness": 0.49},
        {"brightness": 0.07},
        {"brightness": 0.91},
        {"yaw": -50.1},
        {"pitch": 40.1},
        {"score": 0.69},
        {"size": 20.0, "sharpness": 0.5, "brightness": 0.9, "yaw": -50.0, "pitch": 40.0, "score": 0.7},
    ],
)
def test_just_the_faces_that_searches_could_use_are_grouped(gallery: Gallery, worse: dict[str, float]) -> None:
    several(gallery, 0, 2)
    face = unknown(gallery, 0, number=5, quality=replace(factories.GOOD_QUALITY, **worse))
    group(gallery)
    face.refresh_from_db()
    assert (face.probable_person_id is None) == bool(quality_problems(quality_of(face)))


def test_two_faces_of_one_photo_are_two_people(gallery: Gallery) -> None:
    photo = factories.photo(gallery=gallery)
    twins = [unknown(gallery, 0, photo=photo), unknown(gallery, 0, number=1, photo=photo)]
    others = several(gallery, 0, 2, first=2)
    group(gallery)
    for faces in groups_of(gallery).values():
        assert len(faces & ids(twins)) <= 1
    assert set().union(*groups_of(gallery).values()) >= ids(others)


def planted(gallery: Gallery, *, people: int, each: int, noise: float, seed: int) -> dict[int, int]:
    """People scattered at random; returns face to person."""
    generator = np.random.default_rng(seed)
    whose = {}
    for person in range(people):
        center = generator.normal(size=factories.DIMENSION)
        center /= np.linalg.norm(center)
        for _ in range(each):
            vector = center + noise * generator.normal(size=factories.DIMENSION)
            unit: factories.Vector = (vector / np.linalg.norm(vector)).astype(np.float32)
            whose[factories.face(photo=factories.photo(gallery=gallery), vector=unit).pk] = person
    return whose


def test_a_planted_set_is_found_again_exactly(gallery: Gallery) -> None:
    whose = planted(gallery, people=9, each=7, noise=0.015, seed=3)
    group(gallery)
    found = groups_of(gallery)
    assert len(found) == 9
    for faces in found.values():
        assert len(faces) == 7
        assert len({whose[face] for face in faces}) == 1


def test_an_index_finds_the_groups_that_the_scan_finds(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    planted(gallery, people=10, each=5, noise=0.02, seed=4)
    group(gallery)
    by_scan = groups_of(gallery)
    monkeypatch.setattr(neighbor_graph, "SCANNED_UP_TO", 0)
    ProbablePerson.objects.all().delete()
    group(gallery)
    assert sorted(map(sorted, groups_of(gallery).values())) == sorted(map(sorted, by_scan.values()))


def test_somebody_with_more_faces_than_neighbors_are_looked_for_is_one_group(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two bursts of photos that look the same: the nearest neighbors of each face all lie in its own burst."""
    monkeypatch.setattr(neighbor_graph, "NEIGHBORS", 3)
    first = [factories.face(photo=factories.photo(gallery=gallery), vector=factories.axis(0)) for _ in range(6)]
    vector = factories.at_distance(NEAR)
    second = [factories.face(photo=factories.photo(gallery=gallery), vector=vector) for _ in range(6)]
    group(gallery)
    assert list(groups_of(gallery).values()) == [ids(first + second)]


def test_grouping_again_changes_nothing_and_writes_nothing(gallery: Gallery) -> None:
    several(gallery, 0, 3)
    several(gallery, 1, 2)
    group(gallery)
    before = groups_of(gallery)
    versions = "SELECT array_agg(xmin::text ORDER BY id) FROM faces_face"
    with connection.cursor() as cursor:
        cursor.execute(versions)
        written = cursor.fetchone()
        assert group(gallery)["new_probable_people"] == 0
        cursor.execute(versions)
        assert cursor.fetchone() == written
    assert groups_of(gallery) == before
    group(gallery, anew=True)
    assert groups_of(gallery) == before


def test_new_faces_join_the_group_that_is_there(gallery: Gallery) -> None:
    first = several(gallery, 0, 2)
    group(gallery)
    (person,) = groups_of(gallery)
    more = several(gallery, 0, 2, first=2)
    group(gallery)
    assert groups_of(gallery) == {person: ids(first + more)}


def test_of_two_groups_that_turn_out_to_be_one_the_larger_goes_on(gallery: Gallery) -> None:
    small, large = several(gallery, 0, 2), several(gallery, 0, 3, first=2)
    kept = [ProbablePerson.objects.create(gallery=gallery, encoder_version=gallery.encoder_version) for _ in range(2)]
    Face.objects.filter(pk__in=ids(small)).update(probable_person=kept[0])
    Face.objects.filter(pk__in=ids(large)).update(probable_person=kept[1])
    refused = unknown(gallery, 9)
    kept[0].refused.add(refused)
    group(gallery)
    assert groups_of(gallery) == {kept[1].pk: ids(small + large)}
    assert not ProbablePerson.objects.filter(pk=kept[0].pk).exists()
    assert list(kept[1].refused.all()) == [refused]


def test_what_was_dismissed_stays_so_and_takes_that_persons_new_faces(gallery: Gallery) -> None:
    first = several(gallery, 0, 2)
    group(gallery)
    person = ProbablePerson.objects.get()
    ProbablePerson.objects.update(dismissed_at=person.created_at)
    more = several(gallery, 0, 2, first=2)
    for parameters in ({}, {"anew": True}):
        result = group(gallery, **parameters)
        assert groups_of(gallery) == {person.pk: ids(first + more)}
        assert result["probable_people"] == 0
    person.refresh_from_db()
    assert person.dismissed_at is not None


def test_a_face_that_was_taken_out_does_not_come_back(gallery: Gallery) -> None:
    faces = several(gallery, 0, 4)
    group(gallery)
    person = ProbablePerson.objects.get()
    person.refused.add(faces[3])
    Face.objects.filter(pk=faces[3].pk).update(probable_person=None)
    for parameters in ({}, {"anew": True}, {}):
        group(gallery, **parameters)
        assert groups_of(gallery) == {person.pk: ids(faces[:3])}


def test_a_face_that_is_left_alone_is_in_no_group(gallery: Gallery) -> None:
    faces = several(gallery, 0, 2)
    group(gallery)
    assign_face(face=faces[0], person=factories.person(gallery=gallery))
    group(gallery)
    assert groups_of(gallery) == {}
    assert not ProbablePerson.objects.exists()


def test_grouping_anew_takes_apart_what_does_not_belong_together(gallery: Gallery) -> None:
    ada, grace = several(gallery, 0, 3), several(gallery, 1, 2)
    person = ProbablePerson.objects.create(gallery=gallery, encoder_version=gallery.encoder_version)
    Face.objects.filter(pk__in=ids(ada + grace)).update(probable_person=person)
    group(gallery)
    assert groups_of(gallery) == {person.pk: ids(ada + grace)}
    group(gallery, anew=True)
    found = groups_of(gallery)
    assert found.pop(person.pk) == ids(ada)
    assert list(found.values()) == [ids(grace)]


def test_groups_by_another_encoder_version_are_made_anew(gallery: Gallery) -> None:
    ada, grace = several(gallery, 0, 2), several(gallery, 1, 3)
    person = ProbablePerson.objects.create(gallery=gallery, encoder_version=factories.encoder_version())
    Face.objects.filter(pk__in=ids(ada + grace)).update(probable_person=person)
    group(gallery)
    assert groups_of(gallery)[person.pk] == ids(grace)
    person.refresh_from_db()
    assert person.encoder_version == gallery.encoder_version


def test_a_cancelled_job_leaves_everything_as_it_was(gallery: Gallery) -> None:
    several(gallery, 0, 3)
    job = job_for(gallery)
    cancel_job(job=job)
    with pytest.raises(JobCancelledError):
        group_unknown_faces(job)
    assert groups_of(gallery) == {}


def test_a_job_without_a_gallery_is_refused(gallery: Gallery) -> None:
    job = Job(kind=Job.Kind.GROUPING, title="Grouping")
    with pytest.raises(InvalidRequestError):
        group_unknown_faces(job)


@pytest.mark.parametrize("moment", ["_new", "_move", "forget_empty", "_count"])
def test_whoever_is_killed_while_writing_leaves_no_half_grouping(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    old = several(gallery, 0, 2)
    group(gallery)
    before = groups_of(gallery)
    several(gallery, 0, 2, first=2)
    several(gallery, 1, 3)

    def die(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(f"faces.services.proposals.{moment}", die)
        with pytest.raises(SystemExit):
            group(gallery)
    assert groups_of(gallery) == before
    assert ProbablePerson.objects.count() == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('facet_unknown')")
        assert cursor.fetchone() == (None,)
    group(gallery)
    assert sorted(len(faces) for faces in groups_of(gallery).values()) == [3, 4]
    assert ids(old) < groups_of(gallery)[next(iter(before))]


def meanwhile(monkeypatch: pytest.MonkeyPatch, change: Callable[[], object]) -> None:
    """Let something happen after the faces were compared and before the groups are written."""
    write = proposals.write_groups

    def write_later(**values: Any) -> object:
        change()
        return write(**values)

    monkeypatch.setattr(grouping, "write_groups", write_later)


def test_a_face_that_gets_a_name_meanwhile_keeps_it(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    faces, person = several(gallery, 0, 3), factories.person(gallery=gallery)
    meanwhile(monkeypatch, lambda: assign_face(face=faces[0], person=person))
    group(gallery)
    assert list(groups_of(gallery).values()) == [ids(faces[1:])]
    faces[0].refresh_from_db()
    assert faces[0].person == person


def test_a_group_that_is_dismissed_or_taken_apart_meanwhile_stays_so(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    faces = several(gallery, 0, 4)
    group(gallery)
    person = ProbablePerson.objects.get()

    def take_out() -> None:
        person.refused.add(faces[0])
        Face.objects.filter(pk=faces[0].pk).update(probable_person=None)

    meanwhile(monkeypatch, take_out)
    group(gallery)
    assert groups_of(gallery) == {person.pk: ids(faces[1:])}


def test_a_face_that_is_deleted_meanwhile_is_not_missed(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    faces = several(gallery, 0, 3)
    meanwhile(monkeypatch, lambda: Face.objects.filter(pk=faces[0].pk).delete())
    group(gallery)
    assert list(groups_of(gallery).values()) == [ids(faces[1:])]


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_make_the_same_groups_once() -> None:
    gallery = factories.gallery()
    first, second = several(gallery, 0, 4), several(gallery, 1, 3)
    job = job_for(gallery)
    failures: list[BaseException] = []

    def work() -> None:
        try:
            group_unknown_faces(Job.objects.get(pk=job.pk))
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            failures.append(error)
        finally:
            connection.close()

    threads = [Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(map(sorted, groups_of(gallery).values())) == [sorted(ids(first)), sorted(ids(second))]
    assert ProbablePerson.objects.count() == 2


def test_naming_a_face_ends_the_proposal_that_it_was_in(gallery: Gallery) -> None:
    faces = several(gallery, 0, 3)
    group(gallery)
    person = Person.objects.create(gallery=gallery, name="Ada")
    assign_face(face=faces[0], person=person)
    faces[0].refresh_from_db()
    assert faces[0].probable_person is None
