"""What a worker does with the photos of one task: cut into portions, read ahead, encoded, stored."""

import threading
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError

from encoder.images import Pixels, decode_image
from faces import encoding, portions, tasks
from faces.models import Embedding, EncoderVersion, Face, Gallery, Person, Photo
from faces.portions import PORTION, Read, read_ahead
from faces.services import enrollment
from faces.services.photos import accept_photo
from faces.services.queueing import recover_photos
from tests import factories
from tests.faces.photographs import astronaut, coffee, grace_hopper, jpeg
from tests.faces.test_gathering import PATIENCE_SECONDS

pytestmark = pytest.mark.django_db


@pytest.fixture
def gallery() -> Gallery:
    return factories.gallery(name="Staff")


def accepted(gallery: Gallery, *files: bytes) -> list[int]:
    return [accept_photo(gallery=gallery, data=data).photo.pk for data in files]


def states() -> list[str]:
    return list(Photo.objects.order_by("pk").values_list("state", flat=True))


def of_sizes(gallery: Gallery, *sizes: tuple[int, int]) -> list[Photo]:
    return [Photo(gallery=gallery, width=width, height=height) for width, height in sizes]


def test_a_batch_is_cut_where_two_portions_would_not_fit_in_memory_together(gallery: Gallery) -> None:
    photos = of_sizes(gallery, (3000, 3000), (1000, 3000), (3000, 3000), (9000, 9000), (10, 10))
    cut = [[photo.width for photo in portion] for portion in portions.portions(photos)]
    assert cut == [[3000, 1000], [3000], [9000], [10]]


def test_a_batch_is_cut_where_the_encoder_has_enough(gallery: Gallery) -> None:
    photos = of_sizes(gallery, *[(10, 10)] * (2 * PORTION + 1))
    assert [len(portion) for portion in portions.portions(photos)] == [PORTION, PORTION, 1]


class Reader:
    """Reads nothing, and says what was begun; `begun[photo]` is set when reading it begins."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, photos: Sequence[Photo]) -> None:
        self.begun = {id(photo): threading.Event() for photo in photos}
        monkeypatch.setattr(portions, "read", self.read)

    def read(self, photo: Photo) -> Read:
        self.begun[id(photo)].set()
        return Read(photo)

    def has_begun(self, photo: Photo) -> bool:
        return self.begun[id(photo)].is_set()


def test_the_next_portion_is_read_while_this_one_is_worked_on(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, three = photos = of_sizes(gallery, (100, 100), (100, 100), (100, 100))
    reader = Reader(monkeypatch, photos)
    ahead = read_ahead([[one], [two], [three]])
    assert [read.photo for read in next(ahead)] == [one]
    assert reader.begun[id(two)].wait(PATIENCE_SECONDS)
    assert not reader.has_begun(three)
    assert [[read.photo for read in portion] for portion in ahead] == [[two], [three]]


def test_a_portion_that_does_not_fit_beside_this_one_is_read_when_this_one_is_gone(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    small, large, last = photos = of_sizes(gallery, (100, 100), (5000, 5000), (100, 100))
    reader = Reader(monkeypatch, photos)
    ahead = read_ahead([[small], [large], [last]])
    first = next(ahead)
    assert not reader.has_begun(large)
    assert [read.photo for read in next(ahead)] == [large]
    assert first == []
    assert not reader.has_begun(last)
    assert [[read.photo for read in portion] for portion in ahead] == [[last]]


def test_portions_of_a_batch_are_all_encoded_and_stored(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portions, "PORTION", 2)
    images = (astronaut(), grace_hopper(), coffee(), astronaut().resize((300, 300)), grace_hopper().resize((300, 360)))
    tasks.encode_photos(accepted(gallery, *map(jpeg, images)))
    assert states() == ["ready", "ready", "rejected", "ready", "ready"]
    assert (Face.objects.count(), Embedding.objects.count()) == (4, 4)


def test_a_photo_that_breaks_the_encoder_fails_alone(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = jpeg(coffee())
    ids = accepted(gallery, jpeg(astronaut()), bad, jpeg(grace_hopper()))
    poison = decode_image(bad).pixels
    real = encoding.encode_images

    def encode_images(images: Sequence[Pixels], version: EncoderVersion) -> Any:
        if any(image.shape == poison.shape and (image == poison).all() for image in images):
            raise RuntimeError("unforeseen")
        return real(images, version)

    monkeypatch.setattr(portions, "encode_images", encode_images)
    tasks.encode_photos(ids)
    assert states() == ["ready", "failed", "ready"]
    assert Photo.objects.get(state="failed").error == "The encoder failed: RuntimeError."


def breaking_store(monkeypatch: pytest.MonkeyPatch, breaks: Callable[[Sequence[int]], None]) -> None:
    """Calls `breaks` with the photos' ids before they are stored."""
    real = enrollment.store_encoded_photos

    def store(**values: Any) -> int:
        breaks([photo.pk for photo, _ in values["results"]])
        return real(**values)

    monkeypatch.setattr(portions, "store_encoded_photos", store)


