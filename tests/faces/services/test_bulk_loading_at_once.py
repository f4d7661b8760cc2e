"""A load of embeddings beside searches, and beside those who change the same faces at the same moment."""

import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
from django.db import connection, transaction

from faces.models import Embedding, Face, Gallery, Person, SearchEvent, Template
from faces.services.bulk_loading import copy_embeddings
from faces.services.enrollment import assign_face
from faces.services.events import Asker, record_recognition
from faces.services.galleries import delete_gallery
from faces.services.people import delete_person, merge_people
from faces.services.photos import delete_photo
from faces.services.recognition import recognize
from tests import factories
from tests.factories import axis

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE_SECONDS = 30.0


@pytest.fixture
def gallery() -> Gallery:
    return factories.gallery()


@pytest.fixture
def ada(gallery: Gallery) -> Person:
    return factories.person(gallery=gallery, name="Ada")


@pytest.fixture
def face(ada: Person) -> Face:
    """Enrolled, without an embedding."""
    return factories.face(person=ada)


def load(*faces: Face, along: int = 1, replace: bool = False, meanwhile: Callable[[], object] | None = None) -> None:
    """Give faces embeddings along one axis; `meanwhile` is called when the first rows are sent."""
    copy_embeddings(
        encoder_version=faces[0].gallery.encoder_version,
        faces=np.array([face.pk for face in faces]),
        vectors=np.stack([axis(along)] * len(faces)),
        replace=replace,
        progress=lambda _: meanwhile() if meanwhile else None,
    )


class Somebody(threading.Thread):
    """Does something on a connection of their own."""

    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__()
        self.work = work
        self.error: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            self.work()
        except Exception as error:  # noqa: BLE001 - handed to the test
            self.error = error
        finally:
            connection.close()

    def wait_for(self) -> None:
        self.join(PATIENCE_SECONDS)
        assert not self.is_alive()
        if self.error is not None:
            raise self.error


def load_while_somebody_waits(*faces: Face, work: Callable[[], object]) -> None:
    """Load; somebody begins `work` in the middle of it, and can go on when it is done. Returns when both are."""
    workers: list[Somebody] = []

    def begin() -> None:
        workers.append(Somebody(work))
        wait_until_somebody_waits()

    load(*faces, meanwhile=begin)
    workers[0].wait_for()


def wait_until_somebody_waits() -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    beside = connection.copy()  # this thread's own one is in the middle of a COPY
    try:
        with beside.cursor() as cursor:
            while True:
                cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
                if cursor.fetchone() != (0,):
                    return
                assert time.monotonic() < deadline
                time.sleep(0.01)
    finally:
        beside.close()


def found(gallery: Gallery, along: int) -> list[float]:
    """The distances of the people that a search for this axis finds; like every search it is recorded."""
    (answer,) = recognize(gallery=gallery, probes=[factories.encoded_face(axis(along))])
    record_recognition(
        asker=Asker(channel=SearchEvent.Channel.API),
        gallery=gallery,
        probe=b"",
        answers=[answer],
        tau=answer.tau,
        limit=5,
        duration_ms=1,
    )
    return [candidate.distance for candidate in answer.candidates]


def test_a_search_during_a_load_answers_from_what_was_there_before(face: Face, gallery: Gallery) -> None:
    load(face, along=1)
    answers: list[list[float]] = []

    def search() -> None:
        somebody = Somebody(lambda: answers.append(found(gallery, 1)))
        somebody.wait_for()

    load(face, along=2, replace=True, meanwhile=search)

    assert answers == [[0]]
    assert found(gallery, 2) == [0]


@pytest.mark.parametrize(
    "delete",
    [
        lambda face: delete_person(person=face.person),
        lambda face: delete_photo(photo=face.photo),
        lambda face: delete_gallery(gallery=face.gallery),
    ],
)
def test_who_is_deleted_during_a_load_is_gone_after_it(face: Face, delete: Callable[[Face], object]) -> None:
    stays = factories.face(person=factories.person())
    load_while_somebody_waits(face, stays, work=lambda: delete(face))

    assert Embedding.objects.get().face_id == stays.pk
    assert Template.objects.get().person_id == stays.person_id
    connection.check_constraints()


def test_a_face_that_is_given_to_another_person_during_a_load_is_found_as_theirs(
    face: Face, ada: Person, gallery: Gallery
) -> None:
    eve = factories.person(gallery=gallery)
    load_while_somebody_waits(face, work=lambda: assign_face(face=face, person=eve))

    assert Embedding.objects.get().person_id == eve.pk
    assert Template.objects.get().person_id == eve.pk


def test_people_who_are_merged_during_a_load_have_one_template_after_it(face: Face, ada: Person) -> None:
    eve = factories.person(gallery=ada.gallery)
    other = factories.face(person=eve, vector=axis(1))
    load_while_somebody_waits(face, work=lambda: merge_people(source=ada, target=eve))

    template = Template.objects.get()
    assert (template.person_id, template.faces) == (eve.pk, 2)
    assert set(Embedding.objects.values_list("face", "person")) == {(face.pk, eve.pk), (other.pk, eve.pk)}


def test_a_face_that_is_enrolled_during_a_load_is_part_of_its_persons_template(face: Face, ada: Person) -> None:
    load_while_somebody_waits(face, work=lambda: factories.face(person=ada, vector=axis(1)))

    assert Template.objects.get().faces == 2


def test_a_load_waits_for_who_changes_faces_already(face: Face, ada: Person, gallery: Gallery) -> None:
    eve = factories.person(gallery=gallery)
    with transaction.atomic():
        assign_face(face=face, person=eve)
        loader = Somebody(lambda: load(face))
        wait_until_somebody_waits()
    loader.wait_for()

    assert Embedding.objects.get().person_id == eve.pk
    assert Template.objects.get().person_id == eve.pk


def test_two_loads_at_once_take_turns(face: Face, ada: Person) -> None:
    other = factories.face(person=ada)
    load_while_somebody_waits(face, work=lambda: load(other))

    assert Template.objects.get().faces == 2
