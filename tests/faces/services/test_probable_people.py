"""Probable people, named, merged, taken apart and dismissed by an admin."""

from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from faces.exceptions import ConflictError, DuplicateExternalIdError, InvalidRequestError
from faces.models import Embedding, Face, Gallery, Job, Person, ProbablePerson, Template
from faces.services.likenesses import counts_of, likenesses, nearest_groups
from faces.services.people import merge_people
from faces.services.probable_people import (
    assign_probable_person,
    dismiss_probable_person,
    merge_probable_people,
    name_probable_person,
    request_grouping,
    restore_probable_person,
    take_out_faces,
)
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def gallery(db: None) -> Gallery:
    return factories.gallery()


def probable(gallery: Gallery, count: int = 3, *, axis: int = 0, **values: Any) -> ProbablePerson:
    """A probable person with faces near an axis, each on a photo of its own."""
    row = factories.probable_person(gallery=gallery)
    for number in range(count):
        vector = factories.at_distance(0.02, of=axis, towards=64 + number)
        factories.face(photo=factories.photo(gallery=gallery), vector=vector, probable_person=row, **values)
    return row


def faces_of(row: ProbablePerson) -> list[int]:
    return list(row.faces.order_by("pk").values_list("pk", flat=True))


def test_a_name_makes_a_person_of_all_faces_whom_searches_find(gallery: Gallery) -> None:
    row = probable(gallery)
    ids = faces_of(row)
    named = name_probable_person(probable=row, name=" Ada Lovelace ", external_id="A-1")
    assert (named.person.name, named.person.external_id, named.faces, named.enrolled) == ("Ada Lovelace", "A-1", 3, 3)
    faces = Face.objects.filter(person=named.person)
    assert list(faces.order_by("pk").values_list("pk", flat=True)) == ids
    assert set(faces.values_list("assigned_by", "is_enrolled")) == {("suggestion", True)}
    assert not faces.filter(probable_person__isnull=False).exists()
    assert set(Embedding.objects.values_list("person", "is_enrolled")) == {(named.person.pk, True)}
    assert Template.objects.get().faces == 3
    assert not ProbablePerson.objects.exists()


def test_faces_of_bad_quality_are_named_but_not_enrolled(gallery: Gallery) -> None:
    row = probable(gallery, 2)
    blurred = replace(factories.GOOD_QUALITY, sharpness=0.1)
    bad = factories.face(photo=factories.photo(gallery=gallery), quality=blurred, probable_person=row)
    named = name_probable_person(probable=row, name="Ada")
    assert (named.faces, named.enrolled) == (3, 2)
    bad.refresh_from_db()
    assert (bad.person, bad.is_enrolled) == (named.person, False)


def test_what_is_not_theirs_is_taken_out_while_naming(gallery: Gallery) -> None:
    row = probable(gallery)
    first, *others = faces_of(row)
    named = name_probable_person(probable=row, name="Ada", without=[first])
    assert set(named.person.faces.values_list("pk", flat=True)) == set(others)
    assert Face.objects.get(pk=first).person is None


def test_naming_takes_as_many_statements_for_twenty_faces_as_for_two(gallery: Gallery) -> None:
    counts = []
    for number, size in enumerate((2, 20)):
        row = probable(gallery, size, axis=number)
        with CaptureQueriesContext(connection) as queries:
            name_probable_person(probable=row, name="Ada")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_name_that_cannot_be_leaves_everything_as_it_was(gallery: Gallery) -> None:
    factories.person(gallery=gallery, external_id="A-1")
    row = probable(gallery)
    ids = faces_of(row)
    for values, error in (
        ({"name": " "}, InvalidRequestError),
        ({"name": "Ada", "external_id": "A-1"}, DuplicateExternalIdError),
        ({"name": "Ada", "without": [999_999]}, InvalidRequestError),
        ({"name": "Ada", "without": ids}, ConflictError),
    ):
        with pytest.raises(error):
            name_probable_person(probable=row, **values)
        assert faces_of(row) == ids
        assert Person.objects.count() == 1


def test_somebody_known_gets_the_faces(gallery: Gallery) -> None:
    person = factories.person(gallery=gallery)
    factories.face(person=person, vector=factories.axis(0))
    photo = factories.photo(gallery=gallery, reason="several_faces_found")
    row = probable(gallery)
    Face.objects.filter(pk=faces_of(row)[0]).update(photo=photo)
    named = assign_probable_person(probable=row, person=person)
    assert (named.faces, person.faces.count(), Template.objects.get(person=person).faces) == (3, 4, 4)
    photo.refresh_from_db()
    assert photo.reason == ""


def test_nobody_of_another_gallery_and_nobody_who_was_merged_gets_them(gallery: Gallery) -> None:
    row = probable(gallery)
    merged = factories.person(gallery=gallery)
    merge_people(source=merged, target=factories.person(gallery=gallery))
    for person in (factories.person(), merged):
        with pytest.raises(ConflictError):
            assign_probable_person(probable=row, person=person)
    assert len(faces_of(row)) == 3


def test_faces_are_taken_out_for_good(gallery: Gallery) -> None:
    row = probable(gallery)
    first, *others = faces_of(row)
    assert take_out_faces(probable=row, faces=[first]) == 2
    assert faces_of(row) == others
    assert list(row.refused.values_list("pk", flat=True)) == [first]
    with pytest.raises(InvalidRequestError, match=f"Face {first} is not one of"):
        take_out_faces(probable=row, faces=[first])
    with pytest.raises(InvalidRequestError):
        take_out_faces(probable=row, faces=[])
    assert take_out_faces(probable=row, faces=others) == 0
    assert not ProbablePerson.objects.exists()


