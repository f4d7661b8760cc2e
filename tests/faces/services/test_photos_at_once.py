"""The same photo from two sides at the same moment."""

import threading
import time

import pytest
from django.db import connection, transaction

from faces.models import Photo, Template
from faces.services.people import Erased, delete_person
from faces.services.photos import Accepted, accept_photo
from tests import factories

PATIENCE_SECONDS = 30.0


def wait_until_somebody_waits_for_a_lock() -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone() != (0,):
                return
            assert time.monotonic() < deadline
            time.sleep(0.01)


@pytest.mark.django_db(transaction=True)
def test_who_comes_second_gets_the_photo_of_who_came_first_and_leaves_no_file() -> None:
    gallery, data = factories.gallery(), factories.picture()
    answers: list[Accepted] = []

    def accept() -> None:
        try:
            answers.append(accept_photo(gallery=gallery, data=data))
        finally:
            connection.close()

    second = threading.Thread(target=accept)
    with transaction.atomic():
        first = accept_photo(gallery=gallery, data=data)
        second.start()
        wait_until_somebody_waits_for_a_lock()
    second.join(PATIENCE_SECONDS)

    assert first.is_new
    assert [(answer.is_new, answer.photo) for answer in answers] == [(False, first.photo)]
    storage = first.photo.file.storage
    files = [name for folder in storage.listdir("photos")[0] for name in storage.listdir(f"photos/{folder}")[1]]
    assert files == [str(Photo.objects.get().file.name).rpartition("/")[2]]


@pytest.mark.django_db(transaction=True)
def test_a_person_is_erased_while_a_worker_stores_another_photo_of_them_and_neither_gives_up() -> None:
    person = factories.person()
    factories.face(person=person, vector=factories.axis(0))
    arriving = factories.photo(gallery=person.gallery, portrait_of=person)
    erased: list[Erased] = []

    def erase() -> None:
        try:
            erased.append(delete_person(person=person))
        finally:
            connection.close()

    second = threading.Thread(target=erase)
    with transaction.atomic():
        Photo.objects.select_for_update().get(pk=arriving.pk)
        second.start()
        wait_until_somebody_waits_for_a_lock()
        factories.face(photo=arriving, person=person, vector=factories.axis(1))
    second.join(PATIENCE_SECONDS)

    assert [(found.photos, found.faces) for found in erased] == [(2, 2)]
    assert not Template.objects.exists()
    assert not Photo.objects.exists()