def test_a_photo_that_cannot_be_stored_fails_alone(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = accepted(gallery, *map(jpeg, (astronaut(), coffee(), grace_hopper())))

    def breaks(photos: Sequence[int]) -> None:
        if ids[1] in photos:
            raise IntegrityError("unforeseen")

    breaking_store(monkeypatch, breaks)
    tasks.encode_photos(ids)
    assert states() == ["ready", "failed", "ready"]
    assert Photo.objects.get(state="failed").error == "It could not be stored: IntegrityError."


def test_photos_under_way_when_the_database_goes_away_are_encoded_later_once(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = accepted(gallery, *map(jpeg, (astronaut(), grace_hopper())))

    def breaks(photos: Sequence[int]) -> None:
        if ids[1] in photos:
            raise OperationalError("the database is shutting down")

    with monkeypatch.context() as patch:
        patch.setattr(portions, "PORTION", 1)
        breaking_store(patch, breaks)
        with pytest.raises(OperationalError):
            tasks.encode_photos(ids)
    assert states() == ["ready", "encoding"]
    Photo.objects.filter(state="encoding").update(leased_until="2020-01-01T00:00Z")
    recover_photos()
    tasks.encode_photos(ids)
    assert states() == ["ready", "ready"]
    assert Face.objects.count() == 2


def test_a_photo_that_another_worker_has_taken_meanwhile_is_left_to_it_and_the_rest_is_stored(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = accepted(gallery, *map(jpeg, (astronaut(), grace_hopper())))

    def take(photos: Sequence[int]) -> None:
        Photo.objects.filter(pk=ids[0]).update(claim=uuid.uuid4())

    breaking_store(monkeypatch, take)
    tasks.encode_photos(ids)
    assert [Photo.objects.get(pk=pk).state for pk in ids] == ["encoding", "ready"]
    assert list(Face.objects.values_list("photo", flat=True)) == [ids[1]]


def test_a_person_who_is_deleted_while_their_photo_is_encoded_gets_no_face(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    person: Person = factories.person(gallery=gallery)
    photo = accept_photo(gallery=gallery, data=jpeg(astronaut()), portrait_of=person).photo

    def delete(photos: Sequence[int]) -> None:
        person.delete()

    breaking_store(monkeypatch, delete)
    tasks.encode_photos([photo.pk])
    face = Face.objects.get()
    assert (face.person, face.assigned_by, face.is_enrolled) == (None, Face.AssignedBy.NOBODY, False)


def test_as_many_statements_store_many_photos_as_few(
    gallery: Gallery, django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = [astronaut().resize((size, size)) for size in range(300, 340, 5)]
    ids = accepted(gallery, *map(jpeg, images))
    with django_assert_max_num_queries(12):  # claim 2, lease 1, transaction 2, lock, outcome, faces, embeddings, ...
        tasks.encode_photos(ids)
    assert states() == ["ready"] * len(ids)