def test_a_face_of_another_probable_person_cannot_be_taken_out(gallery: Gallery) -> None:
    row, other = probable(gallery), probable(gallery, axis=1)
    with pytest.raises(InvalidRequestError):
        take_out_faces(probable=row, faces=faces_of(other)[:1])
    assert len(faces_of(other)) == 3


def test_two_are_merged_with_what_was_taken_out_of_either(gallery: Gallery) -> None:
    source, target = probable(gallery, 4), probable(gallery, 3, axis=1)
    strange, mistaken = faces_of(source)[0], faces_of(source)[1]
    take_out_faces(probable=source, faces=[strange])
    target.refused.add(mistaken)
    dismiss_probable_person(probable=target)
    ids = sorted(faces_of(source) + faces_of(target))
    merged = merge_probable_people(source=source, target=target)
    assert (merged, faces_of(target), target.dismissed_at) == (target, ids, None)
    assert list(target.refused.values_list("pk", flat=True)) == [strange]
    assert list(ProbablePerson.objects.all()) == [target]


def test_only_two_of_one_gallery_are_merged(gallery: Gallery) -> None:
    row = probable(gallery)
    for target in (row, probable(factories.gallery())):
        with pytest.raises(ConflictError):
            merge_probable_people(source=row, target=target)


def test_what_is_dismissed_can_be_restored(gallery: Gallery) -> None:
    row = probable(gallery)
    dismiss_probable_person(probable=row)
    at = ProbablePerson.objects.get().dismissed_at
    assert at is not None
    dismiss_probable_person(probable=row)
    assert ProbablePerson.objects.get().dismissed_at == at
    restore_probable_person(probable=row)
    assert ProbablePerson.objects.get().dismissed_at is None
    assert len(faces_of(row)) == 3


def test_what_is_gone_is_said_to_be_gone(gallery: Gallery) -> None:
    row, other = probable(gallery), probable(gallery, axis=1)
    gone = ProbablePerson.objects.get(pk=row.pk)
    name_probable_person(probable=row, name="Ada")
    for change in (
        lambda: name_probable_person(probable=gone, name="Ada"),
        lambda: assign_probable_person(probable=gone, person=Person.objects.get()),
        lambda: take_out_faces(probable=gone, faces=[1]),
        lambda: merge_probable_people(source=gone, target=other),
        lambda: merge_probable_people(source=other, target=gone),
        lambda: dismiss_probable_person(probable=gone),
        lambda: restore_probable_person(probable=gone),
    ):
        with pytest.raises(ConflictError, match="no longer there"):
            change()


def test_who_is_probably_known_is_said_with_the_distance_of_the_mean(gallery: Gallery) -> None:
    ada = factories.person(gallery=gallery, name="Ada")
    factories.face(person=ada, vector=factories.axis(0))
    stranger = factories.person(name="Somebody of another gallery")
    factories.face(person=stranger, vector=factories.axis(5))
    near, far = probable(gallery, 4), probable(gallery, axis=5)
    found = likenesses(gallery=gallery, probable_people=[near, far])
    assert {number: likeness.person for number, likeness in found.items()} == {near.pk: ada}
    # Four faces, each 0.02 from the axis in a direction of its own: their mean is nearer to it than each of them.
    assert found[near.pk].distance == pytest.approx(0.005, abs=0.0005)
    assert likenesses(gallery=gallery, probable_people=[]) == {}


def test_the_nearest_other_groups_come_first_and_dismissed_ones_never(gallery: Gallery) -> None:
    row = probable(gallery)
    far, near = probable(gallery, axis=5), factories.probable_person(gallery=gallery)
    vector = factories.at_distance(0.3, towards=90)
    factories.face(photo=factories.photo(gallery=gallery), vector=vector, probable_person=near)
    dismissed = probable(gallery)
    dismiss_probable_person(probable=dismissed)
    probable(factories.gallery())
    found = nearest_groups(probable=row, limit=5)
    assert [other for other, _ in found] == [near, far]
    assert found[0][1] == pytest.approx(0.3, abs=0.02)
    assert [other for other, _ in nearest_groups(probable=dismissed, limit=2)] == [row, near]


def test_faces_and_photos_are_counted(gallery: Gallery) -> None:
    row, empty = probable(gallery), factories.probable_person(gallery=gallery)
    factories.face(photo=Face.objects.filter(probable_person=row)[0].photo, probable_person=row)
    counts = counts_of([row, empty])
    assert (counts[row.pk].faces, counts[row.pk].photos) == (4, 3)
    assert empty.pk not in counts


def test_a_grouping_is_asked_for_once(gallery: Gallery) -> None:
    job = request_grouping(gallery=gallery, anew=True)
    assert (job.kind, job.state, job.parameters) == (Job.Kind.GROUPING, Job.State.QUEUED, {"anew": True})
    with pytest.raises(ConflictError, match="under way"):
        request_grouping(gallery=gallery)


def test_what_refers_to_a_face_goes_with_it(gallery: Gallery) -> None:
    row = probable(gallery)
    first = faces_of(row)[0]
    take_out_faces(probable=row, faces=[first])
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM faces_photo WHERE id = (SELECT photo_id FROM faces_face WHERE id = %s)", [first])
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    assert not row.refused.exists()
